"""Every format gives back what was put into its files, and says what is wrong with broken ones."""

import pickle

import h5py
import numpy as np
import pytest
from PIL import Image

from nasbench.datasets import Images, Part, load_images
from nasbench.datasets import mnist1d as signals
from nasbench.errors import InvalidOption, SourceError, UnknownName
from nasbench.registry import DATASETS

N_CIFAR = 20  # images in each batch that a test writes; the official ones hold 10,000


def test_digits_are_scikit_learns(rng):
    from sklearn.datasets import load_digits

    official = load_digits()
    images = DATASETS.load("digits")().read(rng).parts["train"]
    assert images.images.shape == (1797, 1, 8, 8)
    np.testing.assert_array_equal(np.rint(images.images[:, 0] / (255 / 16)), official.images)
    np.testing.assert_array_equal(images.labels, official.target)


def test_missing_splits_are_cut_out_in_proportion_and_nothing_is_in_two(rng):
    whole = DATASETS.load("digits")().read(rng).parts["train"]
    data = load_images("digits", rng, valid_share=0.25, test_share=0.2)
    sizes = {split: len(part.labels) for split, part in data.parts.items()}
    assert sum(sizes.values()) == 1797
    assert abs(sizes["test"] - 0.2 * 1797) < 5
    assert abs(sizes["valid"] - 0.2 * 1797) < 10
    for part in data.parts.values():
        share = np.bincount(part.labels) / len(part.labels)
        np.testing.assert_allclose(share, np.bincount(whole.labels) / 1797, atol=0.01)
    together = np.concatenate([part.images for part in data.parts.values()]).reshape(1797, -1)
    order, expected = (np.lexsort(rows.T) for rows in (together, whole.images.reshape(1797, -1)))
    np.testing.assert_array_equal(together[order], whole.images.reshape(1797, -1)[expected])


def test_the_same_generator_gives_the_same_data():
    first, same, other = (load_images("mnist1d", np.random.default_rng(seed)).digest() for seed in (1, 1, 2))
    assert first == same != other


def test_a_signal_without_noise_is_its_template(rng):
    """Padded to 72 points, neither scaled nor moved, it is read at 40 places from the first point to the last."""
    data = DATASETS.load("mnist1d")(scale=0, translation=1, correlated_noise=0, iid_noise=0, shear=0, n_train=2000)
    images, labels = data.read(rng).parts["train"]
    longest = np.stack(
        [np.interp(np.linspace(0, 71, 40), np.arange(72), np.pad(t, (0, 60))) for t in signals.make_templates()]
    )
    # 1 in 25 signals is padded by the most and so is not stretched
    exact = np.abs(images[:, 0] - longest[labels]).max(axis=1) < 1e-6
    assert 0.015 < exact.mean() < 0.08
    assert (np.abs(images).max(axis=(1, 2)) <= np.abs(signals.make_templates()).max() + 1e-6).all()


def test_signals_are_as_noisy_as_asked(rng):
    quiet, loud = (DATASETS.load("mnist1d")(iid_noise=s).read(rng).parts["train"].images for s in (0.0, 0.5))
    rough = [np.diff(x, n=2, axis=2).std() for x in (quiet, loud)]
    assert rough[1] > 3 * rough[0]
    with pytest.raises(InvalidOption, match="n_train=5"):
        DATASETS.load("mnist1d")(n_train=5)


def test_signals_are_as_long_and_as_many_as_asked():
    """Validation signals of their own are drawn last, so that the others stay what they were."""
    label = "mnist1d,n_train=60,n_test=20,length=24"
    own, cut = (load_images(text, np.random.default_rng(0)) for text in (f"{label},n_valid=30", label))
    assert {split: part.images.shape for split, part in own.parts.items()} == {
        "train": (60, 1, 24),
        "test": (20, 1, 24),
        "valid": (30, 1, 24),
    }
    assert (own.parts["test"].images == cut.parts["test"].images).all()
    with pytest.raises(InvalidOption, match="length=1"):
        DATASETS.load("mnist1d")(length=1)


