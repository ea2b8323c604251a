"""Knowledge of other data sets: a stated number of scores that a search there would have observed.

One option names the sources: tasks joined by ``+``; ``others``, the embedded tasks of the searched space that are of
other data sets; ``none``, a cold start; the folder of a record of searches, each task of which is a source; or a
zero-cost proxy, ``table:TABLE/METRIC``, of the searched data set or another. From a task, architectures are drawn
uniformly among those measured, and each shows the score of one trained seed, as it would to a search. From a record,
they are drawn among those its runs trained; from a proxy, among those it scored. Sources never show a reported or test
column. Their cost is not charged.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np

from nasbench.arrays import Archs, Floats, Ints, get_row_index
from nasbench.choices import Choice
from nasbench.comparison.record import SearchRecord
from nasbench.errors import InvalidOption
from nasbench.records.opening import recorded_entries, recorded_task
from nasbench.records.store import is_record
from nasbench.registry import PREDICTORS, STRATEGIES, sources_of
from nasbench.spaces import Party, SearchSpace, refuse_other_codes
from nasbench.table import PROXY_SOURCE, find_proxy
from nasbench.tasks import TableTask, load_task, proxy_of, task_names
from nasbench.tasks.recorded import as_recorded, recorded_entry, space_and_data
from nasbench.trials import full_trainings

OTHERS, NONE = "others", "none"


class Known(NamedTuple):
    """Known results of one source.

    Attributes:
        name: name of the source.
        archs: [n, d] distinct architectures of the searched space.
        scores: [n] scores that a search of the source would have observed.
    """

    name: str
    archs: Archs
    scores: Floats


class _Source(Protocol):
    name: str
    pool: Archs  # [m, d] architectures of the searched space that have a score in the source

    def scores(self, rows: Ints, rng: np.random.Generator) -> Floats:
        """Return the observed scores of ``pool[rows]``; ``[n]``, nan for a crash."""
        ...


class _TaskSource:
    """A task with a table."""

    def __init__(self, name: str, space: SearchSpace) -> None:
        self._task = _open_task(name)
        self.name = name
        self.pool = _find_measured(self._task, space)

    def scores(self, rows: Ints, rng: np.random.Generator) -> Floats:
        trials = full_trainings(0, self.pool[rows])
        return self._task.backend(rng).advance(trials).score[:, 0]


class _RecordSource:
    """One task of a record: the score of an architecture is the mean over all runs that trained it."""

    def __init__(self, path: Path, task: str, space: SearchSpace) -> None:
        self.name = f"{path}:{task}"
        record = SearchRecord(path)
        if space.code_options:  # the meaning of its codes is declared, and the declarations may differ
            there = Party(f"record {path}", recorded_task(record, task).space)
            refuse_other_codes(there, Party("the searched task", space), "choose another source")
        joined = [record.columns(task, label).trials for label in record.strategies]
        histories = [trials for trials in joined if len(trials.id)]
        archs = np.concatenate([space.no_archs, *(told.arch for told in histories)])
        scores = np.concatenate([np.empty(0), *(told.score[:, 0] for told in histories)])
        finished = np.isfinite(scores) & space.is_valid(archs)  # a record may be of a wider space
        self.pool, which = np.unique(archs[finished], axis=0, return_inverse=True)
        self._means = np.bincount(which.ravel(), weights=scores[finished]) / np.bincount(which.ravel())

    def scores(self, rows: Ints, rng: np.random.Generator) -> Floats:
        del rng
        return self._means[rows]


class _ProxySource:
    """A zero-cost proxy: its values are the scores."""

    def __init__(self, name: str, space: SearchSpace) -> None:
        self._column = proxy_of(name.removeprefix(PROXY_SOURCE), space)
        self.name = name
        scored = self._column.table.architectures
        self.pool = scored[space.is_valid(scored)]

    def scores(self, rows: Ints, rng: np.random.Generator) -> Floats:
        del rng
        return self._column(self.pool[rows])


def list_sources(source: str, target: str) -> list[str]:
    """Return the sources of a search of the task ``target``: names of tasks, folders of records, proxies.

    Args:
        source: the option, see above.
        target: name of the searched task; empty where it is not known, as in a search made by hand.

    Raises:
        InvalidOption: a source of the target data set, or ``others`` where no other data set has an embedded task.
        UnknownName: no such task.
    """
    if source == OTHERS:
        return _list_others(target)
    names = [name.strip() for name in source.split("+") if name.strip()]
    if not names:
        raise InvalidOption("source='' is empty; choose tasks joined by '+', 'others', or 'none' for a cold start")
    if names == [NONE]:
        return []
    for name in names if target else ():
        if name.startswith(PROXY_SOURCE):
            find_proxy(name.removeprefix(PROXY_SOURCE), _get_space_name(target))
            if searched := _get_declared_space(target):
                proxy_of(name.removeprefix(PROXY_SOURCE), searched)
        elif _is_record(name):
            _list_fitting_tasks(Path(name), _get_space_name(target), target)
        elif _get_space_name(name) != _get_space_name(target):
            raise _make_other_space_error(name, _get_space_name(name), _get_space_name(target))
        else:
            _check_data_set(name, target)
            if searched := _get_declared_space(target):
                _find_measured(_open_task(name), searched)
    return names


def _check_data_set(name: str, target: str) -> None:
    if _get_data_set(name) == _get_data_set(target):
        raise InvalidOption(
            f"source '{name}' is of the same data set as the target '{target}': this would leak the target's results; "
            f"choose another of {_format_names(_list_tasks_of_space(_get_space_name(target)), target)}"
        )


def list_predictor_sources(task: str, options: Mapping[str, Any]) -> list[str]:
    """Return the tasks that the option ``predictor`` of a strategy learns from when ``task`` is searched.

    Raises:
        InvalidOption: one of them is of the target data set.
    """
    given = options.get("predictor")
    names = [] if given is None else sources_of(Choice.parse(given), PREDICTORS, task)
    for name in names:
        if not name.startswith(PROXY_SOURCE):
            _check_data_set(name, task)
    return names


def list_inner_sources(task: str, options: Mapping[str, Any]) -> list[str]:
    """Return the sources of a search of ``task`` by the options ``source`` and ``inner``, besides its own trials."""
    inner = sources_of(Choice.parse(options.get("inner", "random_search")), STRATEGIES, task)
    return list_sources(options.get("source", OTHERS), task) + inner


def draw_known(source: str, target: str, space: SearchSpace, n: int, rng: np.random.Generator) -> list[Known]:
    """Return ``n`` observations of each source, of architectures drawn separately for each; fewer where it has fewer.

    Raises:
        InvalidOption: as ``list_sources``; or a source is of another space, or has no scores.
    """
    return [_draw_from(found, n, rng) for found in _open_sources(source, target, space)]


def draw_known_in_common(
    source: str, target: str, space: SearchSpace, n: int, rng: np.random.Generator
) -> tuple[Archs, Floats]:
    """Return ``n`` architectures [n, d] that all sources have, and their scores in each source, ``[sources, n]``.

    Architectures that crashed anywhere are left out. Both arrays are empty without a source.

    Raises:
        InvalidOption: as ``draw_known``, or the sources have no architecture in common.
    """
    sources = _open_sources(source, target, space)
    if not sources:
        return space.no_archs, np.empty((0, 0))
    # positions of the first source's architectures in each source; -1 where it lacks one
    places = np.stack([get_row_index(source.pool, space.cardinality).find(sources[0].pool) for source in sources])
    common = places[:, (places >= 0).all(axis=0)]
    chosen = common[:, rng.permutation(common.shape[1])[:n]]
    scores = np.stack([found.scores(at, rng) for found, at in zip(sources, chosen, strict=True)])
    finished = np.isfinite(scores).all(axis=0)
    if not finished.any():
        raise InvalidOption(f"sources {source!r} have no trained architecture in common; name fewer of them")
    return sources[0].pool[chosen[0, finished]], scores[:, finished]


def _draw_from(source: _Source, n: int, rng: np.random.Generator) -> Known:
    rows = rng.permutation(len(source.pool))[:n]
    scores = source.scores(rows, rng)
    finished = np.isfinite(scores)
    return Known(source.name, source.pool[rows[finished]], scores[finished])


def _open_sources(source: str, target: str, space: SearchSpace) -> list[_Source]:
    if source == OTHERS and not target:
        raise InvalidOption(
            f"source='{OTHERS}' needs the searched task, which is not known; set target=TASK, or choose a source of "
            f"{_format_names(_list_tasks_of_space(space.name))}, or '{NONE}' for a cold start"
        )
    found: list[_Source] = []
    for name in list_sources(source, target):
        found += _open_source(name, target, space)
    return found


def _open_source(name: str, target: str, space: SearchSpace) -> Sequence[_Source]:
    if name.startswith(PROXY_SOURCE):
        return [_ProxySource(name, space)]
    return _open_record_sources(Path(name), target, space) if _is_record(name) else [_TaskSource(name, space)]


def _open_record_sources(path: Path, target: str, space: SearchSpace) -> list[_Source]:
    sources: list[_Source] = [
        _RecordSource(path, name, space) for name in _list_fitting_tasks(path, space.name, target)
    ]
    if empty := [found.name for found in sources if not len(found.pool)]:
        raise InvalidOption(f"record {empty[0]} holds no finished trial; choose one that holds finished trials")
    return sources


def _list_fitting_tasks(path: Path, space: str, target: str) -> list[str]:
    """Return the tasks of a record that are of this space but not of the target data set.

    Raises:
        InvalidOption: there is none, or the record's searches learnt from the target data set themselves.
    """
    record = SearchRecord(path)
    searched = _get_data_set(target) if target else ""
    with as_recorded(recorded_entries(record)):  # its tasks may be declared in files that lie elsewhere
        names = [name for name in record.tasks if _get_space_name(name) == space]
        if target:
            if searched in _list_learnt_data_sets(record):
                raise InvalidOption(
                    f"the searches of record {path} learnt from the data set of '{target}'; choose another record"
                )
            names = [name for name in names if _get_data_set(name) != searched]
    if not names:
        raise InvalidOption(
            f"record {path} holds {', '.join(record.tasks)}; expected a task of space '{space}' and of another data "
            "set than the target's"
        )
    return names


def _list_learnt_data_sets(record: SearchRecord) -> list[str]:
    """Return the data sets that the searches of a record learnt from, also by way of other records."""
    found: list[str] = []
    with as_recorded(recorded_entries(record)):
        for name in record.spec.get("sources", {}):
            if name.startswith(PROXY_SOURCE):
                continue
            if _is_record(name):
                inner = SearchRecord(Path(name))
                with as_recorded(recorded_entries(inner)):
                    found += map(_get_data_set, inner.tasks)
                found += _list_learnt_data_sets(inner)
            else:
                found.append(_get_data_set(name))
    return found


def _make_other_space_error(name: str, own: str, searched: str) -> InvalidOption:
    return InvalidOption(
        f"source '{name}' is of space '{own}', but the searched space is '{searched}'; choose one of "
        f"{_format_names(_list_tasks_of_space(searched))}"
    )


def _list_others(target: str) -> list[str]:
    if not target:  # `_open_sources` raises the error, where the space is known
        return []
    space = _get_space_name(target)
    names = [name for name in _list_embedded() if _get_space_name(name) == space]
    if others := [name for name in names if _get_data_set(name) != _get_data_set(target)]:
        return others
    raise InvalidOption(
        f"no embedded task of space '{space}' is of another data set than '{target}'; name sources of "
        f"{_format_names(_list_tasks_of_space(space), target)}, the folder of a record, or '{NONE}' for a cold start"
    )


def _is_record(name: str) -> bool:
    return is_record(Path(name))


def _get_declared_space(target: str) -> SearchSpace | None:
    """Return the searched space if the meaning of its codes is declared, to compare it before any run; else None."""
    space = (load_task if recorded_entry(target) else _load_cached)(target).space
    return space if space.code_options else None


def _find_measured(task: TableTask, space: SearchSpace) -> Archs:
    """Return the architectures of ``space`` that ``task`` measured, ``[m, d]``; its space may be larger or smaller."""
    own = task.space
    if own.name != space.name:
        raise _make_other_space_error(task.name, own.name, space.name)
    refuse_other_codes(Party(f"source '{task.name}'", own), Party("the searched task", space), "choose another source")
    measured = task.table.architectures[task.rows]
    return measured[space.is_valid(measured)]


def _open_task(name: str) -> TableTask:
    task = load_task(name) if recorded_entry(name) else _load_cached(name)
    return task.require_table(f"source '{name}'")


_load_cached = lru_cache(maxsize=64)(load_task)


@lru_cache(maxsize=1)
def _list_embedded() -> tuple[str, ...]:
    return tuple(task_names(embedded=True))


def _read_space_and_data_set(name: str) -> tuple[str, str]:
    """Return the space and the data set of a task; those of the suite's own tasks never change and are cached."""
    return space_and_data(name) if recorded_entry(name) or ":" in name else _read_shipped(name)


_read_shipped = lru_cache(maxsize=256)(space_and_data)


def _get_space_name(name: str) -> str:
    return _read_space_and_data_set(name)[0]


def _get_data_set(name: str) -> str:
    """Return a task's data set without the name of a split: ``cifar10`` for ``cifar10-valid``."""
    return _read_space_and_data_set(name)[1].partition("-")[0].lower()


def _list_tasks_of_space(space: str) -> list[str]:
    """Return the tasks of a space whose tables are available."""
    return [name for name in task_names() if not name.startswith("surrogate-") and _get_space_name(name) == space]


def _format_names(names: list[str], without: str = "") -> str:
    shown = [name for name in names if not without or _get_data_set(name) != _get_data_set(without)]
    return ", ".join(shown) or "(none is available)"
