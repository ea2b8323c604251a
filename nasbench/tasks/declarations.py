"""Read and check the declarations of tasks, which are plain data, without opening a table."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nasbench.declarations import NUMBER, Declaration, Place, Types
from nasbench.errors import InvalidOption, NasbenchError, make_unknown_name
from nasbench.table.locate import get_user_folder, list_shipped_names, list_tables
from nasbench.tasks.surrogate.archive import describe

_FOLDER = Path(__file__).parent
COLUMN_KEYS = ("dataset", "recipe", "metric")
"""Keys of a column that a task gives once, for everything it observes and reports."""

SAME, FRESH = "same", "fresh"
REPEATS = (SAME, FRESH)
"""What an architecture may show when a run asks for it again: the same trained seed, or another one."""
FEWEST_SEEDS = 3
"""Number of trained seeds that a table needs to show fresh ones."""
POINT_KEYS = ("reference", "bound")
"""Keys that describe the range of an objective, in its unit."""

_KEYS: dict[str, Types] = {
    "title": str,
    "version": int,
    "suite": str,
    "family": str,
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
    "cost": (str, *NUMBER, list),
    "objectives": dict,
    "fidelities": list,
    "budget_s": NUMBER,
    "budget_note": str,
    "search": str,
    "crash_s": NUMBER,
    "repeats": str,
    "columns": dict,
}
_TRAINING_KEYS = {key: _KEYS[key] for key in ("title", "version", "space", "space_options", "budget_s", "repeats")} | {
    "train": dict
}
_OPTIONAL = {
    "suite",
    "family",
    "space_options",
    "table_sha256",
    "objectives",
    "fidelities",
    "budget_note",
    "importer",
    "where",
}
_OPTIONAL |= {"search", "crash_s", "repeats", "columns"}
_OWN_COLUMNS: dict[str, Types] = {"score": str, "unit": str, "decisions": dict}
"""What ``columns`` says of the user's own file: the column of the score, its unit there, and decision -> column."""
MEASURED = "measured"
_SEARCHED = (MEASURED, "all")
EMBEDDED = "embedded"
"""The suite of tasks that do not name one."""
SURROGATE, SURROGATE_PREFIX = ".surrogate", "surrogate-"
MODES = ("seed", "mean", FRESH)
"""Suffixes of a surrogate's name after a colon: with the noise of one seed, without noise, or with new noise each time
an architecture is asked for."""
_COLUMN: dict[str, Types] = dict.fromkeys(("table", "split", *COLUMN_KEYS), str)
_POINTS: dict[str, Types] = dict.fromkeys(POINT_KEYS, NUMBER)
_SHARE: dict[str, Types] = {"table": str, "dataset": str, "static": str, "times": NUMBER}
_OBJECTIVE: dict[str, Types] = dict.fromkeys(("table", "dataset", "split"), str)
_PER = ("training", "answer")
_SPLITS = ("train", "valid", "test", "valid+test")


def _list_task_files() -> dict[str, Path]:
    """Return the files of declarations by what their tasks' names begin with: ``nats_tss.toml`` by ``nats-tss``."""
    return {path.stem.replace("_", "-"): path for path in sorted(_FOLDER.glob("*.toml"))}


def _read_task_file(path: Path) -> Declaration:
    """Read a file of tasks, which share the keys outside of ``[tasks.NAME]``."""
    shared = Declaration.read(path)
    members = shared.values.get("tasks")
    if not isinstance(members, dict) or not all(isinstance(own, dict) for own in members.values()):
        raise InvalidOption(f"{path} declares no [tasks.NAME], or something else under [tasks]")
    return shared


def _read_member(file: Declaration, member: str, label: str, **defaults: Any) -> Declaration:
    """Return the declaration of one task of a file: its own values, and those that all tasks of the file share."""
    shared = {key: value for key, value in file.values.items() if key != "tasks"}
    own = file.values["tasks"].get(member, {})
    return file.narrow(defaults | shared | own, label, ("tasks", member), ())


def _members() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield name, table and own values of every declared task."""
    for prefix, path in _list_task_files().items():
        declared = _read_task_file(path)
        for member in declared.values["tasks"]:
            values = _read_member(declared, member, "", dataset=member).values
            yield f"{prefix}-{member}", str(values.get("table", "")), values


def get_task_folder() -> Path:
    """Return the folder of the user's tasks, one file NAME.toml each, beside the folder of tables."""
    return get_user_folder().with_name("tasks")