@pytest.fixture
def folder(tmp_path, rng):
    """Three classes of PNG files, so that pixels come back exactly, in two splits."""
    kept = {}
    for split, n in (("train", 6), ("test", 2)):
        for name in ("ant", "bee", "cat"):
            (tmp_path / split / name).mkdir(parents=True)
            for i in range(n):
                pixels = rng.integers(256, size=(5, 7, 3), dtype=np.uint8)
                Image.fromarray(pixels).save(tmp_path / split / name / f"{i}.png")
                kept[split, name, i] = pixels
    return tmp_path, kept


def test_a_folder_gives_its_pixels_and_classes(folder, rng):
    path, kept = folder
    data = load_images(f"folder,path={path}", rng, valid_share=0.2)
    assert data.classes == ("ant", "bee", "cat")
    assert data.shape == (3, 5, 7)
    assert {split: len(part.labels) for split, part in data.parts.items()} == {"train": 15, "valid": 3, "test": 6}
    np.testing.assert_array_equal(data.parts["test"].images[3], kept["test", "bee", 1].transpose(2, 0, 1))
    small = load_images(f"folder,path={path},size=4,channels=1", rng)
    assert small.shape == (1, 4, 4)


def test_one_broken_image_among_many_is_named(folder, rng):
    path, _ = folder
    whole = (path / "train/bee/3.png").read_bytes()
    (path / "train/bee/3.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match=r"1 of 18 images cannot be used: .*bee/3\.png"):
        load_images(f"folder,path={path}", rng)


def test_a_folder_that_is_not_complete_is_refused(folder, rng, tmp_path):
    path, _ = folder
    with pytest.raises(SourceError, match="is not a folder"):
        load_images(f"folder,path={path / 'none'}", rng)
    Image.new("RGB", (9, 9)).save(path / "train/cat/9.png")
    with pytest.raises(SourceError, match=r"cat/9\.png is \(9, 9\) pixels.*set size="):
        load_images(f"folder,path={path}", rng)
    (path / "train/dog").mkdir()
    with pytest.raises(SourceError, match=r"other classes than .*: dog"):
        load_images(f"folder,path={path}", rng)
    (path / "test/dog").mkdir()
    with pytest.raises(SourceError, match="class 'dog' has no image"):
        load_images(f"folder,path={path}", rng)


def records(rng, n_labels, n_classes):
    """Bytes as the binary version has them; every class occurs."""
    labels = rng.integers(n_classes, size=(N_CIFAR, n_labels), dtype=np.uint8)
    labels[:, -1] = np.arange(N_CIFAR) % n_classes
    return np.concatenate([labels, rng.integers(256, size=(N_CIFAR, 3072), dtype=np.uint8)], axis=1)


def write_binary(path, rng):
    whole = {f"data_batch_{i}": records(rng, 1, 10) for i in range(1, 6)} | {"test_batch": records(rng, 1, 10)}
    for name, rows in whole.items():
        (path / f"{name}.bin").write_bytes(rows.tobytes())
    (path / "batches.meta.txt").write_text("\n".join(f"name{i}" for i in range(10)) + "\n\n")
    return whole


def test_cifar10_binary(tmp_path, rng):
    whole = write_binary(tmp_path, rng)
    data = load_images(f"cifar,path={tmp_path}", rng)
    assert data.name == "cifar10"
    assert data.classes[3] == "name3"
    test = data.parts["test"]
    np.testing.assert_array_equal(test.labels, whole["test_batch"][:, 0])
    np.testing.assert_array_equal(test.images[7, 1, 2], whole["test_batch"][7, 1 + 1024 + 64 : 1 + 1024 + 96])
    assert len(data.parts["train"].labels) + len(data.parts["valid"].labels) == 5 * N_CIFAR


def test_a_truncated_batch_is_named(tmp_path, rng):
    write_binary(tmp_path, rng)
    path = tmp_path / "data_batch_4.bin"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(
        SourceError, match=r"data_batch_4\.bin has 61,360 bytes, which is not a multiple of the record length 3073"
    ):
        load_images(f"cifar,path={tmp_path}", rng)
    path.unlink()
    with pytest.raises(SourceError, match=r"data_batch_4\.bin cannot be read"):
        load_images(f"cifar,path={tmp_path}", rng)


def test_a_label_without_a_name_is_refused(tmp_path, rng):
    write_binary(tmp_path, rng)
    path = tmp_path / "test_batch.bin"
    path.write_bytes(b"\x0b" + path.read_bytes()[1:])
    with pytest.raises(SourceError, match="test has labels 0 to 11; expected 0 to 9"):
        load_images(f"cifar,path={tmp_path}", rng)


def old_pickle(value):
    """As Python 2 wrote it: protocol 2, text as bytes, through latin-1."""
    return pickle.dumps(value, protocol=2)


def test_cifar100_python(tmp_path, rng):
    rows = {name: records(rng, 2, 20) for name in ("train", "test")}
    for name, whole in rows.items():
        batch = {
            b"data": whole[:, 2:].copy(),
            b"fine_labels": whole[:, 1].tolist(),
            b"coarse_labels": whole[:, 0].tolist(),
        }
        (tmp_path / name).write_bytes(old_pickle(batch))
    (tmp_path / "meta").write_bytes(old_pickle({b"fine_label_names": [f"n{i}".encode() for i in range(20)]}))
    images = DATASETS.load("cifar")(path=str(tmp_path)).read(rng)
    assert (images.name, images.classes[19]) == ("cifar100", "n19")
    np.testing.assert_array_equal(images.parts["test"].images.reshape(N_CIFAR, -1), rows["test"][:, 2:])
    np.testing.assert_array_equal(images.parts["train"].labels, rows["train"][:, 1])


class Evil:
    def __reduce__(self):
        return print, ("gotcha",)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (pickle.dumps({"data": Evil()}), "its pickle contains 'builtins.print'"),
        (pickle.dumps({"data": np.array([Evil()], dtype=object)}), "numpy type 'O8'"),
        (pickle.dumps({"data": np.zeros((4, 3072), dtype=np.uint8), "labels": [0] * 4})[:-500], "truncated"),
        (pickle.dumps({"data": np.zeros((4, 30), dtype=np.uint8), "labels": [0] * 4}), r"data is uint8 \(4, 30\)"),
        (pickle.dumps({"data": np.zeros((4, 3072), dtype=np.uint8), "labels": [0] * 3}), "3 labels for 4 images"),
        (pickle.dumps({"data": np.zeros((4, 3072), dtype=np.uint8)}), "has no 'labels'"),
        (pickle.dumps([1]), "holds list"),
    ],
)
def test_a_pickle_of_anything_else_is_refused_unexecuted(tmp_path, rng, capsys, content, why):
    (tmp_path / "data_batch_1").write_bytes(content)
    with pytest.raises(SourceError, match=why):
        load_images(f"cifar,path={tmp_path}", rng)
    assert capsys.readouterr().out == ""


