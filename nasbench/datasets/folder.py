"""A folder of image files by class: ``CLASS/*.jpg``, or ``train/CLASS/*.jpg`` beside ``valid`` and ``test``.

The names ``training``, ``val``, ``validation``, ``dev`` and ``testing`` mean the same, in upper or lower case. Threads
read all images once into one array: uint8, or float32 on the same scale of 0 to 255 if some have 16 bits. An unreadable
file is an error that names it; so is a class without images, or a folder beside ``train`` that may be a split with
another name. The notes of the data set count all other unread files (other endings, images in subfolders of a class):
nothing is left out silently.
"""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from nasbench.datasets._images import NAMES_OF_SPLITS, Images, Part, Pixels
from nasbench.datasets._pixels import read_pixels
from nasbench.errors import InvalidOption, SourceError
from nasbench.file_contents import explain_content
from nasbench.options import Text

REQUIRES = {"PIL": "train"}
_KINDS = "jpg jpeg jpe jfif jp2 png bmp gif tif tiff webp avif tga pbm pgm pnm ppm"
_ENDINGS = frozenset(f".{kind}" for kind in _KINDS.split())
_SPLIT_OF = {name: split for split, names in NAMES_OF_SPLITS.items() for name in names}
_SHOWN = 3
_THREADS = 4


class Folder:
    """A data set of image files in folders.

    Args:
        path: the folder.
        size: side in pixels to which every image is resized; 0 keeps the images, which must then have one size.
        channels: 3 for colour, 1 for grey.
        background: grey level, 0 to 255, behind transparent parts of images; -1 refuses such images.

    Raises:
        InvalidOption: the number of channels, the size or the grey level is not allowed.
    """

    def __init__(self, *, path: Text, size: int = 0, channels: int = 3, background: int = -1) -> None:
        if channels not in (1, 3) or size < 0 or not -1 <= background <= 255:
            raise InvalidOption(
                f"channels={channels}, size={size}, background={background}; expected 1 or 3 channels, 0 or a side in "
                "pixels, and a grey level of 0 to 255 or -1"
            )
        self._path, self._size, self._channels, self._background = Path(path).expanduser(), size, channels, background

    def read(self, rng: np.random.Generator) -> Images:
        """Read all images.

        Raises:
            SourceError: the folder does not exist, a class has no images, splits have different classes, a folder may
                be a split, files cannot be used, or images have several sizes.
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
        """Return the folder of each split, or the data set's folder itself if it holds classes."""
        if not self._path.is_dir():
            raise SourceError(f"{self._path} is not a folder; expected a folder with one subfolder of images per class")
        inside = _list_folders(self._path)
        found: dict[str, Path] = {}
        for at in inside:
            split = _SPLIT_OF.get(at.name.lower())
            if split in found:
                raise SourceError(f"{found[split]} and {at} are both the {split} split; keep only one of them")
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
        """Count files beside the splits, and refuse folders with the same classes: they may be splits."""
        for at in others:
            if shared := {child.name for child in _list_folders(at)} & set(classes):
                raise SourceError(
                    f"{at} has classes of {self._path / 'train'} ({', '.join(sorted(shared)[:_SHOWN])}) but its name "
                    f"is not that of a split; rename it to one of {', '.join(_SPLIT_OF)}, or move it elsewhere"
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
        """Return the pixels [n, channels, height, width] of all files."""
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
        """Return one image, channels first, with notes on unread parts; or a text that says what is wrong with it."""
        try:
            return read_pixels(file, size=self._size, channels=self._channels, background=self._background)
        except Exception as error:  # a damaged file can raise almost any exception
            return f"{file} ({explain_content(file) or f'{type(error).__name__}: {error}'})"


def _list_visible(folder: Path) -> list[Path]:
    return sorted(at for at in folder.iterdir() if not at.name.startswith("."))


def _list_folders(folder: Path) -> list[Path]:
    return [at for at in _list_visible(folder) if at.is_dir()]


def _is_image(file: Path) -> bool:
    return file.suffix.lower() in _ENDINGS


def _count_files(folder: Path, where: str, unread: Counter[str], *, images: bool = True) -> None:
    """Count the files directly in a folder by their ending; ``images`` says whether image files count too."""
    for file in _list_visible(folder):
        if file.is_file() and (images or not _is_image(file)):
            ending = f"ending in '{file.suffix}'" if file.suffix else "without an ending"
            unread[f"{ending} {where}: not read"] += 1


def _list_classes(folder: Path) -> list[str]:
    classes = [at.name for at in _list_folders(folder)]
    if not classes:
        raise SourceError(
            f"{folder} has no folder of images; expected one per class (rename a class that has the name of a split)"
        )
    return classes
