"""Join tables: the parts of a large import, or a colleague's extra measurements. Nothing is overwritten."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from nasbench.arrays import Archs, Ints, make_row_index
from nasbench.errors import TableError
from nasbench.files import replace_atomically
from nasbench.table.column import Column
from nasbench.table.reader import Table
from nasbench.table.schema import (
    ArrayDigest,
    are_same_options,
    digest_array,
    digest_content,
    get_missing_value,
    list_root_attributes,
    show_options,
)
from nasbench.table.writer import create_column

_BLOCK_BYTES = 1 << 24  # bytes of one column held in memory at a time
_OF_ONE_SOURCE = ("sha256", "seeds", "epochs", "sources")  # attributes that may differ between sources


class Contradiction(TableError):
    """Two sources hold different values of the same measurement."""

    def __init__(self, message: str, place: str) -> None:
        super().__init__(message)
        self.place = place


@dataclass
class _Brought:
    """The values that one source added to one column: counts, and the labels of its seeds."""

    values: int = 0
    rows: int = 0
    seeds: set[int] = field(default_factory=set)

    def __str__(self) -> str:
        seeds = sorted(self.seeds)
        labels = ", ".join(map(str, seeds[:8])) + (f" ... ({len(seeds)} in all)" if len(seeds) > 8 else "")
        of = f", seeds {labels}" if seeds else ""
        return f"{self.values} values of {self.rows} architectures{of}"


def merge_tables(tables: Sequence[Table], path: Path, **header: str) -> str:
    """Join tables of one space into ``path`` and return the content checksum.

    Rows are the union of the architectures, in order of first appearance. The seeds and epochs of a
    column are the unions over its sources. Memory holds all architectures, and one block of a column at a time.

    Args:
        tables: one or more tables; the result has the first one's texts unless ``header`` replaces them.
        path: file to write; it may be one of the sources.
        header: ``name``, ``title``, ``citation``, ``licence``, ``source`` or ``notes`` of the result.

    Raises:
        TableError: spaces, units or kinds of values differ, or two sources contradict each other.
        OSError: the file cannot be written; an existing one is untouched.
    """
    return merge_credited(tables, path, None, header)


def merge_credited(tables: Sequence[Table], path: Path, credits: Sequence[str] | None, header: dict[str, str]) -> str:
    """Join tables as ``merge_tables`` does, and record the sources of every column that later tables added to.

    Args:
        tables: as in ``merge_tables``.
        path: as in ``merge_tables``.
        credits: the description of each table in the attribute ``sources``; None records nothing new.
        header: as in ``merge_tables``.
    """
    first = tables[0]
    for table in tables:
        refuse_other_space(first, table)
    archs = _unite_architectures(tables)
    finder = make_row_index(archs, first.cardinality)
    places = [finder.find(table.architectures) for table in tables]
    root = list_root_attributes(first, **header)
    attributes = {"architectures": {"cardinality": first.cardinality.tolist(), "sha256": digest_array(archs)}}
    with replace_atomically(path) as temporary, h5py.File(temporary, "w", libver=("earliest", "v110")) as file:
        create_column(file, "architectures", archs.shape, archs.dtype)[...] = archs
        for place in sorted({place for table in tables for place in table.columns if place != "architectures"}):
            holders = [i for i, table in enumerate(tables) if place in table.columns]
            sources = [(tables[i].columns[place], places[i]) for i in holders]
            attributes[place], brought = _merge_column(file, place, sources, len(archs))
            if texts := _write_sources(holders, [column for column, _ in sources], brought, credits):
                attributes[place]["sources"] = texts
        for place, values in attributes.items():
            file[place].attrs.update(values)
        root["content_sha256"] = digest_content(root, attributes)
        file.attrs.update(root)
    return str(root["content_sha256"])


def refuse_other_space(table: Table, other: Table) -> None:
    """Raise an error if the codes of two tables belong to different spaces, or may have different meanings.

    Raises:
        TableError: the tables do not match; the message names the difference.
    """
    if other.space != table.space:
        raise TableError(f"{other.path} has space '{other.space}', {table.path} has '{table.space}'")
    if not are_same_options(table.space_options, other.space_options):
        raise TableError(
            f"{other.path} and {table.path} have space '{table.space}' with different options, so codes would be "
            f"misread: {_show_difference(other.space_options, table.space_options)}; import one of them again with "
            "the declaration of the other"
        )
    if other.cardinality.tolist() != table.cardinality.tolist():
        raise TableError(
            f"{other.path} has {other.cardinality.tolist()} choices of its decisions, {table.path} has "
            f"{table.cardinality.tolist()}"
        )


def _show_difference(ours: Any, theirs: Any) -> str:
    """Show the first decision, or other key, in which the options differ, with both values."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        if list(ours) == list(theirs):
            for key in ours:
                if not are_same_options(ours[key], theirs[key]):
                    return f"{key}: {_show_difference(ours[key], theirs[key])}"
        if ours and theirs:
            return f"{', '.join(ours)} and {', '.join(theirs)}"
    return f"{show_options(ours)} and {show_options(theirs)}"