def test_imagenet16_keeps_the_first_classes(tmp_path, rng):
    for name in [f"train_data_batch_{i}" for i in range(1, 11)] + ["val_data"]:
        batch = {
            "data": rng.integers(256, size=(8, 768), dtype=np.uint8),
            "labels": [1, 2, 3, 4, 1, 2, 3, 1000],
            "mean": rng.random(768),
        }
        (tmp_path / name).write_bytes(pickle.dumps(batch, protocol=4))
    data = load_images(f"imagenet16,path={tmp_path},n_classes=3", rng)
    assert data.shape == (3, 16, 16)
    assert data.parts["test"].labels.tolist() == [0, 1, 2, 0, 1, 2]
    assert len(data.parts["train"].labels) + len(data.parts["valid"].labels) == 60
    with pytest.raises(InvalidOption, match="n_classes=1; expected 2 to 1000"):
        load_images(f"imagenet16,path={tmp_path},n_classes=1", rng)


@pytest.mark.parametrize("kind", ["npz", "h5"])
def test_arrays_come_back_channels_first(tmp_path, rng, kind):
    images, labels = rng.integers(256, size=(20, 6, 5, 3), dtype=np.uint8), np.arange(20)[:, None] % 4
    arrays = {"x_train": images, "y_train": labels, "x_test": images[:4], "y_test": labels[:4]}
    path = tmp_path / f"data.{kind}"
    if kind == "npz":
        np.savez_compressed(path, **arrays)
    else:
        with h5py.File(path, "w") as file:
            for name, array in arrays.items():
                file[name] = array
    data = load_images(f"arrays,path={path}", rng)
    np.testing.assert_array_equal(data.parts["test"].images, images[:4].transpose(0, 3, 1, 2))
    assert data.parts["test"].labels.tolist() == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("arrays", "why"),
    [
        ({"x_train": np.zeros((4, 3, 5, 3), np.uint8), "y_train": np.arange(4)}, "which axis holds the channels"),
        ({"x_train": np.zeros((4, 5, 5, 3), np.int32), "y_train": np.arange(4)}, "expected uint8 or float32"),
        ({"x_train": np.full((4, 5, 5, 3), np.nan), "y_train": np.arange(4)}, "holds nan or infinity"),
        ({"x_train": np.zeros((4, 5, 5, 3), np.uint8), "y_train": np.arange(4) + 0.5}, "one integer"),
        ({"x_train": np.zeros((4, 5, 5, 3), np.uint8), "y_train": np.array([0, 1, 3, 3])}, "no training image: '2'"),
        ({"train": np.zeros(3)}, "expected train_images and train_labels"),
        ({"x_train": np.array([Evil()], dtype=object), "y_train": np.arange(1)}, "Object arrays cannot be loaded"),
    ],
)
def test_other_arrays_are_refused(tmp_path, rng, arrays, why):
    np.savez(tmp_path / "data.npz", **arrays)
    with pytest.raises(SourceError, match=why):
        load_images(f"arrays,path={tmp_path / 'data.npz'}", rng)


