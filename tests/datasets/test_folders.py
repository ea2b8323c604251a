"""Image files of every kind keep their levels, and what a folder holds beside them is named, counted or refused."""

import numpy as np
import pytest
from PIL import Image

from nasbench.datasets import load_images
from nasbench.errors import InvalidOption, SourceError

RAMP = np.arange(64).reshape(8, 8)


def write(path, image, **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    image.save(path, **options)


def two_classes(path, image, n=6, ending="png", **options):
    for name in ("ant", "bee"):
        for i in range(n):
            write(path / name / f"{i}.{ending}", image, **options)
    return path


def read(path, options=""):
    return load_images(f"folder,path={path}{options}", np.random.default_rng(0))


def first(path, options=",channels=1"):
    return read(path, options).parts["train"].images[0]


@pytest.mark.parametrize("ending", ["png", "tif", "pgm"])
def test_sixteen_bits_keep_every_level_on_the_scale_of_eight(tmp_path, ending):
    levels = (RAMP * 1000).astype(np.uint16)
    pixels = first(two_classes(tmp_path, Image.fromarray(levels), ending=ending))
    np.testing.assert_allclose(pixels[0], RAMP * 1000 / 257, rtol=1e-6)  # 65535 / 255 = 257


def test_sixteen_and_eight_bits_are_read_on_one_scale(tmp_path):
    two_classes(tmp_path / "train", Image.fromarray((RAMP * 4).astype(np.uint8)))
    two_classes(tmp_path / "test", Image.fromarray((RAMP * 4 * 257).astype(np.uint16)))
    data = read(tmp_path)
    for part in data.parts.values():
        assert part.images.dtype == np.float32
        np.testing.assert_allclose(part.images[0, 1], RAMP * 4, atol=1e-4)


@pytest.mark.parametrize("kind", ["float32", "int32"])
def test_pixels_without_a_range_are_refused(tmp_path, kind):
    two_classes(tmp_path, Image.fromarray((RAMP / 64).astype(kind)), ending="tif")
    with pytest.raises(SourceError, match=r"32-bit .* black and white are not defined"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("mode", "ending"), [("1", "png"), ("L", "png"), ("LA", "png"), ("P", "png"), ("RGBA", "png"), ("CMYK", "tif")]
)
def test_black_and_white_are_what_they_are_in_every_mode(tmp_path, mode, ending):
    """One-bit, palette, opaque alpha and inverted colours: half black, half white."""
    halves = Image.fromarray(np.repeat(np.array([0, 255], np.uint8), 32).reshape(8, 8))
    image = halves.convert("RGB").convert(mode) if mode in ("CMYK", "P") else halves.convert(mode)
    pixels = first(two_classes(tmp_path, image, ending=ending), "")
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, np.broadcast_to(np.asarray(halves), (3, 8, 8)))


def test_what_shines_through_needs_a_background(tmp_path):
    """A black shape on nothing, as icons are: black throughout if transparency is dropped."""
    rgba = np.zeros((8, 8, 4), np.uint8)
    rgba[2:5, 2:5, 3] = 255
    two_classes(tmp_path, Image.fromarray(rgba))
    with pytest.raises(SourceError, match="transparent parts; set the grey level"):
        read(tmp_path)
    pixels = first(tmp_path, ",channels=1,background=255")[0]
    np.testing.assert_array_equal(pixels, 255 - rgba[..., 3])
    with pytest.raises(InvalidOption, match="background=256"):
        read(tmp_path, ",background=256")


def test_a_photograph_stands_as_its_orientation_says(tmp_path):
    wide = Image.fromarray((RAMP * 4).astype(np.uint8)[:4])
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise
    pixels = first(two_classes(tmp_path, wide, exif=exif))
    np.testing.assert_array_equal(pixels[0], np.rot90(np.asarray(wide), k=-1))


@pytest.mark.parametrize(("valid", "test"), [("validation", "testing"), ("Val", "TEST"), ("dev", "Testing")])
def test_splits_go_by_all_their_names(tmp_path, valid, test):
    for number, name in enumerate(("Training", valid, test)):
        two_classes(tmp_path / name, Image.new("L", (4, 4), number), n=4 - number)
    data = read(tmp_path)
    assert {split: len(part.labels) for split, part in data.parts.items()} == {"train": 8, "valid": 6, "test": 4}
    assert [int(data.parts[split].images.max()) for split in ("train", "valid", "test")] == [0, 1, 2]
    assert data.notes == ()


def test_what_may_be_a_split_is_refused(tmp_path):
    grey = Image.new("L", (4, 4))
    two_classes(tmp_path / "train", grey)
    two_classes(tmp_path / "holdout", grey)
    with pytest.raises(
        SourceError, match=r"holdout has classes of .*train \(ant, bee\) but its name is not that of a split"
    ):
        read(tmp_path)
    (tmp_path / "holdout").rename(tmp_path / "val")
    two_classes(tmp_path / "validation", grey)
    with pytest.raises(SourceError, match=r"val and .*validation are both the valid split"):
        read(tmp_path)
    (tmp_path / "train").rename(tmp_path / "validation" / "moved")
    (tmp_path / "validation").rename(tmp_path / "test")
    with pytest.raises(SourceError, match="holds test, val, but no 'train'"):
        read(tmp_path)


def test_what_is_not_read_is_counted_by_name(tmp_path):
    grey = Image.new("L", (4, 4))
    two_classes(tmp_path / "train", grey)
    write(tmp_path / "train/ant/more/0.png", grey)
    write(tmp_path / "train/ant/more/deep/1.png", grey)
    for name in ("train/ant/a.heic", "train/bee/b.heic", "train/bee/labels", "train/c.txt", "masks/m.png", ".hidden"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    two_classes(tmp_path / "test", grey, ending="gif", save_all=True, append_images=[Image.new("L", (4, 4), 9)])
    assert sorted(read(tmp_path).notes) == [
        "1 file(s) ending in '.txt' beside the folders of classes: not read",
        "1 file(s) in the folder 'masks' beside the splits: not read",
        "1 file(s) without an ending in folders of classes: not read",
        "12 file(s) with several frames: only the first one is read",
        "2 file(s) ending in '.heic' in folders of classes: not read",
        "2 file(s) in subfolders of classes: images not read",
        "no valid images of its own: some were cut out of train",
    ]


def test_a_class_whose_images_lie_deeper_is_refused(tmp_path):
    two_classes(tmp_path, Image.new("L", (4, 4)))
    (tmp_path / "bee").rename(tmp_path / "images")
    (tmp_path / "bee").mkdir()
    (tmp_path / "images").rename(tmp_path / "bee" / "images")
    with pytest.raises(SourceError, match=r"class 'bee' has no image .* \(6 lie in its subfolders: move them up\)"):
        read(tmp_path)


def test_one_class_teaches_nothing(tmp_path):
    write(tmp_path / "ant" / "0.png", Image.new("L", (4, 4)))
    with pytest.raises(SourceError, match="has only one class, 'ant'"):
        read(tmp_path)
