"""The training loop learns, resumes after an interruption to the same bits, and loses only what fails."""

import dataclasses
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from nasbench.datasets import Images, Part, load_images
from nasbench.errors import FileLocked, InvalidOption, RecordError, TrainingFailed
from nasbench.files import exclusive_lock
from nasbench.networks import build_network
from nasbench.spaces.darts import DARTS
from nasbench.training import Setup, load_recipe, measure_latency, train_network
from nasbench.training.feed import ImageBatch
from nasbench.training.loss import Loss

ARCH = np.array([[3, 1, 0, 2, 4, 3]])
LABEL = "nb201,in_channels=1,channels=4,n_cells=1,stages=2"


@pytest.fixture(scope="module")
def digits():
    return load_images("digits", np.random.default_rng(0))


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def network(seed=1):
    return build_network(LABEL, ARCH, np.random.default_rng(seed))


def trained(data, label="small-4,deterministic=True", seed=2, net=None, **setup):
    recipe = load_recipe(label)
    return train_network(net or network(), data, recipe=recipe, rng=np.random.default_rng(seed), setup=Setup(**setup))


def assert_same(a, b):
    for (name, x), y in zip(a.network.state_dict().items(), b.network.state_dict().values(), strict=True):
        assert torch.equal(x, y), name
    for one, other in zip(a.epochs, b.epochs, strict=True):
        for split, numbers in one.splits.items():
            assert {k: v for k, v in numbers.items() if k != "seconds"} == {
                k: v for k, v in other.splits[split].items() if k != "seconds"
            }


def test_a_small_network_learns_digits(digits):
    result = trained(digits)
    assert [epoch.epoch for epoch in result.epochs] == [1, 2, 3, 4]
    assert result.epochs[-1].splits["valid"]["accuracy"] > 0.85  # chance is 0.1
    assert result.epochs[-1].splits["test"]["accuracy"] > 0.85
    assert result.epochs[-1].splits["train"]["loss"] < result.epochs[0].splits["train"]["loss"]
    assert all(numbers["seconds"] > 0 for numbers in result.epochs[0].splits.values())
    assert result.epochs[0].peak_bytes > 2**20
    assert result.epochs[0].lr > result.epochs[-1].lr


def test_what_is_reported_is_what_the_network_does(digits):
    result = trained(digits)
    images, labels = digits.parts["test"]
    train_images = digits.parts["train"].images
    x = (torch.as_tensor(images).float() - train_images.mean()) / train_images.std()
    with torch.no_grad():
        right = (result.network(x).argmax(dim=1).numpy() == labels).mean()
    assert result.epochs[-1].splits["test"]["accuracy"] == pytest.approx(right, abs=2 / len(labels))


def test_the_same_run_gives_the_same_bits_and_torchs_generator_is_left_alone(digits):
    before = torch.get_rng_state()
    first, same = trained(digits, until=2), trained(digits, until=2)
    assert (torch.get_rng_state() == before).all()
    assert not torch.are_deterministic_algorithms_enabled()
    assert_same(first, same)
    other = trained(digits, until=2, seed=3)
    assert other.epochs[0].splits["train"]["loss"] != first.epochs[0].splits["train"]["loss"]


class Stop(Exception):
    pass


@pytest.mark.parametrize("label", ["small-4,deterministic=True", "small-4,deterministic=True,ema=0.9,optimiser=adamw"])
def test_a_training_that_was_stopped_goes_on_to_the_same_bits(digits, tmp_path, label):
    def stop(epoch):
        if epoch.epoch == 2:
            raise Stop

    with pytest.raises(Stop):
        trained(digits, label, folder=tmp_path, report=stop)
    resumed = trained(digits, label, net=network(seed=9), folder=tmp_path)
    assert_same(resumed, trained(digits, label))
    again = trained(digits, label, folder=tmp_path)  # nothing is left to do
    assert_same(again, resumed)
    assert [e.splits for e in again.epochs] == [e.splits for e in resumed.epochs]  # the seconds, too


def test_a_training_that_was_asked_for_in_parts_is_the_same(digits, tmp_path):
    for until in (1, 3, 0):
        parts = trained(digits, folder=tmp_path, until=until)
    assert_same(parts, trained(digits))


