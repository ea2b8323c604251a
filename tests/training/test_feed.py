"""Augmentation against slow and plain code."""

import dataclasses

import numpy as np
import pytest
import torch

from nasbench.datasets import Images, Part
from nasbench.errors import InvalidOption
from nasbench.training import load_recipe
from nasbench.training.feed import Feed, compute_moments, crop_images, cut_squares

CPU = torch.device("cpu")


@pytest.fixture
def data(rng):
    parts = {s: Part(rng.integers(256, size=(n, 3, 8, 8), dtype=np.uint8), np.arange(n) % 4) for s, n in
             (("train", 33), ("valid", 10))}  # fmt: skip
    return Images("random", tuple("abcd"), parts)


def recipe(**changes):
    plain = load_recipe("small-4")
    return dataclasses.replace(plain, **{"batch_size": 16, **changes})


def test_crops_are_windows_of_the_padded_image(rng):
    images = torch.as_tensor(rng.integers(256, size=(5, 3, 6, 7), dtype=np.uint8))
    down, right = torch.tensor([0, 4, 2, 1, 3]), torch.tensor([0, 4, 2, 3, 1])
    result = crop_images(images, 2, down, right)
    padded = np.pad(images.numpy(), ((0, 0), (0, 0), (2, 2), (2, 2)))
    for i in range(5):
        r, c = int(down[i]), int(right[i])
        np.testing.assert_array_equal(result[i], padded[i, :, r : r + 6, c : c + 7])
    np.testing.assert_array_equal(result[2], images[2])


def test_a_cut_square_is_gone_and_nothing_else():
    images = torch.ones(3, 2, 8, 8)
    result = cut_squares(images, 4, torch.tensor([4, 0, 7]), torch.tensor([4, 0, 3]))
    expected = np.ones((3, 8, 8))
    expected[0, 2:6, 2:6] = expected[1, :2, :2] = expected[2, 5:, 1:5] = 0
    np.testing.assert_array_equal(result[:, 1], expected)


def test_batches_hold_every_image_once_with_its_label(data):
    feed = Feed(data, recipe(), CPU)
    batches = list(feed.epoch(np.random.default_rng(1)))
    assert [len(batch.labels) for batch in batches] == [16, 16]  # a batch of one image has no variance
    images, labels = data.parts["train"]
    mean, std = (value.reshape(1, 3, 1, 1) for value in compute_moments(images))
    np.testing.assert_allclose(mean.ravel(), images.mean(axis=(0, 2, 3)))
    np.testing.assert_allclose(std.ravel(), images.std(axis=(0, 2, 3)))
    seen = torch.cat([batch.images for batch in batches]).numpy() * std + mean
    rows = [int(np.abs(images - one).max(axis=(1, 2, 3)).argmin()) for one in seen]
    assert len(set(rows)) == 32
    np.testing.assert_array_equal(labels[rows], torch.cat([batch.labels for batch in batches]))


def test_the_test_images_do_not_change_how_training_images_look(data):
    brighter = {**data.parts, "valid": Part(np.full((10, 3, 8, 8), 255, np.uint8), data.parts["valid"].labels)}
    both = [Feed(d, recipe(), CPU) for d in (data, dataclasses.replace(data, parts=brighter))]
    first, second = (next(iter(feed.epoch(np.random.default_rng(1)))).images for feed in both)
    torch.testing.assert_close(first, second, rtol=0, atol=0)


def test_half_of_the_images_are_mirrored(data):
    plain, mirrored = (Feed(data, recipe(batch_size=32, flip=flip), CPU) for flip in (False, True))
    first = next(iter(plain.epoch(np.random.default_rng(3)))).images
    second = next(iter(mirrored.epoch(np.random.default_rng(3)))).images
    same, flipped = ((first == other).all(dim=(1, 2, 3)) for other in (second, second.flip(-1)))
    assert (same ^ flipped).all()
    assert 8 <= int(same.sum()) <= 24


def test_mixed_images_are_sums_and_name_both_classes(data):
    plain, mixed = (Feed(data, recipe(batch_size=32, mixup=mixup), CPU) for mixup in (0.0, 1.0))
    first = next(iter(plain.epoch(np.random.default_rng(3))))
    second = next(iter(mixed.epoch(np.random.default_rng(3))))
    assert 0 < second.share < 1
    torch.testing.assert_close(first.labels, second.labels)
    rest = (second.images - second.share * first.images) / (1 - second.share)
    partner = [int((first.images - one).abs().amax(dim=(1, 2, 3)).argmin()) for one in rest]
    assert sorted(partner) == list(range(32))
    torch.testing.assert_close(first.labels[partner], second.others)


def test_signals_are_not_cropped(rng):
    signals = Images("s", ("a", "b"), {"train": Part(np.ones((4, 1, 9), np.float32), np.array([0, 1, 0, 1]))})
    with pytest.raises(InvalidOption, match="s holds signals"):
        Feed(signals, recipe(flip=True), CPU)
    feed = Feed(signals, recipe(), CPU)
    assert next(iter(feed.epoch(rng))).images.shape == (4, 1, 9)  # constant channels stay finite
    assert torch.isfinite(next(iter(feed.epoch(rng))).images).all()


def test_arrays_that_cannot_be_written_to_are_copied(data):
    """Read straight from a file they are such; torch would warn, which is an error here."""
    for part in data.parts.values():
        part.images.flags.writeable = part.labels.flags.writeable = False
    feed = Feed(data, recipe(), CPU)
    assert [len(labels) for _, labels in feed.plain("valid", 4)] == [4, 4, 2]
