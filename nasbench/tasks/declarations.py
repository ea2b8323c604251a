"""Reading the declarations of tasks: plain data, checked, without opening a table."""

import math
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nasbench.errors import InvalidOption, NasbenchError, unknown_name
from nasbench.table.locate import shipped_names, table_names, user_tables
from nasbench.tasks.surrogate.archive import describe

_FOLDER = Path(__file__).parent
COLUMN_KEYS = ("dataset", "recipe", "metric")
"""What of a column a task says once, for everything it observes and reports."""

SAME, FRESH = "same", "fresh"
REPEATS = (SAME, FRESH)
"""What an architecture that is asked for twice in a run may show: the same trained seed, or another one."""
FEWEST_SEEDS = 3
"""Trained seeds from which on a table can show fresh ones."""
POINT_KEYS = ("reference", "bound")
"""What may be said of the range of an objective, in its unit."""

_KEYS: dict[str, type | tuple[type, ...]] = {
    "title": str,
    "version": int,
    "suite": str,
    "space": str,
    "space_options": dict,
    "table": str,
    "table_sha256": str,
    "importer": str,
    "where": str,
    "dataset": str,
    "recipe": str,
    "metric": str,
    "observed": (str, dict),
    "reported": (list, dict),
    "cost": (str, float, int, list),
    "objectives": dict,
    "fidelities": list,
    "budget_s": (float, int),
    "budget_note": str,
    "search": str,
    "crash_s": (float, int),
    "repeats": str,
}
_TRAINING_KEYS = {key: _KEYS[key] for key in ("title", "version", "space", "space_options", "budget_s", "repeats")} | {
    "train": dict
}
_OPTIONAL = {"suite", "space_options", "table_sha256", "objectives", "fidelities", "budget_note", "importer", "where"}
_OPTIONAL |= {"search", "crash_s", "repeats"}
MEASURED = "measured"
_SEARCHED = (MEASURED, "all")
EMBEDDED = "embedded"
"""The suite of tasks that name no other one."""
SURROGATE, SURROGATE_PREFIX = ".surrogate", "surrogate-"
MODES = ("seed", "mean", FRESH)
"""What may stand behind a surrogate's name and a colon: with the noise of a seed, without, or with other noise each
time that an architecture is asked for."""
_PER = ("training", "answer")
_SPLITS = ("train", "valid", "test", "valid+test")


def _families() -> dict[str, Path]:
    """Return the declarations by family; ``nats_tss.toml`` declares the tasks ``nats-tss-...``."""
    return {path.stem.replace("_", "-"): path for path in sorted(_FOLDER.glob("*.toml"))}


def _declaration(path: Path) -> dict[str, Any]:
    try:
        declaration: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvalidOption(f"{path} is no TOML: {error}") from None
    members = declaration.get("tasks")
    if not isinstance(members, dict) or not all(isinstance(own, dict) for own in members.values()):
        raise InvalidOption(f"{path} declares no [tasks.NAME], or something else under [tasks]")
    return declaration


def _members() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield name, table and own values of every declared task."""
    for family, path in _families().items():
        declaration = _declaration(path)
        members = declaration.pop("tasks")
        for member, own in members.items():
            values = {"dataset": member} | declaration | own
            yield f"{family}-{member}", str(values.get("table", "")), values


def _tables(values: Mapping[str, Any]) -> set[str]:
    """Return the names of all tables that a declaration reads."""
    reported = values.get("reported", [])
    columns = [values.get("observed"), *(reported.values() if isinstance(reported, dict) else reported)]
    columns += _costs(values)
    columns += [fidelity.get("observed") for fidelity in _fidelities(values)]
    columns += objectives.values() if isinstance(objectives := values.get("objectives"), dict) else []
    return {str(values.get("table"))} | {
        entry["table"] for entry in columns if isinstance(entry, dict) and "table" in entry
    }


def _fidelities(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the shorter recipes that a declaration names, without what is malformed."""
    given = values.get("fidelities", [])
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def _costs(values: Mapping[str, Any]) -> list[Any]:
    """Return the parts of all costs."""
    costs = [values.get("cost"), *(fidelity.get("cost") for fidelity in _fidelities(values))]
    return [part for cost in costs if isinstance(cost, list) for part in cost]


