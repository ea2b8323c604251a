"""Locate the results of both NATS-Bench spaces: four layouts, each with one dictionary per architecture.

- ``*-simple`` and ``*-full`` folders of NATS-Bench: ``000000.pickle.pbz2``, by recipe (``12``, ``200``).
- ``NAS-Bench-201-*-archive`` folders: ``000000-FULL.pth`` (with trained weights) or ``000000-SIMPLE.pth``; the recipes
  are called ``less`` (12 epochs) and ``full`` (200), as ``api_201.py`` of D-X-Y/NAS-Bench-201 2.1 says.
- ``NAS-Bench-201-v1_0-e61699.pth`` and ``-v1_1-096897.pth``: all architectures in one torch archive of 2.2 and 4.7 GB,
  as ``arch2infos``, by number. Read one entry at a time.
"""

import bz2
import re
from pathlib import Path
from typing import Any, NamedTuple

from nasbench.errors import SourceError
from nasbench.file_contents import explain_content
from nasbench.importers._pickle_entries import PickleEntry, index_entries, read_entry
from nasbench.importers._torch_archive import Where, load_torch, locate_pickle, open_source
from nasbench.importers._unpickle import load_plain

_NAME = re.compile(r"[0-9]+(?:\.pickle\.pbz2|-(?:SIMPLE|FULL)\.pth)")
_RECIPES = {"less": 12, "full": 200}


class InArchive(NamedTuple):
    """The results of one architecture inside a torch archive of all architectures.

    Attributes:
        path: the archive.
        where: the position of the archive's pickle.
        entry: the position of the architecture's bytes.
        shared: objects of other entries that this entry refers to, by memo number.
    """

    path: Path
    where: Where
    entry: PickleEntry
    shared: dict[int, Any]

    def identity(self) -> tuple[str, int, int]:
        """Return values that differ between this entry and the same entry of a changed archive."""
        return self.path.name, self.where.end, self.entry.start


Item = Path | InArchive


def find_items(source: Path, where: str) -> list[Item]:
    """Return the location of each architecture's results, ordered by number.

    Args:
        source: a folder, or a torch archive.
        where: where to get the files; ends each error message.

    Raises:
        SourceError: the source is neither of them, or a folder without such files.
    """
    if source.is_file() and source.suffix == ".pth":
        return list(_list_archive(source))
    if not source.is_dir():
        raise SourceError(f"{source} is neither a folder nor a .pth file; {where}")
    found: dict[int, Path] = {}
    # Files without weights hold the same results and are smaller. They come later in this order, so they are taken.
    for path in sorted(source.iterdir(), key=lambda path: (not path.name.endswith("-FULL.pth"), path.name)):
        if _NAME.fullmatch(path.name):
            found[_number(path.name)] = path
    if not found:
        raise SourceError(f"{source} holds no files like 000000.pickle.pbz2 or 000000-SIMPLE.pth; {where}")
    return [found[number] for number in sorted(found)]


def _list_archive(path: Path) -> list[InArchive]:
    with open_source(path) as file:
        where = locate_pickle(file, path)
        index = index_entries(file, where, "arch2infos", path)
    entries = sorted(index.entries)
    return [InArchive(path, where, entry, {n: index.shared[n] for n in entry.needs}) for entry in entries]


def read_item(item: Item) -> tuple[str, dict[int, dict[str, Any]]]:
    """Return the string of an architecture, and its results by the number of epochs of the recipe.

    Raises:
        SourceError: the item is damaged, holds another architecture than its number says, or has another format.
    """
    loaded, name = _load(item), name_item(item)
    try:
        states = {_RECIPES.get(recipe) or int(recipe): state for recipe, state in loaded.items()}
        texts = {str(state["arch_str"]) for state in states.values()}
        if len(texts) != 1 or any(int(state["arch_index"]) != read_official_number(item) for state in states.values()):
            raise SourceError(f"{name} holds architectures {sorted(texts)}, expected the one of its number")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, SourceError):
            raise
        raise SourceError(f"{name} is not a file of a NATS-Bench '-simple' or '-full' folder: {error!r}") from error
    return texts.pop(), states


def _number(name: str) -> int:
    return int(re.split("[.-]", name)[0])


def _load(item: Item) -> Any:
    if isinstance(item, InArchive):
        with open_source(item.path) as file:
            return read_entry(file, item.where, item.entry, item.shared, item.path)
    if item.suffix == ".pth":
        return load_torch(item)
    try:
        data = bz2.decompress(item.read_bytes())
    except (OSError, ValueError) as error:
        why = explain_content(item, "bzip2") or f"is truncated or not compressed with bzip2: {error}"
        raise SourceError(f"{item} {why}") from error
    return load_plain(data, str(item), drop_tensors=True)


def name_item(item: Item) -> str:
    """Return the name of an architecture's results for error messages."""
    return f"{item.path}, entry {item.entry.key}" if isinstance(item, InArchive) else str(item)


def read_official_number(item: Item) -> int:
    """Return the number of an architecture in the benchmark."""
    return item.entry.key if isinstance(item, InArchive) else _number(item.name)


def describe_origin(item: Item) -> tuple[str, str]:
    """Return the citation and the source of an item."""
    if isinstance(item, Path) and item.suffix != ".pth":
        nats = "Dong, Liu, Musial & Gabrys, NATS-Bench, TPAMI 2021, arXiv 2009.00437"
        return nats, f"NATS-Bench release, folder {item.parent.name}"
    source = f"file {item.path.name}" if isinstance(item, InArchive) else f"folder {item.parent.name}"
    return "Dong & Yang, NAS-Bench-201, ICLR 2020, arXiv 2001.00326", f"NAS-Bench-201 release, {source}"