SCRIPT = """
import os, signal, sys, threading, numpy as np, torch
torch.set_num_threads(1)
sys.path.insert(0, {here!r})
from pathlib import Path
from test_trainer import load_images, trained
digits = load_images("digits", np.random.default_rng(0))
killer = threading.Timer(0.03, os.kill, (os.getpid(), signal.SIGKILL))
trained(digits, folder=Path({folder!r}), report=lambda epoch: killer.start())
"""


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_process_killed_in_the_middle_of_an_epoch_loses_that_epoch_only(digits, tmp_path):
    script = SCRIPT.format(here=str(Path(__file__).parent), folder=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", script], check=False)
    assert done.returncode == -signal.SIGKILL
    kept = torch.load(tmp_path / "checkpoint.pt", weights_only=True)["state"]["epochs"]
    assert [epoch["epoch"] for epoch in kept] == [1]
    assert_same(trained(digits, folder=tmp_path), trained(digits))


def test_two_trainings_do_not_share_a_folder(digits, tmp_path):
    with exclusive_lock(tmp_path / "checkpoint.pt"), pytest.raises(FileLocked, match="is writing"):
        trained(digits, folder=tmp_path)


def test_a_checkpoint_of_another_training_is_refused(digits, tmp_path):
    trained(digits, folder=tmp_path, until=1, what="a")
    with pytest.raises(RecordError, match=r"is of another training.*what: 'a' there, 'b' here"):
        trained(digits, folder=tmp_path, what="b")
    with pytest.raises(RecordError, match="recipe: "):
        trained(digits, "small-4,lr=0.2", folder=tmp_path, what="a")
    with pytest.raises(RecordError, match="run: "):
        trained(digits, folder=tmp_path, seed=4, what="a")
    other = build_network(LABEL, np.array([[3, 3, 3, 3, 3, 3]]), np.random.default_rng(1))
    with pytest.raises(RecordError, match="weights: "):
        trained(digits, net=other, folder=tmp_path, what="a")
    path = tmp_path / "checkpoint.pt"
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(RecordError, match=r"checkpoint\.pt cannot be read .*; delete it"):
        trained(digits, folder=tmp_path, what="a")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
def test_a_full_disk_leaves_the_last_checkpoint_whole(digits, tmp_path, monkeypatch):
    trained(digits, folder=tmp_path, until=1)
    real = Path.write_bytes
    monkeypatch.setattr(Path, "write_bytes", lambda self, data: real(Path("/dev/full"), data))
    with pytest.raises(OSError, match="No space left"):
        trained(digits, folder=tmp_path)
    monkeypatch.undo()
    assert [path.name for path in tmp_path.iterdir()] == ["checkpoint.pt"]
    assert_same(trained(digits, folder=tmp_path), trained(digits))


def test_a_training_that_diverges_says_so(digits, tmp_path):
    with pytest.raises(TrainingFailed, match=r"the loss is (nan|inf) in epoch 1 of 4; try a smaller lr"):
        trained(digits, "small-4,lr=1e30", folder=tmp_path)
    assert not (tmp_path / "checkpoint.pt").exists()


class Broken(nn.Module):
    """Learns, and answers nan when it is evaluated."""

    def __init__(self):
        super().__init__()
        self.classifier = nn.Linear(64, 10)

    def forward(self, x):
        return self.classifier(x.flatten(1)) * (1.0 if self.training else torch.nan)


def test_a_network_that_answers_nan_is_never_right(digits):
    """The largest of ten nan is the first: a tenth of the digits would count as right."""
    last = trained(digits, net=Broken()).epochs[-1].splits
    assert np.isnan(last["valid"]["accuracy"])
    assert last["train"]["accuracy"] > 0.5


class Greedy(nn.Module):
    """Runs out of memory for more images than it is told to hold."""

    def __init__(self, most):
        super().__init__()
        self.classifier, self.most = nn.Linear(64, 10), most

    def forward(self, x):
        if self.training and len(x) > self.most:
            raise torch.cuda.OutOfMemoryError("out of memory")
        return self.classifier(x.flatten(1))


def test_a_lack_of_memory_halves_the_batches_and_changes_nothing_else(digits):
    def linear(most):
        torch.manual_seed(1)
        return Greedy(most)

    roomy, tight = (trained(digits, net=linear(most)) for most in (64, 20))
    assert roomy.notes == []
    assert ["in 2 pieces" in note or "in 4 pieces" in note for note in tight.notes] == [True, True]
    for x, y in zip(roomy.network.parameters(), tight.network.parameters(), strict=True):
        torch.testing.assert_close(x, y, rtol=1e-4, atol=1e-5)
    with pytest.raises(TrainingFailed, match="does not hold two images"):
        trained(digits, net=linear(1))


def test_other_errors_are_not_hidden(digits):
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"):
        trained(digits, net=nn.Sequential(nn.Flatten(), nn.Linear(5, 10)))


@pytest.mark.parametrize(
    "options", ["amp=True", "channels_last=True", "label_smoothing=0.1,clip_norm=1.0", "optimiser=rmsprop,lr=0.003"]
)
def test_every_option_still_learns(digits, options):
    result = trained(digits, f"small-4,{options}", evaluate=("valid",))
    assert result.epochs[-1].splits["valid"]["accuracy"] > 0.7
    assert set(result.epochs[0].splits) == {"train", "valid"}


def test_a_student_follows_its_teacher(digits):
    teacher = trained(digits).network
    labels = np.random.default_rng(0).permutation(digits.parts["train"].labels)
    wrong = {**digits.parts, "train": digits.parts["train"]._replace(labels=labels)}
    misled = dataclasses.replace(digits, parts=wrong)
    taught = trained(misled, "small-4,distillation=1.0", teacher=teacher, net=network(seed=5))
    assert taught.epochs[-1].splits["valid"]["accuracy"] > 0.7  # all it knows is from the teacher
    with pytest.raises(InvalidOption, match=r"distillation=0\.5 with no teacher"):
        trained(digits, "small-4,distillation=0.5")


def test_the_loss_is_the_sum_of_its_parts():
    logits, aside = torch.randn(6, 5, dtype=torch.float64), torch.randn(6, 5, dtype=torch.float64)
    labels, others = torch.tensor([0, 1, 2, 3, 4, 0]), torch.tensor([1, 1, 0, 3, 2, 2])
    recipe = load_recipe("small-4,label_smoothing=0.1,auxiliary_weight=0.4,mixup=1.0")
    loss, _ = Loss(recipe, None)((logits, aside), ImageBatch(torch.zeros(6, 1), labels, others, 0.7))

    def against(scores):
        target = 0.9 * (0.7 * nn.functional.one_hot(labels, 5) + 0.3 * nn.functional.one_hot(others, 5)) + 0.1 / 5
        return -(target * scores.log_softmax(dim=1)).sum(dim=1).mean()

    torch.testing.assert_close(loss, against(logits) + 0.4 * against(aside))


def test_a_signal_network_learns_signals(rng):
    data = load_images("mnist1d,n_train=600,n_test=200", rng)
    net = build_network("nb201,axes=1,in_channels=1,channels=8,n_cells=1", ARCH, rng)
    result = trained(data, "small-4,epochs=6", net=net)
    assert result.epochs[-1].splits["test"]["accuracy"] > 0.3  # chance is 0.1


def test_dropped_paths_and_the_second_classifier_train(rng):
    images = rng.integers(256, size=(24, 3, 32, 32), dtype=np.uint8)
    data = Images("noise", ("a", "b"), {"train": Part(images, np.arange(24) % 2)})
    net = build_network("darts,channels=4,n_cells=3,auxiliary=True,n_classes=2", DARTS().sample(1, rng), rng)
    aside = net.auxiliary[-1].weight.detach().clone()
    result = trained(data, "nb301-98,epochs=2,batch_size=12", net=net, evaluate=())
    assert net.drop_path == pytest.approx(0.1)
    assert (net.auxiliary[-1].weight != aside).any()
    assert np.isfinite(result.epochs[-1].splits["train"]["loss"])


def test_latency_is_measured_in_order():
    result = measure_latency(network(), (1, 8, 8), 4, repeats=10)
    assert 0 < result.low_s <= result.median_s <= result.high_s < 10


def test_what_is_not_there_is_refused(digits):
    with pytest.raises(InvalidOption, match="has no split 'holdout'"):
        trained(digits, evaluate=("holdout",))
    with pytest.raises(InvalidOption, match="device='gpu'"):
        trained(digits, device="gpu")
    with pytest.raises(InvalidOption, match="CUDA graphs need a CUDA card"):
        trained(digits, "small-4,cuda_graphs=True")
    if not torch.cuda.is_available():
        with pytest.raises(InvalidOption, match=r"no CUDA here \(.+\); use device='cpu'"):
            trained(digits, device="cuda")
