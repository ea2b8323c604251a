"""Arrays as people save them: types, scales, names and labels are understood, named or refused."""

import h5py
import numpy as np
import pytest

from nasbench.datasets import load_images
from nasbench.errors import SourceError

N = 40
LABELS = np.arange(N) % 4


def saved(tmp_path, **arrays):
    np.savez(tmp_path / "data.npz", **arrays)
    return load_images(f"arrays,path={tmp_path / 'data.npz'}", np.random.default_rng(0))


@pytest.fixture
def images(rng):
    return rng.integers(256, size=(N, 6, 5, 3), dtype=np.uint8)


def test_types_with_a_range_are_scaled_to_it(tmp_path, images):
    deep = images.astype(np.uint16) * 257
    data = saved(tmp_path, x_train=images, y_train=LABELS, x_test=deep, y_test=LABELS)
    assert {part.images.dtype for part in data.parts.values()} == {np.dtype(np.float32)}
    np.testing.assert_allclose(data.parts["test"].images, images.transpose(0, 3, 1, 2), atol=1e-4)
    data = saved(tmp_path, x_train=images > 99, y_train=LABELS, x_test=images, y_test=LABELS)
    assert np.unique(data.parts["train"].images).tolist() == [0, 255]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (lambda x: x, lambda x: (x / 255).astype(np.float32)),
        (lambda x: x.astype(np.float32), lambda x: (x / 255).astype(np.float32)),
        (lambda x: x / 255, lambda x: x / 1.0),
        (lambda x: x / 255, lambda x: (x - 127.5) / 73.9),
        (lambda x: x, lambda x: (x > 99).astype(np.uint8)),
    ],
)
@pytest.mark.parametrize("split", ["val", "test"])
def test_splits_on_different_scales_are_refused(tmp_path, images, one, other, split):
    arrays = {"x_train": one(images), "y_train": LABELS, f"x_{split}": other(images), f"y_{split}": LABELS}
    with pytest.raises(SourceError, match=r"scale both in the same way|one scale"):
        saved(tmp_path, **arrays)


def test_samples_of_one_distribution_are_never_apart(tmp_path, rng):
    signals = rng.standard_t(2, size=(N, 1, 40)).astype(np.float32)  # heavy tails
    data = saved(tmp_path, x_train=signals, y_train=LABELS, x_test=signals[:4] / 3, y_test=LABELS[:4])
    assert len(data.parts["test"].labels) == 4


@pytest.mark.parametrize("kind", [np.int32, np.int64, np.uint32, np.complex64])
def test_types_without_a_range_are_refused(tmp_path, images, kind):
    with pytest.raises(SourceError, match=r"x_train is .*; expected uint8 or float32"):
        saved(tmp_path, x_train=images.astype(kind) * 7, y_train=LABELS)


@pytest.mark.parametrize(
    "labels",
    [
        LABELS.astype(np.float64),
        np.eye(4, dtype=np.float32)[LABELS],
        np.eye(4, dtype=np.uint8)[LABELS],
        LABELS.astype(np.uint8)[:, None],
    ],
)
def test_labels_are_read_in_every_plain_form(tmp_path, images, labels):
    data = saved(tmp_path, x_train=images, y_train=labels, x_test=images, y_test=labels)
    assert data.classes == ("0", "1", "2", "3")
    assert data.parts["test"].labels.tolist() == LABELS.tolist()


@pytest.mark.parametrize("kind", ["npz", "bytes", "h5"])
def test_text_names_the_same_classes_in_every_split(tmp_path, images, kind):
    """Numbered split by split, 'cat' would be 1 in training and 0 in the test."""
    names = np.array(["ant", "cat", "dog", "bee"])[LABELS]
    some = np.isin(names, ["cat", "dog"])
    arrays = {"x_train": images, "y_train": names, "x_test": images[some], "y_test": names[some]}
    if kind == "h5":
        with h5py.File(tmp_path / "data.h5", "w") as file:
            for name, array in arrays.items():
                file[name] = array.astype(object) if array.dtype.kind == "U" else array
        data = load_images(f"arrays,path={tmp_path / 'data.h5'}", np.random.default_rng(0))
    else:
        text = "S" if kind == "bytes" else "U"
        data = saved(tmp_path, **{n: a.astype(text) if a.dtype.kind == "U" else a for n, a in arrays.items()})
    assert data.classes == ("ant", "bee", "cat", "dog")
    assert [data.classes[i] for i in data.parts["test"].labels] == names[some].tolist()


@pytest.mark.parametrize(
    ("labels", "why"),
    [
        (LABELS - 1, "labels -1 to 2; expected 0 to"),
        (LABELS + 1, "no training image: '0'; do the labels count from 1"),
        (LABELS * 2, "no training image: '1', '3', '5'"),
        (np.eye(4)[LABELS] * 0.5, r"numbers per image; expected one integer, a one-hot row"),
        (LABELS + 0.5, "expected one integer"),
        (np.zeros(N, int), "has only one class, '0'"),
    ],
)
def test_labels_that_name_no_class_are_refused(tmp_path, images, labels, why):
    with pytest.raises(SourceError, match=why):
        saved(tmp_path, x_train=images, y_train=labels)


def test_text_beside_numbers_is_refused(tmp_path, images):
    with pytest.raises(SourceError, match="y_train holds text, y_test holds numbers"):
        saved(tmp_path, x_train=images, y_train=LABELS.astype(str), x_test=images, y_test=LABELS)


def test_every_array_is_read_or_named(tmp_path, images):
    both = {"X_train": images, "y_train": LABELS}
    data = saved(tmp_path, **both, x_validation=images[:4], y_validation=LABELS[:4], ids=LABELS, extra=images)
    assert len(data.parts["valid"].labels) == 4
    assert data.notes[0] == "2 array(s) not read: extra, ids"
    with pytest.raises(SourceError, match="holds x_test without y_test"):
        saved(tmp_path, **both, x_test=images)
    with pytest.raises(SourceError, match="holds the valid images twice: val_images and x_valid"):
        saved(tmp_path, **both, x_valid=images, y_valid=LABELS, val_images=images, val_labels=LABELS)
