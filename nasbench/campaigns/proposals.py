"""What to train next, from a table of trainings: the answer of one call, without a file."""

from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.campaigns.player import Player, require_warm_start
from nasbench.campaigns.settings import DEFAULT_STRATEGY, Settings, name_space, read_space
from nasbench.campaigns.tables import make_frame
from nasbench.choices import Choice
from nasbench.errors import SearchFinished
from nasbench.options import require_whole_number
from nasbench.tasks import TableTask, load_task

if TYPE_CHECKING:
    import pandas as pd


def suggest(task: Any, n: int = 8, *, strategy: str = DEFAULT_STRATEGY, seed: int = 0) -> "pd.DataFrame":
    """Return architectures to train next, learnt from the trainings in a task's table.

    All architectures of the whole space may be suggested, except those that the table holds.

    Args:
        task: a task with a table, or its name.
        n: number of architectures.
        strategy: label of a strategy that learns from given trainings.
        seed: seed of its random numbers.

    Returns:
        One row for each architecture: the decisions where the space names their values, and ``architecture`` as text.
        Fewer than ``n`` where fewer are left.

    Raises:
        SearchFinished: all architectures of the space were trained.
        InvalidOption: the task has no table, or the strategy does not learn from given trainings.
    """
    n = require_whole_number("n", n, least=1)
    table_task = load_task(task).require_table("the task to suggest for")
    space, _ = read_space(table_task)
    named = name_space(space)
    settings = Settings(
        named["space"], named["space_options"], table_task.objectives[0], Choice.parse(strategy).label, seed
    )
    require_warm_start(settings)
    archs, scores = list_trained(table_task)
    if len(archs) >= min(space.size, space.n_classes):
        raise SearchFinished(f"all {len(archs):,} architectures of task '{table_task.name}' were trained: none is left")
    player = Player(settings)
    player.warm_start(archs, scores)
    proposed = player.ask(n, n_pending=0)
    if proposed.finished:
        raise SearchFinished(f"no architecture of task '{table_task.name}' is left that was not trained")
    return make_frame(space, proposed.archs, {}, {})


def list_trained(task: TableTask) -> tuple[Archs, Floats]:
    """Return the architectures [m, d] that a table answers for, and their scores [m]: means over seeds, to maximise.

    The score of a training that crashed is nan.
    """
    seen, archs = task.observations, task.table.architectures
    answered = (seen.n_seeds > 0 if seen.measured is None else seen.measured)[: len(archs)]
    rows = np.flatnonzero(answered & task.whole.is_valid(archs))
    return archs[rows], task.sign * task.observed.query(rows)