def tables_of(name: str) -> set[str]:
    """Return the names of the tables that a declared task reads, there or not.

    Raises:
        UnknownName: no such task.
    """
    declared = {known: values for known, _, values in _members()}
    if name not in declared:
        raise unknown_name("task", name, declared)
    return _tables(declared[name])


def suites() -> dict[str, list[str]]:
    """Return the tasks whose tables ship with the package, by the suite that they are compared in."""
    found: dict[str, list[str]] = {}
    for name, _, values in _members():
        if _tables(values) <= shipped_names():
            found.setdefault(str(values.get("suite", EMBEDDED)), []).append(name)
    return found


def task_names(*, embedded: bool = False) -> dict[str, str]:
    """Return every task whose tables are there, with its one-line title, without opening a table.

    Args:
        embedded: only those of the suite ``embedded``.
    """
    present = set(table_names())
    named = {name: str(values.get("title", "")) for name, _, values in _members() if _tables(values) <= present}
    if embedded:
        return {name: named[name] for name in suites().get(EMBEDDED, [])}
    return named | {SURROGATE_PREFIX + path.stem: _title(path) for path in surrogate_files()}


def is_surrogate(name: str) -> bool:
    """Tell whether a task's name means a surrogate."""
    file = name.rpartition(":")[0] if name.endswith(tuple(f":{mode}" for mode in MODES)) else name
    return name.startswith(SURROGATE_PREFIX) or file.endswith(SURROGATE)


def is_training(name: str) -> bool:
    """Tell whether a task's name means one that real training answers: its declaration has ``train``."""
    file, _, member = name.rpartition(":")
    path = Path(file).expanduser()
    if path.suffix != ".toml" or not path.is_file():
        return False
    declaration = _declaration(path)
    return "train" in declaration | declaration["tasks"].get(member, {})


def training_declaration(name: str) -> dict[str, Any]:
    """Return the checked values of a task that real training answers, its full ``name`` among them.

    Raises:
        UnknownName: a key that such a task does not have.
        InvalidOption: a missing key, or a value of the wrong type.
    """
    file, _, member = name.rpartition(":")
    declaration = _declaration(Path(file).expanduser())
    values: dict[str, Any] = declaration | declaration["tasks"].get(member, {})
    del values["tasks"]
    for key, value in values.items():
        if key not in _TRAINING_KEYS:
            raise unknown_name(f"key of task '{name}', which trains", key, _TRAINING_KEYS)
        if not isinstance(value, _TRAINING_KEYS[key]) or isinstance(value, bool):
            raise InvalidOption(f"task '{name}': {key} = {value!r} has the wrong type")
    if values.get("repeats", SAME) not in REPEATS:
        raise unknown_name(f"repeats of task '{name}'", values["repeats"], REPEATS)
    if missing := sorted(_TRAINING_KEYS.keys() - {"space_options", "repeats"} - values.keys()):
        raise InvalidOption(f"task '{name}' lacks {', '.join(missing)}")
    return values | {"name": f"{Path(file).stem}-{member}"}


def surrogate_folder() -> Path:
    """Return the folder of the surrogates that the user fitted, beside that of the tables."""
    return user_tables().with_name("surrogates")


def surrogate_files() -> list[Path]:
    """Return the surrogates that the user fitted."""
    return sorted(path for path in surrogate_folder().glob(f"*{SURROGATE}") if not path.name.startswith("."))


def _title(path: Path) -> str:
    """Return what a surrogate says of itself; a damaged one must not keep the others from being listed."""
    try:
        return str(describe(path)[0].get("title", ""))
    except (NasbenchError, OSError) as error:
        return f"cannot be opened: {error}"