def _find_user_files() -> dict[str, Path]:
    """Return the files of the user's tasks by name."""
    return {path.stem: path for path in sorted(get_task_folder().glob("*.toml")) if not path.name.startswith(".")}


def _read_user_tasks() -> dict[str, dict[str, Any]]:
    """Return the values of the user's tasks by name; only a title for a damaged file, which must not hide the others.

    A task of the suite takes precedence over a file of the same name.
    """
    found: dict[str, dict[str, Any]] = {}
    for name, path in _find_user_files().items():
        try:
            found[name] = Declaration.read(path).values
        except InvalidOption as error:
            found[name] = {"title": f"cannot be opened: {error}"}
    shipped = shipped_declarations() if found else {}
    return {name: values for name, values in found.items() if name not in shipped}


def _tables(values: Mapping[str, Any]) -> set[str]:
    """Return the names of all tables that a declaration refers to."""
    reported = values.get("reported", [])
    columns = [values.get("observed"), *(reported.values() if isinstance(reported, dict) else reported)]
    columns += _costs(values)
    columns += [fidelity.get("observed") for fidelity in _fidelities(values)]
    columns += objectives.values() if isinstance(objectives := values.get("objectives"), dict) else []
    return {str(values.get("table"))} | {
        entry["table"] for entry in columns if isinstance(entry, dict) and "table" in entry
    }