def test_a_truncated_archive_is_named(tmp_path, rng):
    np.savez(tmp_path / "data.npz", x_train=np.zeros((40, 5, 5, 3), np.uint8), y_train=np.arange(40) % 2)
    whole = (tmp_path / "data.npz").read_bytes()
    (tmp_path / "data.npz").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(SourceError, match=r"data\.npz cannot be read"):
        load_images(f"arrays,path={tmp_path / 'data.npz'}", rng)


def test_what_cannot_be_asked_is_refused(rng):
    with pytest.raises(UnknownName, match="did you mean 'digits'"):
        load_images("digit", rng)
    with pytest.raises(InvalidOption, match=r"share of test images is 1\.5"):
        load_images("digits", rng, test_share=1.5)
    few = Part(np.zeros((2, 1, 4, 4), np.uint8), np.array([0, 1]))
    with pytest.raises(SourceError, match="too few to give 1 to valid"):
        Images("few", ("a", "b"), {"train": few}).split_off("valid", 0.5, rng)


def test_folds_hold_each_image_once_and_each_class_in_proportion(rng):
    data = load_images("digits", np.random.default_rng(0))
    folds = [data.fold(number, 5, np.random.default_rng(3)) for number in range(1, 6)]
    pooled = np.concatenate([data.parts[split].images for split in ("train", "valid")])
    held = np.concatenate([fold.parts["valid"].images for fold in folds])
    for images in (held, np.concatenate([folds[2].parts[split].images for split in ("train", "valid")])):
        assert sorted(map(bytes, images)) == sorted(map(bytes, pooled))
    sizes = np.array([np.bincount(fold.parts["valid"].labels, minlength=10) for fold in folds])
    assert np.ptp(sizes, axis=0).max() <= 1
    assert all(fold.parts["test"] is data.parts["test"] for fold in folds)


@pytest.mark.parametrize(("number", "of"), [(0, 5), (6, 5), (1, 1), (1, 2000)])
def test_folds_that_cannot_be_are_refused(number, of):
    data = load_images("digits", np.random.default_rng(0))
    with pytest.raises((InvalidOption, SourceError), match=r"expected at least 2 folds|too few for 2000 folds"):
        data.fold(number, of, np.random.default_rng(0))