def absent_tasks() -> dict[str, str]:
    """Return the declared tasks whose table is missing, with how to get it."""
    present = set(table_names())
    return {name: _how_to_get(values) for name, _, values in _members() if not _tables(values) <= present}


def _how_to_get(values: Mapping[str, Any]) -> str:
    return f"{values.get('where', 'import its table')}; then: nasbench import {values.get('importer', '...')} PATH"


def read_declaration(name: str) -> dict[str, Any]:
    """Return the checked values of a task, its full ``name`` among them.

    Raises:
        UnknownName: no such task, or a key that a task does not have.
        InvalidOption: no TOML, a missing key, a value of the wrong type, or a table not yet imported.
    """
    file, _, member = name.rpartition(":")
    if file.endswith(".toml"):
        return checked(_of_file(Path(file).expanduser(), member), f"{Path(file).stem}-{member}", typed=name)
    declared = shipped_declarations()
    if name not in declared:
        raise unknown_name("task", name, declared)
    values = declared[name]
    if not _tables(values) <= set(table_names()):
        raise InvalidOption(f"task '{name}' needs a table that is not imported yet: {_how_to_get(values)}")
    return checked(values, name)


def shipped_declarations() -> dict[str, dict[str, Any]]:
    """Return the values of every task that the suite declares, by name, unchecked and whether its table is there."""
    return {name: values for name, _, values in _members()}


def _of_file(file: Path, member: str) -> dict[str, Any]:
    """Return the values of a task of one's own file."""
    if not file.is_file():
        raise InvalidOption(f"no task file {file}; expected FILE.toml:MEMBER")
    declaration = _declaration(file)
    members: dict[str, dict[str, Any]] = declaration.pop("tasks")
    if member not in members:
        raise unknown_name("task", f"{file}:{member}", members)
    return {"dataset": member} | declaration | members[member]


def checked(values: Mapping[str, Any], name: str, *, typed: str = "") -> dict[str, Any]:
    """Return a task's values with its ``name`` among them.

    Args:
        values: as declared or recorded.
        name: of the task.
        typed: what it is called in errors, if something else.

    Raises:
        UnknownName, InvalidOption: as ``read_declaration``.
    """
    values = dict(values)
    _check(typed or name, values)
    if isinstance(values["reported"], list):
        values["reported"] = {split: split for split in values["reported"]}
    return values | {"name": name}


def _check(name: str, values: dict[str, Any]) -> None:
    for key, value in values.items():
        if key not in _KEYS:
            raise unknown_name(f"key of task '{name}'", key, _KEYS)
        if not isinstance(value, _KEYS[key]) or isinstance(value, bool):
            raise InvalidOption(f"task '{name}': {key} = {value!r} has the wrong type")
    if missing := sorted(_KEYS.keys() - _OPTIONAL - values.keys()):
        raise InvalidOption(f"task '{name}' lacks {', '.join(missing)}")
    if values.get("repeats", SAME) not in REPEATS:
        raise unknown_name(f"repeats of task '{name}'", values["repeats"], REPEATS)
    _check_search(name, values)
    _check_fidelities(name, values)
    reported = values["reported"]
    observed = [values["observed"], *(fidelity["observed"] for fidelity in _fidelities(values))]
    columns = [*observed, *(reported.values() if isinstance(reported, dict) else reported)]
    charged = [_uncharged(name, part) for part in _costs(values)]
    shares = [entry for entry in charged if isinstance(entry, dict) and "static" in entry]
    for column in [*columns, *(entry for entry in charged if entry not in shares)]:
        keys = {"split": column} if isinstance(column, str) else column
        points = POINT_KEYS if column is observed[0] else ()
        _check_points(f"what task '{name}' observes", {key: keys[key] for key in points if key in keys})
        for key in keys:
            if key not in (allowed := ("table", "split", *COLUMN_KEYS, *points)):
                raise unknown_name(f"key of a column of task '{name}'", key, allowed)
        if keys.get("split") not in _SPLITS:
            raise unknown_name("split", keys.get("split", ""), _SPLITS)
    _check_shares(name, shares)
    _check_objectives(name, values)
    if any(column == "test" or (isinstance(column, dict) and column["split"] == "test") for column in observed):
        raise InvalidOption(f"task '{name}' would show the test split to strategies")


