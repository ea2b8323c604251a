"""A search of NePS (Neural Pipeline Search), from its root directory with ``configs/config_*``.

Source: Stoll, Mallik, Schrodi, Garibov et al. 2023-2026, https://github.com/automl/neps; the files are those of NePS
0.11 to 0.17. NePS is not needed to read them, and its pickles are never opened.

NePS minimises ``objective_to_minimize``. A ``cost`` that the user returned is not read. Each rung of a configuration
is a training run of its own: its fidelity is the budget (``budget3``). Seconds are those of the evaluation. Newer
search spaces name each decision with its domain, from which the importer reads bounds and scale (for categories only
their number: they are called 0, 1, ...). Otherwise it reads the space from the option ``space=FILE`` or from a
``configspace.json`` in the root directory, or infers it from the configurations.
"""

import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from nasbench.errors import SourceError
from nasbench.importers._histories import HistoryImporter, ToolHistory
from nasbench.importers._history_columns import COMPLETE, FAILED, Goal, ToolRun
from nasbench.importers._history_spaces import read_space_file
from nasbench.spaces import DeclaredSpace, declare_integer, declare_real

_FIDELITY = "ENVIRONMENT__"
_LONG_NAME = re.compile(r"SAMPLING__Resolvable\.(.+?)::(integer|float|categorical)__(.+)")
_MOST_BYTES = 10_000_000  # of one file of a configuration


class NePS(HistoryImporter):
    """Reads the root directory of one search.

    Args:
        fidelity: name of the decision that is a fidelity; found by itself in the search spaces of newer releases.
    """

    table: ClassVar[str] = ""
    where: ClassVar[str] = "the root_directory of your search, with configs/config_*"

    def __init__(self, *, fidelity: str = "", name: str = "", space: str = "", unit: str = "") -> None:
        super().__init__(name=name, space=space, unit=unit)
        self._fidelity = fidelity

    def _read_history(self, source: Path) -> ToolHistory:
        folders = sorted((source / "configs").glob("config_*"), key=_read_number_of) if source.is_dir() else []
        if not folders:
            raise SourceError(f"{source} holds no configs/config_*; expected {self.where}")
        fidelity = self._fidelity or _find_fidelity(source)
        decisions: dict[str, dict[str, Any]] = {}
        runs, left = [], 0
        for folder in folders:
            if not (folder / "report.yaml").is_file():
                left += 1
                continue
            runs.append(_read_run(folder, fidelity, decisions))
        declared = source / "configspace.json"
        space = read_space_file(declared) if declared.is_file() else DeclaredSpace(decisions, [], [])
        remarks = [f"{left} training runs that had not ended are left out"] if left else []
        goals = [Goal("objective_to_minimize", "minimize")]
        return ToolHistory("NePS", source.resolve().name, goals, runs, space, remarks)


def _read_number_of(folder: Path) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", folder.name)))


def _find_fidelity(source: Path) -> str:
    """Return the name of the fidelity in the optimizer's own file, if it is there."""
    path = source / "optimizer_info.yaml"
    text = path.read_text(encoding="utf-8") if path.is_file() else ""
    found = re.search(r"^ +fidelity:\n(?: +.*\n)*? +name: (\S+)", text, re.MULTILINE)
    return found[1] if found else ""


def _read_run(folder: Path, fidelity: str, decisions: dict[str, dict[str, Any]]) -> ToolRun:
    """Return one training run; adds the domains that its names tell to ``decisions``."""
    report = _read_flat_yaml(folder / "report.yaml")
    given = _read_flat_yaml(folder / "config.yaml")
    budget = next((value for name, value in given.items() if name == fidelity or name.startswith(_FIDELITY)), None)
    config: dict[str, Any] = {}
    for name, value in given.items():
        if name == fidelity or name.startswith(_FIDELITY):
            continue
        short, domain = _read_long_name(name)
        if domain:
            decisions[short] = domain
        config[short] = value
    loss = report.get("objective_to_minimize", report.get("loss"))
    done = report.get("reported_as", "success") == "success" and isinstance(loss, int | float)
    seconds = report.get("evaluation_duration")
    return ToolRun(
        config,
        COMPLETE if done else FAILED,
        (float(loss) if done and isinstance(loss, int | float) else math.nan,),
        float(seconds) if isinstance(seconds, int | float) else math.nan,
        budget=float(budget) if isinstance(budget, int | float) else None,
    )


def _read_long_name(name: str) -> tuple[str, dict[str, Any] | None]:
    """Return a decision's name and the domain that a long name tells, such as ``...lr::float__0.0001_0.1_True``."""
    match = _LONG_NAME.fullmatch(name)
    if not match:
        return name, None
    short, kind, about = match.groups()
    if kind == "categorical":
        return short, {"categorical": list(range(int(about)))}
    low, high, log = about.split("_")[:3]
    declare = declare_integer if kind == "integer" else declare_real
    return short, declare(float(low), float(high), log=log == "True")


def _read_flat_yaml(path: Path) -> Mapping[str, Any]:
    """Return the scalars at the top level of a YAML file as NePS writes it; lists and longer texts are left out.

    Raises:
        SourceError: the file is too large.
    """
    if path.stat().st_size > _MOST_BYTES:
        raise SourceError(f"{path} is larger than {_MOST_BYTES:,} bytes")
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        name, separator, value = line.rpartition(": ") if not line.startswith((" ", "-", "#")) else ("", "", "")
        if separator and name and ": " not in name:
            found[name.strip("'\"")] = _read_scalar(value.strip())
    return found


def _read_scalar(text: str) -> Any:
    """Return the value of a plain YAML scalar."""
    known = {
        "null": None,
        "~": None,
        "true": True,
        "false": False,
        ".nan": math.nan,
        ".inf": math.inf,
        "-.inf": -math.inf,
    }
    if text in known:
        return known[text]
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"" else text