def _fidelities(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the shorter recipes that a declaration names, without malformed ones."""
    given = values.get("fidelities", [])
    return [one for one in given if isinstance(one, dict)] if isinstance(given, list) else []


def _costs(values: Mapping[str, Any]) -> list[Any]:
    """Return the parts of all costs."""
    costs = [values.get("cost"), *(fidelity.get("cost") for fidelity in _fidelities(values))]
    return [part for cost in costs if isinstance(cost, list) for part in cost]


def tables_of(name: str) -> set[str]:
    """Return the names of the tables that a declared task reads, imported or not.

    Raises:
        UnknownName: no such task.
    """
    declared = shipped_declarations() | _read_user_tasks()
    if name not in declared:
        raise make_unknown_name("task", name, declared)
    return _tables(declared[name])


def suites() -> dict[str, list[str]]:
    """Return the tasks whose tables ship with the package, by the suite in which they are compared."""
    found: dict[str, list[str]] = {}
    for name, _, values in _members():
        if _tables(values) <= list_shipped_names():
            found.setdefault(str(values.get("suite", EMBEDDED)), []).append(name)
    return found


def task_names(*, embedded: bool = False) -> dict[str, str]:
    """Return every task whose tables are imported, with its one-line title, without opening a table.

    Args:
        embedded: return only tasks of the suite ``embedded``.
    """
    present = set(list_tables())
    named = {name: str(values.get("title", "")) for name, _, values in _members() if _tables(values) <= present}
    if embedded:
        return {name: named[name] for name in suites().get(EMBEDDED, [])}
    named |= {name: str(values.get("title", "")) for name, values in _read_user_tasks().items() if _is_ready(values)}
    return named | {SURROGATE_PREFIX + path.stem: _title(path) for path in surrogate_files()}


def _is_ready(values: Mapping[str, Any]) -> bool:
    """Return whether a user's task can be listed as such: its tables are there, or its file says why it is damaged."""
    present = list_tables()
    return "table" not in values or all(name.endswith(".h5") or name in present for name in _tables(values))


def is_surrogate(name: str) -> bool:
    """Return whether a task's name means a surrogate."""
    file = name.rpartition(":")[0] if name.endswith(tuple(f":{mode}" for mode in MODES)) else name
    return name.startswith(SURROGATE_PREFIX) or file.endswith(SURROGATE)


def is_training(name: str) -> bool:
    """Return whether a task's name means one answered by real training: its declaration has ``train``."""
    file, _, member = name.rpartition(":")
    path = Path(file).expanduser()
    if path.suffix != ".toml" or not path.is_file():
        return False
    return "train" in _read_member(_read_task_file(path), member, name).values


def training_declaration(name: str) -> dict[str, Any]:
    """Return the checked values of a task answered by real training, including its full ``name``.

    Raises:
        UnknownName: a key that such a task does not have.
        InvalidOption: a missing key, or a value of the wrong type.
    """
    file, _, member = name.rpartition(":")
    declared = _read_member(_read_task_file(Path(file).expanduser()), member, f"task '{name}', which trains")
    optional = {key: _TRAINING_KEYS[key] for key in ("space_options", "repeats")}
    required = {key: kinds for key, kinds in _TRAINING_KEYS.items() if key not in optional}
    values = declared.check(declared.values, (), required, optional)
    declared.check_choice(("repeats",), values.get("repeats", SAME), REPEATS)
    return values | {"name": f"{Path(file).stem}-{member}"}


def surrogate_folder() -> Path:
    """Return the folder of the surrogates that the user fitted, beside the folder of tables."""
    return get_user_folder().with_name("surrogates")


def surrogate_files() -> list[Path]:
    """Return the files of the surrogates that the user fitted."""
    return sorted(path for path in surrogate_folder().glob(f"*{SURROGATE}") if not path.name.startswith("."))


def _title(path: Path) -> str:
    """Return the title of a surrogate; a damaged file must not prevent listing the others."""
    try:
        return str(describe(path)[0].get("title", ""))
    except (NasbenchError, OSError) as error:
        return f"cannot be opened: {error}"


def absent_tasks() -> dict[str, str]:
    """Return the declared tasks whose table is not imported, with how to get it."""
    present = set(list_tables())
    absent = {name: _how_to_get(values) for name, _, values in _members() if not _tables(values) <= present}
    return absent | {name: _how_to_get(values) for name, values in _read_user_tasks().items() if not _is_ready(values)}


def _how_to_get(values: Mapping[str, Any]) -> str:
    if "importer" not in values:
        return f"import table '{values.get('table', '')}' again, or put its file into {get_user_folder()}"
    return f"{values.get('where', 'import its table')}; then: nasbench import {values.get('importer', '...')} PATH"


def read_declaration(name: str) -> dict[str, Any]:
    """Return the checked values of a task, including its full ``name``.

    Raises:
        UnknownName: no such task, or a key that a task does not have.
        InvalidOption: not TOML, a missing key, a value of the wrong type, or a table not yet imported.
    """
    file, _, member = name.rpartition(":")
    if file.endswith(".toml"):
        declared = _of_file(Path(file).expanduser(), member, f"task '{name}'")
        return _check_task(declared) | {"name": f"{Path(file).stem}-{member}"}
    shipped, own = shipped_declarations(), _find_user_files()
    if name in own:
        return _read_user_task(name, own[name], shipped)
    if name not in shipped:
        raise make_unknown_name("task", name, shipped.keys() | own.keys())
    values = shipped[name]
    if not _tables(values) <= set(list_tables()):
        raise InvalidOption(f"task '{name}' needs a table that is not imported yet: {_how_to_get(values)}")
    return checked(values, name)


def _read_user_task(name: str, path: Path, shipped: Mapping[str, Any]) -> dict[str, Any]:
    """Return the checked values of a task of the user's folder."""
    if name in shipped:
        raise InvalidOption(f"task '{name}' belongs to the suite, but {path} declares another one: rename that file")
    declared = Declaration.read(path, str(path))
    if not _is_ready(declared.values):
        raise InvalidOption(f"task '{name}' ({path}) needs a table that is not there: {_how_to_get(declared.values)}")
    return _check_task(declared) | {"name": name}


def shipped_declarations() -> dict[str, dict[str, Any]]:
    """Return the unchecked values of every task that the suite declares, by name, imported or not."""
    return {name: values for name, _, values in _members()}


def _of_file(file: Path, member: str, label: str) -> Declaration:
    """Return the declaration of a task of the user's own file."""
    if not file.is_file():
        raise InvalidOption(f"task file {file} does not exist; expected FILE.toml:MEMBER")
    declared = _read_task_file(file)
    if member not in (members := declared.values["tasks"]):
        raise make_unknown_name("task", f"{file}:{member}", members)
    return _read_member(declared, member, label, dataset=member)


def checked(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Check declared or recorded values of a task, and return them with its ``name`` added.

    Raises:
        UnknownName, InvalidOption: as ``read_declaration``.
    """
    return _check_task(Declaration(values, f"task '{name}'")) | {"name": name}


def _check_task(declared: Declaration) -> dict[str, Any]:
    """Return the checked values of a task, with ``reported`` as a mapping from labels to columns."""
    optional = {key: kinds for key, kinds in _KEYS.items() if key in _OPTIONAL}
    required = {key: kinds for key, kinds in _KEYS.items() if key not in _OPTIONAL}
    values = declared.check(declared.values, (), required, optional)
    declared.check_choice(("repeats",), values.get("repeats", SAME), REPEATS)
    _check_search(declared, values)
    declared.check(values.get("columns", {}), ("columns",), {}, _OWN_COLUMNS)
    observed: dict[Place, Any] = {("observed",): values["observed"]}
    costs: dict[Place, Any] = {("cost",): values["cost"]}
    for i, fidelity in enumerate(values.get("fidelities", [])):
        declared.check(fidelity, ("fidelities", i), {"observed": (str, dict), "cost": list}, {})
        observed["fidelities", i, "observed"] = fidelity["observed"]
        costs["fidelities", i, "cost"] = fidelity["cost"]
    reported = values["reported"]
    labelled = reported.items() if isinstance(reported, dict) else enumerate(reported)
    columns = observed | {("reported", label): column for label, column in labelled}
    for place, column in columns.items():
        _check_column(declared, place, column, _POINTS if place == ("observed",) else {})
    for place, cost in costs.items():
        for i, part in enumerate(cost if isinstance(cost, list) else ()):
            _check_cost_term(declared, (*place, i), part)
    _check_objectives(declared, values)
    for place, column in observed.items():
        if column == "test" or (isinstance(column, dict) and column["split"] == "test"):
            raise InvalidOption(f"{declared.where(place)} would show the test split to strategies")
    if isinstance(reported, list):
        values["reported"] = {split: split for split in reported}
    return values


def _check_column(declared: Declaration, place: Place, column: Any, more: Mapping[str, Types]) -> None:
    """Check the reference to a measured column: a split, or keys that override the task's own."""
    declared.check_type(place, column, (str, dict))
    keys = {"split": column} if isinstance(column, str) else declared.check(column, place, {}, {**_COLUMN, **more})
    if keys.get("split") not in _SPLITS:
        raise declared.unknown(place, "split", keys.get("split", ""), _SPLITS)


def _check_search(declared: Declaration, values: dict[str, Any]) -> None:
    """Check the options for architectures that were not measured."""
    search = values.get("search", MEASURED)
    declared.check_choice(("search",), search, _SEARCHED)
    crash_s = values.get("crash_s")
    if crash_s is not None and (search == MEASURED or not 0 < crash_s < math.inf):
        raise declared.error(("crash_s",), f'= {crash_s}; expected a positive number of seconds, beside search = "all"')


def _check_cost_term(declared: Declaration, place: Place, part: Any) -> None:
    """Check a part of a cost: a measured column, or with ``static`` a share of a static metric."""
    keys = part
    if isinstance(part, dict) and "per" in part:
        declared.check_choice((*place, "per"), part["per"], _PER)
        keys = {key: value for key, value in part.items() if key != "per"}
    if isinstance(keys, dict) and "static" in keys:
        declared.check(keys, place, {}, _SHARE)
    else:
        _check_column(declared, place, keys, {})


def _check_objectives(declared: Declaration, values: dict[str, Any]) -> None:
    """Check the static metrics that a strategy sees beside the observed column."""
    seen = values["observed"]
    observed = seen.get("metric", values["metric"]) if isinstance(seen, dict) else values["metric"]
    for label, keys in values.get("objectives", {}).items():
        place = ("objectives", label)
        if not isinstance(keys, dict):
            raise declared.error(place, f"= {keys!r}; expected {{ table = ..., metric = ... }}")
        if "metric" not in keys:
            raise declared.error(place, "lacks metric, the name of a static metric")
        declared.check(keys, place, {"metric": str}, {**_OBJECTIVE, **_POINTS})
        if keys.get("split", "valid") not in ("train", "valid"):
            raise declared.error(
                (*place, "split"), f"= {keys['split']!r} would show it to strategies; expected valid or train"
            )
        if label in (*values["reported"], *_SPLITS):
            raise declared.error(place, "has the name of a split or of a reported column; choose another name")
        if label == observed:
            raise declared.error(place, "has the name of the observed metric; choose another name")
