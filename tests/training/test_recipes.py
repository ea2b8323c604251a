"""Recipes agree with their papers, and malformed recipes are refused."""

import math

import pytest
import torch

from nasbench.errors import InvalidOption, UnknownName
from nasbench.training import list_recipes, load_recipe


def test_nb201_is_the_published_schedule():
    """NAS-Bench-201, table 1: SGD with Nesterov momentum 0.9, weight decay 5e-4, 0.1 to 0 by a cosine, batch 256."""
    for name, epochs in (("nb201-200", 200), ("nb201-12", 12)):
        recipe = load_recipe(name)
        assert (recipe.epochs, recipe.batch_size, recipe.lr, recipe.momentum) == (epochs, 256, 0.1, 0.9)
        assert (recipe.nesterov, recipe.weight_decay, recipe.flip, recipe.crop_padding) == (True, 5e-4, True, 4)
        assert recipe.rate(0, 0) == 0.1
        assert recipe.rate(epochs // 2, 0) == pytest.approx(0.05)
        assert recipe.rate(epochs - 1, 0.999) < 1e-3


def test_nb301_follows_the_scheduler_of_its_authors():
    """Their train.py: CosineAnnealingLR over 100 epochs to 1e-8 from 0.025, of which 98 are trained; batches of 96."""
    recipe = load_recipe("nb301-98")
    optimiser = torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.025)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, T_max=100, eta_min=1e-8)
    rates = []
    for _ in range(recipe.epochs):
        rates.append(schedule.get_last_lr()[0])
        optimiser.step()
        schedule.step()
    assert [recipe.rate(epoch, 0.5) for epoch in range(recipe.epochs)] == pytest.approx(rates, rel=1e-6)
    assert (recipe.batch_size, recipe.momentum, recipe.weight_decay, recipe.mixup) == (96, 0.9, 3e-4, 0.2)
    assert (recipe.cutout, recipe.drop_path, recipe.nesterov) == (16, 0.2, False)
    assert recipe.auxiliary_weight > 0


def test_every_recipe_can_be_read_and_ends_slower_than_it_starts():
    assert {"nb201-200", "nb201-12", "nb101-108", "nb301-98", "darts-600"} <= set(list_recipes())
    for name in list_recipes():
        recipe = load_recipe(name)
        assert recipe.rate(recipe.epochs - 1, 0.5) < recipe.rate(0, 0)


def test_a_rate_by_epoch_stays_within_it_and_a_warm_up_rises():
    recipe = load_recipe("darts-600")
    assert recipe.rate(300, 0.0) == recipe.rate(300, 0.9) == pytest.approx(0.0125)
    warm = load_recipe("nb201-12,warmup_epochs=2")
    assert [warm.rate(0, 0), warm.rate(1, 0), warm.rate(2, 0)] == pytest.approx([0, 0.05, 0.1])
    constant = load_recipe("nb201-12,cosine_steps=never")
    assert constant.rate(11, 0.9) == 0.1


def test_a_changed_recipe_is_another_one(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        'title = "mine"\nsource = "me"\nversion = 1\nepochs = 1\nbatch_size = 8\noptimiser = "adamw"\nlr = 1'
    )
    assert load_recipe(str(path)).optimiser == "adamw"
    digests = {load_recipe(label).digest() for label in ("nb201-12", "nb201-12,lr=0.2", str(path), "nb201-200")}
    assert len(digests) == 4


@pytest.mark.parametrize(
    ("label", "error", "why"),
    [
        ("nb201-20", UnknownName, "did you mean 'nb201-200'"),
        ("nb201-12,learning_rate=1", UnknownName, "unknown key 'learning_rate'"),
        ("nb201-12,epochs=0", InvalidOption, "epochs=0 .* expected 1"),
        ("nb201-12,epochs=1.5", InvalidOption, r"epochs = 1\.5 has the wrong type; expected a whole number"),
        ("nb201-12,flip=1", InvalidOption, "flip = 1 has the wrong type; expected true or false"),
        ("nb201-12,optimiser=adam", UnknownName, "unknown optimiser"),
        ("nb201-12,label_smoothing=1", InvalidOption, "label_smoothing=1"),
    ],
)
def test_what_is_no_recipe_is_refused(label, error, why):
    with pytest.raises(error, match=why):
        load_recipe(label)


def test_a_file_that_is_no_recipe_is_refused(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text("epochs = ")
    with pytest.raises(InvalidOption, match=r"mine\.toml is not TOML: Invalid value"):
        load_recipe(str(path))
    path.write_text('title = "mine"')
    with pytest.raises(InvalidOption, match=r"recipe .*, line 1: lacks batch_size, epochs"):
        load_recipe(str(path))
    assert math.isfinite(load_recipe("small-4").lr)
