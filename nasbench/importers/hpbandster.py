"""A search of HpBandSter (BOHB, Hyperband), from its folder of results: ``results.json`` and ``configs.json``.

Source: Falkner, Klein & Hutter 2018, "BOHB: Robust and Efficient Hyperparameter Optimization at Scale" (arXiv
1807.01774); the files are those of ``json_result_logger`` of HpBandSter 0.7. HpBandSter is not needed to read them.

HpBandSter minimises the ``loss``. Each budget is a training run of its own (``budget3``). The files do not hold the
search space: the importer reads it from a ``configspace.json`` beside them (``space.to_json``) or from the option
``space=FILE``, and otherwise infers it from the configurations.
"""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from nasbench.errors import SourceError
from nasbench.importers._histories import HistoryImporter, ToolHistory
from nasbench.importers._history_columns import COMPLETE, FAILED, Goal, ToolRun
from nasbench.importers._history_spaces import read_space_file
from nasbench.importers._json import parse_json, read_number
from nasbench.importers._separated import read_text
from nasbench.spaces import DeclaredSpace


class HpBandSter(HistoryImporter):
    """Reads the folder of one search."""

    table: ClassVar[str] = ""
    where: ClassVar[str] = "the folder of your json_result_logger, with results.json and configs.json"

    def _read_history(self, source: Path) -> ToolHistory:
        folder = source if source.is_dir() else source.parent
        configs = {_read_key(key): config for key, config, *_ in _read_lines(folder / "configs.json", self.where)}
        runs = [_read_run(line, configs) for line in _read_lines(folder / "results.json", self.where)]
        declared = folder / "configspace.json"
        space = read_space_file(declared) if declared.is_file() else DeclaredSpace({}, [], [])
        return ToolHistory("HpBandSter", folder.resolve().name, [Goal("loss", "minimize")], runs, space)


def _read_lines(path: Path, where: str) -> list[list[Any]]:
    """Return the JSON lists in the lines of a file.

    Raises:
        SourceError: the file is missing, or a line is not a list.
    """
    if not path.is_file():
        raise SourceError(f"{path} does not exist; expected {where}")
    lines = [parse_json(line) for line in read_text(path).splitlines() if line.strip()]
    if not lines or not all(isinstance(line, list) for line in lines):
        raise SourceError(f"{path} is not a file of HpBandSter: expected a JSON list in each line; {where}")
    return lines


def _read_key(key: Any) -> tuple[int, ...]:
    """Return the identity of a configuration: iteration, stage, and number there."""
    return tuple(map(int, key))


def _read_run(line: list[Any], configs: Mapping[tuple[int, ...], Mapping[str, Any]]) -> ToolRun:
    key, budget, times, result, _ = line
    loss = result.get("loss") if isinstance(result, Mapping) else None
    value = math.nan if loss is None else read_number(loss)
    done = math.isfinite(value)
    seconds = read_number(times["finished"]) - read_number(times["started"])
    return ToolRun(configs[_read_key(key)], COMPLETE if done else FAILED, (value,), seconds, budget=read_number(budget))
