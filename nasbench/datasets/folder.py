"""A folder of image files by class: ``CLASS/*.jpg``, or ``train/CLASS/*.jpg`` beside ``test``, ``valid``.

``val`` is read as ``valid``. Images are read once, by threads, into one uint8 array. A file that cannot be
read is an error that names it, as is a class without images: nothing is left out silently.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from nasbench.arrays import Bits
from nasbench.datasets._images import Images, Part
from nasbench.errors import InvalidOption, SourceError
from nasbench.options import Text

REQUIRES = {"PIL": "train"}
_ENDINGS = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif", ".tif", ".tiff", ".webp", ".ppm", ".pgm"})
_SPLITS = {"train": "train", "valid": "valid", "val": "valid", "test": "test"}
_SHOWN = 3
_THREADS = 4
_MODES = {1: "L", 3: "RGB"}


class Folder:
    """Reads image files.

    Args:
        path: the folder.
        size: pixels on a side that every image is resized to; 0 keeps them, and then they must be of one size.
        channels: 3 for colour, 1 for grey.

    Raises:
        InvalidOption: another number of channels, or a negative size.
    """

    def __init__(self, *, path: Text, size: int = 0, channels: int = 3) -> None:
        if channels not in _MODES or size < 0:
            raise InvalidOption(
                f"channels={channels}, size={size}; expected 1 or 3 channels, and 0 or a side in pixels"
            )
        self._path, self._size, self._mode = Path(path).expanduser(), size, _MODES[channels]

    def read(self, rng: np.random.Generator) -> Images:
        """Read every image.

        Raises:
            SourceError: no such folder, a class without images, broken files, or images of several sizes.
        """
        del rng
        folders = self._splits()
        classes = _classes(folders["train"])
        for folder in folders.values():
            if (found := _classes(folder)) != classes:
                odd = sorted(set(found) ^ set(classes))[:_SHOWN]
                raise SourceError(f"{folder} has other classes than {folders['train']}: {', '.join(odd)}")
        return Images(
            f"folder {self._path}", tuple(classes), {split: self._part(at, classes) for split, at in folders.items()}
        )

    def _splits(self) -> dict[str, Path]:
        if not self._path.is_dir():
            raise SourceError(f"{self._path} is no folder; expected one of images by class")
        found = {_SPLITS[at.name]: at for at in sorted(self._path.iterdir()) if at.is_dir() and at.name in _SPLITS}
        return found if "train" in found else {"train": self._path}

    def _part(self, folder: Path, classes: Sequence[str]) -> Part:
        files, labels = [], []
        for number, name in enumerate(classes):
            own = sorted(file for file in (folder / name).iterdir() if file.suffix.lower() in _ENDINGS)
            if not own:
                raise SourceError(
                    f"class '{name}' has no image in {folder / name}; expected files ending in .jpg, .png ..."
                )
            files += own
            labels += [number] * len(own)
        return Part(self._pixels(files), np.array(labels, dtype=np.int64))

    def _pixels(self, files: Sequence[Path]) -> Bits:
        """[n, channels, height, width] of all files."""
        first = next((image for file in files if isinstance(image := self._image(file), np.ndarray)), None)
        if first is None:
            raise SourceError(f"none of {len(files)} images can be read: {self._image(files[0])}")
        pixels, wrong = np.empty((len(files), *first.shape), dtype=np.uint8), []
        with ThreadPoolExecutor(_THREADS) as pool:
            for row, (file, image) in enumerate(zip(files, pool.map(self._image, files), strict=True)):
                if isinstance(image, str):
                    wrong.append(image)
                elif image.shape != first.shape:
                    wrong.append(f"{file} is {image.shape[1:]} pixels, {files[0]} {first.shape[1:]}; set size=")
                else:
                    pixels[row] = image
        if wrong:
            raise SourceError(f"{len(wrong)} of {len(files)} images cannot be used: {'; '.join(wrong[:_SHOWN])}")
        return pixels

    def _image(self, file: Path) -> Bits | str:
        """Return one image, channels first, or what is wrong with it."""
        from PIL import Image

        try:
            with Image.open(file) as opened:
                image = opened.convert(self._mode)
                if self._size:
                    image = image.resize((self._size, self._size), Image.Resampling.BILINEAR)
                pixels = np.asarray(image, dtype=np.uint8)
        except Exception as error:  # a damaged file can raise nearly anything
            return f"{file} ({type(error).__name__}: {error})"
        return np.atleast_3d(pixels).transpose(2, 0, 1)


def _classes(folder: Path) -> list[str]:
    classes = sorted(at.name for at in folder.iterdir() if at.is_dir() and not at.name.startswith("."))
    if not classes:
        raise SourceError(f"{folder} has no folder of images; expected one for each class")
    return classes
