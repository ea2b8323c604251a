"""Draft a mapping for arrays: which file beside them may list the architectures, and what each axis is, as questions.

The lengths of axes alone do not tell seeds from epochs, so the draft declares nothing by them.
"""

from pathlib import Path

from nasbench.importers._arrays import ARCHITECTURE, ROW, load_arrays, read_list
from nasbench.importers._cells import TextCells
from nasbench.importers._guess_architecture import find_architecture, quote_text

_WHICH_SPACE = "which space do the architectures belong to, and are they in its official order? Complete [architecture]"
_OFFICIAL_ORDER = (
    "[architecture]",
    'space = ""  # required',
    f"column = {quote_text(ROW)}",
    'form = "index"  # check: the official order of the benchmark',
)
_LISTS = (".txt", ".lst", ".csv")
_MOST_BYTES = 100_000_000  # of a file that may be the list


def guess_array_mapping(path: Path, name: str) -> tuple[str, str]:
    """Return the text of a mapping and a preview; see ``AnyTable.guess``.

    Raises:
        SourceError: the file of arrays cannot be read.
    """
    arrays = load_arrays(path)
    listed = _find_lists(path, {n for array in arrays.values() for n in array.shape})
    first = listed[0] if listed else ""
    cells = TextCells(first, read_list(path, first, None)) if first else None
    found = find_architecture(cells, list(cells.columns), {}) if cells else None
    several = {key: array.shape for key, array in arrays.items() if array.ndim > 1}
    questions = found.questions if found else [_WHICH_SPACE]
    if several:
        shapes = ", ".join(f"{key} {shape}" for key, shape in several.items())
        questions.append(f'what are the axes of {shapes}? Name each: "{ARCHITECTURE}", "seed", "epoch"')
    questions.append("what do the values mean? Complete each [[measurement]], or make it a [[static]] without seed")
    header = [f"name = {quote_text(name)}"] if name else []
    header += ['citation = ""  # required: who measured this', 'licence = ""   # required', 'source = ""    # required']
    header += ["undecided = [  # required: answer by editing the lines below, then delete the question"]
    header += [*(f"    {quote_text(question)}," for question in questions), "]"]
    declared = [f"architectures = {quote_text(first)}  # {'check' if first else f'else the column {ROW} counts them'}"]
    declared += [f"axes = [{', '.join([quote_text('?')] * len(next(iter(several.values()))))}]"] if several else []
    text = "\n".join(["[arrays]", *declared, "", *(found.lines if found else _OFFICIAL_ORDER)])
    entries = "".join(_write_entry(key, len(array.shape)) for key, array in arrays.items() if array.dtype.kind in "fiu")
    shown = [f"  {key}: {array.dtype}, shape {array.shape}" for key, array in arrays.items()]
    lines = [f"architecture: {found.said}"] if found else []
    preview = [
        f"arrays of {path.name}:",
        *shown,
        f"files beside it with as many lines: {', '.join(listed) or 'none'}",
        *lines,
    ]
    preview += [f"  please answer: {question}" for question in questions]
    return "\n".join(header) + f"\n\n{text}\n{entries}", "\n".join(preview)


def _find_lists(path: Path, lengths: set[int]) -> list[str]:
    """Return the files beside the arrays that have as many lines as an axis is long."""
    found = []
    for file in sorted(path.parent.iterdir()):
        if file.suffix.lower() in _LISTS and file.is_file() and file.stat().st_size <= _MOST_BYTES:
            data = file.read_bytes()
            lines = data.count(b"\n") + (not data.endswith(b"\n")) - (file.suffix.lower() == ".csv")
            found += [file.name] if lines in lengths else []
    return found


def _write_entry(key: str, n_axes: int) -> str:
    """Return a measurement whose column lists the axes in the order that most files have."""
    axes = ["", ".seed{seed}", ".seed{seed}.epoch{epoch}"][min(n_axes, 3) - 1] if n_axes else ""
    lines = ["", "[[measurement]]", f"column = {quote_text(key + axes)}  # check: the axes behind the first, in order"]
    lines += ["epoch_offset = 1" if "epoch" in axes else "epoch = 1  # required: the epochs of the recipe"]
    lines += [
        'dataset = "data"  # check',
        'recipe = "training"  # check',
        'split = ""  # required: train, valid or test',
    ]
    lines += ['metric = ""  # required', 'unit = ""  # required', ""]
    return "\n".join(lines)