def _unite_architectures(tables: Sequence[Table]) -> Archs:
    rows = np.concatenate([table.architectures for table in tables])
    _, first = np.unique(rows, axis=0, return_index=True)
    return rows[np.sort(first)]


def _write_sources(
    holders: list[int], columns: list[Column], brought: list[_Brought], credits: Sequence[str] | None
) -> list[str]:
    """Return the texts of a column's attribute ``sources``; empty if all values come from the first table."""
    known: list[list[str]] = [column.attributes.get("sources", []) for column in columns]
    if credits is None or all(not new.values for i, new in zip(holders, brought, strict=True) if i):
        return list(dict.fromkeys(text for texts in known for text in texts))
    listed: list[str] = []
    for i, texts, new in zip(holders, known, brought, strict=True):
        if i == 0 and texts:
            listed += texts
        elif new.values:
            within = f" [itself made of: {' | '.join(texts)}]" if texts else ""
            listed.append(f"{credits[i]}: {new}{within}")
    return listed


def _share_attributes(place: str, columns: list[Column]) -> dict[str, Any]:
    """Return the attributes that all sources of a column must share.

    Raises:
        TableError: the attributes or the kinds of values differ.
    """
    seen = [
        {key: value for key, value in column.attributes.items() if key not in _OF_ONE_SOURCE}
        | {"type": str(column.dtype), "axes": len(column.shape) if "seeds" in column.attributes else column.shape[1:]}
        for column in columns
    ]
    for other in seen[1:]:
        differing = [key for key in sorted(seen[0] | other) if seen[0].get(key) != other.get(key)]
        if differing:
            shown = "; ".join(f"{key} {seen[0].get(key)} and {other.get(key)}" for key in differing)
            raise TableError(
                f"{place}: the sources differ in unit, direction or kind of values ({shown}); "
                "make them equal, or rename the other column"
            )
    return {key: value for key, value in seen[0].items() if key not in ("type", "axes")}


def _merge_column(
    file: h5py.File, place: str, sources: list[tuple[Column, Ints]], n: int
) -> tuple[dict[str, Any], list[_Brought]]:
    """Write one column block by block; return its attributes and the contribution of each source."""
    shared = _share_attributes(place, [column for column, _ in sources])
    brought = [_Brought() for _ in sources]
    axes = {
        axis: sorted({label for column, _ in sources for label in column.attributes[axis]})
        for axis in ("seeds", "epochs")
        if axis in sources[0][0].attributes
    }
    inner = tuple(len(labels) for labels in axes.values()) or sources[0][0].shape[1:]
    dtype = sources[0][0].dtype
    written = create_column(file, place, (n, *inner), dtype)
    digest = ArrayDigest(dtype, (n, *inner))
    step = max(written.chunks[0], _BLOCK_BYTES // max(1, int(np.prod(inner)) * dtype.itemsize))
    for start in range(0, n, step):
        block = np.full((min(step, n - start), *inner), get_missing_value(dtype), dtype)
        for (column, at), new in zip(sources, brought, strict=True):
            _fill(block, start, column, at, axes, place, new)
        written[start : start + len(block)] = block
        digest.update(block)
    return shared | axes | {"sha256": digest.hexdigest()}, brought


def _fill(
    block: npt.NDArray[Any],
    start: int,
    column: Column,
    at: Ints,
    axes: dict[str, list[int]],
    place: str,
    brought: _Brought,
) -> None:
    """Add a source's measurements to a block of rows; refuse values that contradict existing ones."""
    own = np.flatnonzero((at >= start) & (at < start + len(block)))
    if not len(own):
        return
    values = column.gather(own, None, None)
    labels = [[all_labels.index(label) for label in column.attributes[axis]] for axis, all_labels in axes.items()]
    inner = labels or [list(range(size)) for size in block.shape[1:]]
    where = np.ix_(at[own] - start, *(np.array(positions) for positions in inner))
    there, missing = block[where], get_missing_value(block.dtype)
    empty = np.isnan(there) if np.isnan(missing) else there == missing
    absent = np.isnan(values) if np.isnan(missing) else values == missing
    conflict = ~empty & ~absent & (there != values)
    if conflict.any():
        at_fault = np.argwhere(conflict)[0]
        seed = f", seed {column.attributes['seeds'][at_fault[1]]}" if axes else ""
        raise Contradiction(
            f"{place}: two sources measured row {at[own[at_fault[0]]]} differently{seed}: {there[tuple(at_fault)]} and "
            f"{values[tuple(at_fault)]} ({int(conflict.sum())} such values); nothing was written",
            place,
        )
    block[where] = np.where(absent, there, values)
    fresh = empty & ~absent
    brought.values += int(fresh.sum())
    brought.rows += int(fresh.reshape(len(fresh), -1).any(axis=1).sum())
    if axes:
        brought.seeds |= {column.attributes["seeds"][i] for i in np.flatnonzero(fresh.any(axis=(0, 2)))}
