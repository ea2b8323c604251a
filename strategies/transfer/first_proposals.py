"""First proposals: train what another contestant proposed first, then continue with any strategy.

A search that a language model leads often wins by its first proposals, which it has read about, and not by how it goes
on. The test is to give the same start to a plain strategy: run r of this one asks first for the first architectures
that the other contestant asked for in run r of the same task, and pays for them as for its own.

    first_proposals,source=results/llm,contestant=agent,first=10,inner=regularized_evolution

The record is one that ``nasbench compare`` wrote, in another folder than the new one; ``nasbench merge`` joins the two.
Nothing but the architectures is taken over: scores come from the new run, and since the same runs of a task meet the
same noise, they are the same. Proposals count in the order of their results, each architecture once, and are trained
completely. The inner strategy gets the results as in ``switching``.

Own design. That a language model's first proposals alone help a plain search is reported by Liu et al. 2024, "Large
Language Models to Enhance Bayesian Optimization" (arXiv 2402.03921), for hyperparameters.

``source=none`` (the default) is the inner strategy alone. In an experiment of your own, ``run`` says whose proposals.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from nasbench.arrays import Archs
from nasbench.choices import Choice
from nasbench.comparison.record import SearchRecord
from nasbench.errors import InvalidOption, make_unknown_name
from nasbench.options import Count, Text, Whole
from nasbench.records.opening import recorded_task
from nasbench.records.store import is_record
from nasbench.registry import STRATEGIES, sources_of
from nasbench.spaces import Party, SearchSpace, refuse_other_codes
from nasbench.strategies._sources import NONE
from nasbench.strategies._two_phase import Design, StrategyFactory, TwoPhaseSearch


class FirstProposals(TwoPhaseSearch):
    """The first proposals of a recorded contestant, then any strategy.

    Args:
        space: where to search.
        rng: draws all numbers of the inner strategy.
        source: folder of a record of searches, or ``none``.
        contestant: label of the recorded strategy; empty for the only one.
        first: number of its proposals to train.
        inner: label of the strategy that continues.
        target: name of the task that is searched; a comparison fills it in.
        run: number of the run whose proposals are taken; a comparison fills it in.

    Raises:
        InvalidOption: ``first`` is below 1, there is no record, or it is of another space or lacks the run.
        UnknownName: the record has no such task or contestant, or there is no such strategy.
        RecordError: the record is damaged.
    """

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        source: str = NONE,
        contestant: str = "",
        first: Count = 10,
        inner: "str | type | Choice" = "regularized_evolution@nb201",
        target: Text = "",
        run: Whole | None = None,
    ) -> None:
        if source == NONE and contestant:
            raise InvalidOption(
                f"contestant={contestant!r}, but source='none'; give the folder of its record as source"
            )
        design = (
            space.no_archs
            if source == NONE
            else _read_proposals(_open_record(source), target, contestant, run or 0, space)[:first]
        )
        super().__init__(space, rng, first=Design(design), n_first=len(design), then=StrategyFactory.of(inner, target))

    @staticmethod
    def sources(task: str, options: Mapping[str, Any]) -> list[str]:
        """Return the record, and what the inner strategy learns from."""
        source = options.get("source", NONE)
        inner = sources_of(Choice.parse(options.get("inner", "regularized_evolution@nb201")), STRATEGIES, task)
        return ([] if source == NONE else [str(_open_record(source).path)]) + inner


def _open_record(source: str) -> SearchRecord:
    """Return the record in a folder.

    Raises:
        InvalidOption: there is none.
        RecordError: it is damaged, or of predictors.
    """
    if not is_record(Path(source)):
        raise InvalidOption(
            f"source={source!r} is not the folder of a record; expected one that 'nasbench compare' wrote"
        )
    return SearchRecord(Path(source))


def _read_proposals(record: SearchRecord, target: str, contestant: str, run: int, space: SearchSpace) -> Archs:
    """Return the distinct architectures that a contestant trained in a run, in order; ``[n, d]``."""
    task, label = _find_task(record, target), _find_contestant(record, contestant)
    there = recorded_task(record, task).space
    if there.name != space.name:
        raise InvalidOption(f"record {record.path} is of space '{there.name}', but '{space.name}' is searched")
    refuse_other_codes(
        Party(f"record {record.path}", there), Party("the searched task", space), "choose another source"
    )
    numbered = {one.number: one for one in record.runs(task, label)}
    if run not in numbered:
        raise InvalidOption(
            f"record {record.path} has {len(numbered)} runs of {label} on {task}, and none with number {run}; ask for "
            "as many runs as it has"
        )
    archs = numbered[run].history.arch
    if not len(archs):
        raise InvalidOption(f"run {run} of {label} on {task} in {record.path} has no finished trial to start from")
    _, first = np.unique(archs, axis=0, return_index=True)
    proposed: Archs = archs[np.sort(first)]
    return proposed


def _find_task(record: SearchRecord, target: str) -> str:
    """Return the name of a task in a record, which may be the path from which it was loaded."""
    names = {name: name for name in record.tasks}
    names |= {str(record.spec["tasks"][name]["declaration"].get("name", name)): name for name in record.tasks}
    if not target and len(record.tasks) == 1:
        return record.tasks[0]
    if target not in names:
        raise make_unknown_name(f"task of record {record.path}", target, names)
    return names[target]


def _find_contestant(record: SearchRecord, label: str) -> str:
    if not label and len(record.strategies) == 1:
        return record.strategies[0]
    if label not in record.strategies:
        raise make_unknown_name(f"contestant of record {record.path}", label, record.strategies)
    return label