def _check_search(name: str, values: dict[str, Any]) -> None:
    """Check what is done with architectures that were not measured."""
    if (search := values.get("search", MEASURED)) not in _SEARCHED:
        raise unknown_name(f"search of task '{name}'", search, _SEARCHED)
    crash_s = values.get("crash_s")
    if crash_s is not None and (search == MEASURED or not 0 < crash_s < math.inf):
        raise InvalidOption(
            f"task '{name}': crash_s = {crash_s}; expected a positive number of seconds, beside search = \"all\""
        )


def _check_fidelities(name: str, values: dict[str, Any]) -> None:
    for fidelity in values.get("fidelities", []):
        if not isinstance(fidelity, dict) or fidelity.keys() != {"observed", "cost"}:
            raise InvalidOption(f"task '{name}': fidelity {fidelity!r}; expected {{ observed = ..., cost = [...] }}")
        if not isinstance(fidelity["observed"], str | dict) or not isinstance(fidelity["cost"], list):
            raise InvalidOption(f"task '{name}': fidelity {fidelity!r}; expected a column, and a list of costs")


def _uncharged(name: str, part: Any) -> Any:
    """Return the column of a part of a cost, without how often it is paid."""
    if not isinstance(part, dict) or "per" not in part:
        return part
    if part["per"] not in _PER:
        raise unknown_name(f"'per' of a cost of task '{name}'", part["per"], _PER)
    return {key: value for key, value in part.items() if key != "per"}


def _check_shares(name: str, shares: list[dict[str, Any]]) -> None:
    allowed: dict[str, type | tuple[type, ...]] = {
        "table": str,
        "dataset": str,
        "static": str,
        "times": (int, float),
    }
    for share in shares:
        for key, value in share.items():
            if key not in allowed:
                raise unknown_name(f"key of a cost of task '{name}'", key, allowed)
            if not isinstance(value, allowed[key]) or isinstance(value, bool):
                raise InvalidOption(f"task '{name}': {key} = {value!r} of a cost has the wrong type")


def _check_points(what: str, points: dict[str, Any]) -> None:
    """Check that a reference and a bound are numbers; whether they fit the column, the column tells."""
    for key, value in points.items():
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise InvalidOption(f"{what}: {key} = {value!r}; expected a number in the unit of its column")


def _check_objectives(name: str, values: dict[str, Any]) -> None:
    allowed = ("table", "dataset", "metric", *POINT_KEYS)
    for label, keys in values.get("objectives", {}).items():
        for key in keys if isinstance(keys, dict) else ():
            if key not in allowed:
                raise unknown_name(f"key of objective '{label}' of task '{name}'", key, allowed)
        points = {key: keys[key] for key in POINT_KEYS if key in keys} if isinstance(keys, dict) else {}
        if not isinstance(keys, dict) or not all(isinstance(keys[key], str) for key in keys.keys() - points.keys()):
            raise InvalidOption(
                f"task '{name}': objective '{label}' = {keys!r}; expected {{ table = ..., metric = ... }}"
            )
        _check_points(f"objective '{label}' of task '{name}'", points)
        if "metric" not in keys:
            raise InvalidOption(f"task '{name}': objective '{label}' lacks metric, the name of a static metric")
        if label in (*values["reported"], *_SPLITS):
            raise InvalidOption(f"task '{name}': objective '{label}' has the name of a split or of what is reported")
        seen = values["observed"]
        if label == (seen.get("metric", values["metric"]) if isinstance(seen, dict) else values["metric"]):
            raise InvalidOption(
                f"task '{name}': objective '{label}' has the name of the observed metric; call it something else"
            )
