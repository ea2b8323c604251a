"""A folder of image files by class: ``CLASS/*.jpg``, or ``train/CLASS/*.jpg`` beside ``valid`` and ``test``.

``training``, ``val``, ``validation``, ``dev`` and ``testing`` are read as these, in upper or lower case. Images are
read once, by threads, into one array: uint8, or float32 on the same scale of 0 to 255 where some have 16 bits. A file
that cannot be read is an error that names it, as is a class without images or a folder beside ``train`` that may be a
split under another name. What else is not read (other endings, images in a class's own subfolders) is counted in the
notes of the data: nothing is left out silently.
"""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from nasbench.datasets._images import NAMES_OF_SPLITS, Images, Part, Pixels
from nasbench.datasets._pixels import read_pixels
from nasbench.errors import InvalidOption, SourceError
from nasbench.options import Text

REQUIRES = {"PIL": "train"}
_KINDS = "jpg jpeg jpe jfif jp2 png bmp gif tif tiff webp avif tga pbm pgm pnm ppm"
_ENDINGS = frozenset(f".{kind}" for kind in _KINDS.split())
_SPLIT_OF = {name: split for split, names in NAMES_OF_SPLITS.items() for name in names}
_SHOWN = 3
_THREADS = 4


class Folder:
    """Reads image files.

    Args:
        path: the folder.
        size: pixels on a side that every image is resized to; 0 keeps them, and then they must be of one size.
        channels: 3 for colour, 1 for grey.
        background: grey level, 0 to 255, behind images that are transparent in places; -1 refuses these.

    Raises:
        InvalidOption: another number of channels, a negative size, or no such grey level.
    """

    def __init__(self, *, path: Text, size: int = 0, channels: int = 3, background: int = -1) -> None:
        if channels not in (1, 3) or size < 0 or not -1 <= background <= 255:
            raise InvalidOption(
                f"channels={channels}, size={size}, background={background}; expected 1 or 3 channels, 0 or a side in "
                "pixels, and a grey level of 0 to 255 or -1"
            )
        self._path, self._size, self._channels, self._background = Path(path).expanduser(), size, channels, background

    def read(self, rng: np.random.Generator) -> Images:
        """Read every image.

        Raises:
            SourceError: no such folder, a class without images, splits of other classes, a folder that may be a split,
                files that cannot be used, or images of several sizes.
        """
        del rng
        unread: Counter[str] = Counter()
        folders = self._find_splits(unread)
        classes = _list_classes(folders["train"])
        for folder in folders.values():
            if (found := _list_classes(folder)) != classes:
                odd = sorted(set(found) ^ set(classes))[:_SHOWN]
                raise SourceError(f"{folder} has other classes than {folders['train']}: {', '.join(odd)}")
        parts = {split: self._read_part(at, classes, unread) for split, at in folders.items()}
        if len({part.images.dtype for part in parts.values()}) > 1:
            parts = {split: part._replace(images=part.images.astype(np.float32)) for split, part in parts.items()}
        notes = tuple(f"{n} file(s) {what}" for what, n in sorted(unread.items()) if n)
        return Images(f"folder {self._path}", tuple(classes), parts, notes)

    def _find_splits(self, unread: Counter[str]) -> dict[str, Path]:
        """Return the folder of each split; the folder itself where it holds classes."""
        if not self._path.is_dir():
            raise SourceError(f"{self._path} is not a folder; expected one of images by class")
        inside = _list_folders(self._path)
        found: dict[str, Path] = {}
        for at in inside:
            split = _SPLIT_OF.get(at.name.lower())
            if split in found:
                raise SourceError(f"{found[split]} and {at} are both the {split} split; keep one of them there")
            if split is not None:
                found[split] = at
        if "train" in found:
            self._check_others([at for at in inside if at not in found.values()], _list_classes(found["train"]), unread)
            return found
        if found and len(found) == len(inside):
            names = ", ".join(at.name for at in found.values())
            raise SourceError(f"{self._path} holds {names}, but no 'train'; expected it beside them")
        return {"train": self._path}

    def _check_others(self, others: Sequence[Path], classes: Sequence[str], unread: Counter[str]) -> None:
        """Count what lies beside the splits, and refuse what has their classes: it may be one of them."""
        for at in others:
            if shared := {child.name for child in _list_folders(at)} & set(classes):
                raise SourceError(
                    f"{at} has classes of {self._path / 'train'} ({', '.join(sorted(shared)[:_SHOWN])}) but its name "
                    f"is not a split's; rename it to one of {', '.join(_SPLIT_OF)}, or move it elsewhere"
                )
            unread[f"in the folder '{at.name}' beside the splits: not read"] += sum(
                file.is_file() for file in at.rglob("*")
            )
        _count_files(self._path, "beside the splits", unread)

    def _read_part(self, folder: Path, classes: Sequence[str], unread: Counter[str]) -> Part:
        files, labels = [], []
        _count_files(folder, "beside the folders of classes", unread)
        for number, name in enumerate(classes):
            own = [file for file in _list_visible(folder / name) if file.is_file() and _is_image(file)]
            nested = [file for at in _list_folders(folder / name) for file in at.rglob("*") if _is_image(file)]
            if not own:
                deeper = f" ({len(nested)} lie in its subfolders: move them up)" if nested else ""
                raise SourceError(
                    f"class '{name}' has no image in {folder / name}{deeper}; expected files ending in .jpg, .png ..."
                )
            unread["in subfolders of classes: images not read"] += len(nested)
            _count_files(folder / name, "in folders of classes", unread, images=False)
            files += own
            labels += [number] * len(own)
        return Part(self._read_pixels(files, unread), np.array(labels, dtype=np.int64))

    def _read_pixels(self, files: Sequence[Path], unread: Counter[str]) -> Pixels:
        """[n, channels, height, width] of all files."""
        first = next((image for file in files if not isinstance(image := self._read_image(file), str)), None)
        if first is None:
            raise SourceError(f"none of {len(files)} images can be used: {self._read_image(files[0])}")
        shape = first[0].shape
        pixels, wrong = np.empty((len(files), *shape), dtype=np.uint8), []
        with ThreadPoolExecutor(_THREADS) as pool:
            for row, (file, read) in enumerate(zip(files, pool.map(self._read_image, files), strict=True)):
                if isinstance(read, str):
                    wrong.append(read)
                    continue
                levels, notes = read
                unread.update(notes)
                if levels.shape != shape:
                    wrong.append(f"{file} is {levels.shape[1:]} pixels, {files[0]} {shape[1:]}; set size=")
                    continue
                pixels = pixels if levels.dtype == np.uint8 else pixels.astype(np.float32, copy=False)
                pixels[row] = levels
        if wrong:
            raise SourceError(f"{len(wrong)} of {len(files)} images cannot be used: {'; '.join(wrong[:_SHOWN])}")
        return pixels

    def _read_image(self, file: Path) -> tuple[Pixels, list[str]] | str:
        """Return one image, channels first, with what of it was not read; or what is wrong with it."""
        try:
            return read_pixels(file, size=self._size, channels=self._channels, background=self._background)
        except Exception as error:  # a damaged file can raise nearly anything
            return f"{file} ({type(error).__name__}: {error})"


def _list_visible(folder: Path) -> list[Path]:
    return sorted(at for at in folder.iterdir() if not at.name.startswith("."))


def _list_folders(folder: Path) -> list[Path]:
    return [at for at in _list_visible(folder) if at.is_dir()]


def _is_image(file: Path) -> bool:
    return file.suffix.lower() in _ENDINGS


def _count_files(folder: Path, where: str, unread: Counter[str], *, images: bool = True) -> None:
    """Count the files right in a folder, by their ending; those that are images too, or not."""
    for file in _list_visible(folder):
        if file.is_file() and (images or not _is_image(file)):
            ending = f"ending in '{file.suffix}'" if file.suffix else "without an ending"
            unread[f"{ending} {where}: not read"] += 1


def _list_classes(folder: Path) -> list[str]:
    classes = [at.name for at in _list_folders(folder)]
    if not classes:
        raise SourceError(
            f"{folder} has no folder of images; expected one for each class (rename one that is called like a split)"
        )
    return classes
