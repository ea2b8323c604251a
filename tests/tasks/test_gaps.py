"""Tables with gaps are searched, or refused before the first run: random tables against a slow version of the rules."""

import itertools
import warnings
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench.choices import Choice
from nasbench.comparison.experiment import Experiment, Limits
from nasbench.comparison.running import one_run
from nasbench.errors import InvalidOption
from nasbench.registry import STRATEGIES
from nasbench.spaces.hyper import HyperSpace
from nasbench.spaces.nb201 import NASBench201
from nasbench.table import Measurement, Static, TableBuilder, write_table
from nasbench.tasks.load import load_table_task
from nasbench.trials import capabilities_of

MODEL_FREE = (
    *("random_search", "exhaustive", "local_search", "regularized_evolution", "regularized_evolution@nb201"),
    *("genetic_algorithm", "genetic_cnn", "differential_evolution", "large_scale_evolution", "one_plus_lambda", "umda"),
    *("simulated_annealing", "tabu_search", "reinforce", "q_learning", "mcts", "nash"),
    *("successive_halving", "hyperband", "asha", "async_hyperband", "pasha", "median_stopping", "dehb"),
)
TASK = """
title = "gaps"
version = 1
space = "{space}"
table = "{table}"
dataset = "d"
recipe = "r"
metric = "accuracy"
observed = "valid"
reported = ["{reported}"]
cost = {cost}
budget_s = 1e6
{more}
{options}
[tasks.t]
"""


@dataclass
class Case:
    """A table with gaps, a task on it, and a strategy.

    Attributes:
        space: of both.
        rows: [n, d] architectures of the table.
        valid, test: [n, s, t] scores, nan in gaps.
        spent_s: [n, s, t] seconds so far, nan in gaps.
        static_s: [n] seconds of a training, nan in gaps.
        cost, reported, search: of the task.
        strategy: which.
        seed: of everything else.
    """

    space: HyperSpace | NASBench201
    options: str
    rows: np.ndarray
    valid: np.ndarray
    test: np.ndarray
    spent_s: np.ndarray
    static_s: np.ndarray
    cost: str
    reported: str
    search: str
    strategy: str
    seed: int


@st.composite
def cases(draw):
    if draw(st.booleans()):
        sizes = draw(st.lists(st.integers(2, 4), min_size=1, max_size=3))
        kinds = [draw(st.sampled_from(("ordinal", "categorical"))) for _ in sizes]
        decisions = {f"x{i}": {kind: list(range(k))} for i, (kind, k) in enumerate(zip(kinds, sizes, strict=True))}
        space = HyperSpace(decisions)
        lines = [f"{name} = {{ {kind} = {values} }}" for name, own in decisions.items() for kind, values in own.items()]
        options = "[space_options.decisions]\n" + "\n".join(lines)
        everything = space.rows
    else:
        simplified = draw(st.booleans())
        space, options = (
            NASBench201(simplified=simplified),
            f"space_options = {{ simplified = {str(simplified).lower()} }}",
        )
        everything = np.unique(space.canonicalize(space.rows), axis=0)
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = min(len(everything), draw(st.sampled_from((1, 2, 3, 5, 12, 30, 64))))
    rows = everything[rng.permutation(len(everything))[:n]]
    shape = n, draw(st.integers(1, 2)), draw(st.integers(1, 4))
    gaps = draw(st.sampled_from((0.0, 0.02, 0.2, 0.6)))
    valid, test = rng.random(shape), rng.random(shape)
    spent_s, static_s = np.cumsum(rng.uniform(1.0, 9.0, shape), axis=2), rng.uniform(5.0, 50.0, n)
    if draw(st.integers(0, 9)) == 0 and shape[2] > 1:
        spent_s[rng.integers(n), 0] = spent_s[rng.integers(n), 0][::-1]
    for values in (valid, test, spent_s, static_s):
        values[rng.random(values.shape) < gaps * draw(st.sampled_from((0.0, 1.0)))] = np.nan
    for row in np.flatnonzero(rng.random(n) < draw(st.sampled_from((0.0, 0.0, 0.1, 0.5)))):
        valid[row, rng.integers(shape[1]), rng.integers(shape[2]) :] = np.nan  # crashed, where the seconds go on
    for values in (valid, test, spent_s, static_s):  # a column without any value is none
        if np.isnan(values).all():
            values.flat[-1] = 0.5
    cost = draw(st.sampled_from(("2.5", '"train_s"', '[{ split = "train", metric = "spent_s" }]')))
    strategy = draw(st.sampled_from(MODEL_FREE))
    chosen = cost, draw(st.sampled_from(("valid", "test"))), draw(st.sampled_from(("measured", "measured", "all")))
    return Case(space, options, rows, valid, test, spent_s, static_s, *chosen, strategy, int(rng.integers(2**31)))


def task_of(case, name, home, folder):
    where = {"dataset": "d", "recipe": "r", "seeds": np.arange(case.valid.shape[1])}
    where |= {"epochs": np.arange(1, case.valid.shape[2] + 1)}
    scored = {"metric": "accuracy", "unit": "fraction", "direction": "maximize"}
    seconds = {"unit": "s", "direction": "minimize"}
    draft = TableBuilder(
        **dict.fromkeys(("title", "citation", "licence", "source", "notes"), "a test"),
        name=name,
        space=case.space.name,
        architectures=case.rows,
        cardinality=case.space.cardinality,
        measurements=[
            Measurement(**where, **scored, split="valid", values=case.valid),
            Measurement(**where, **scored, split="test", values=case.test),
            Measurement(**where, **seconds, split="train", metric="spent_s", values=case.spent_s),
        ],
        statics=[Static(**seconds, dataset="d", metric="train_s", values=case.static_s)],
    )
    (home / "tables").mkdir(exist_ok=True)
    write_table(draft, home / f"tables/{name}.h5")
    file = folder / f"{name}.toml"
    text = TASK.format(
        space=case.space.name,
        table=name,
        reported=case.reported,
        cost=case.cost,
        more=f'search = "{case.search}"',
        options=case.options,
    )
    file.write_text(text)
    return load_table_task(f"{file}:t")


class Reading:
    """The rules, one number at a time."""

    def __init__(self, case):
        self.case = case
        self.n, self.n_seeds, self.n_epochs = case.valid.shape
        self.by_epoch = "spent_s" in case.cost
        ended, whole = ([i for i in range(self.n) if self.counts(i, only)] for only in (False, True))
        self.stepwise = self.n_epochs > 1 and 2 * len(whole) > len(ended)
        self.asked = whole if self.stepwise else ended

    def falls(self):
        curves = self.case.spent_s.reshape(-1, self.n_epochs).tolist()
        known = [[value for value in curve if value == value] for curve in curves]
        return self.by_epoch and any(a > b for curve in known for a, b in itertools.pairwise(curve))

    def last(self, values):
        return max((e + 1 for e in range(self.n_epochs) if values[e] == values[e]), default=0)

    def crashed(self, i, s):
        score, seconds = self.case.valid[i, s], self.case.spent_s[i, s]
        return self.by_epoch and score[-1] != score[-1] and self.last(seconds) > self.last(score)

    def shown(self, i, stepwise):
        score = self.case.valid[i]
        wanted = range(self.n_epochs) if stepwise else [self.n_epochs - 1]
        return [s for s in range(self.n_seeds) if all(score[s, e] == score[s, e] for e in wanted) or self.crashed(i, s)]

    def gone(self, i):
        """Nothing but crashes."""
        ended = [s for s in range(self.n_seeds) if self.case.valid[i, s, -1] == self.case.valid[i, s, -1]]
        return not ended and any(self.crashed(i, s) for s in range(self.n_seeds))

    def paid(self, i, stepwise):
        if self.case.cost == "2.5" or self.gone(i):
            return True
        if not self.by_epoch:
            return self.case.static_s[i] == self.case.static_s[i]
        wanted = range(self.n_epochs) if stepwise else [self.n_epochs - 1]
        return all(any(self.case.spent_s[i, s, e] > 0 for s in range(self.n_seeds)) for e in wanted)

    def counts(self, i, stepwise):
        regret = self.case.test[i, :, -1] if self.case.reported == "test" else self.case.valid[i, :, -1]
        known = any(value == value for value in regret.tolist()) or self.gone(i)
        return bool(self.shown(i, stepwise)) and self.paid(i, stepwise) and known

    def best(self):
        """Mean over seeds of what is reported of the best that may be asked for; None where none has one."""
        values = (self.case.test if self.case.reported == "test" else self.case.valid)[:, :, -1]
        means = [np.nanmean(values[i]) for i in self.asked if not np.isnan(values[i]).all()]
        return max(means, default=None)


def check(case, name, home, folder):
    task, reading = task_of(case, name, home, folder), Reading(case)
    own = case.space.canonicalize if case.space.trained_once_per_class else np.asarray
    n_all = len(np.unique(own(case.space.rows), axis=0))
    crashes_only = all(reading.gone(i) for i in reading.asked)
    if (
        reading.falls()
        or reading.best() is None
        or crashes_only
        or (len(reading.asked) == 1 < n_all and case.search == "measured")
    ):
        with pytest.raises(InvalidOption, match=r"falls from|was measured"):
            task.check()
        return
    task.check()
    asked = {tuple(case.rows[i].tolist()): i for i in reading.asked}
    searched = {tuple(row) for row in own(task.space.rows).tolist()}
    assert (searched == asked.keys()) == (case.search == "measured" or len(asked) == n_all)
    assert bool(task.restriction) == (len(asked) < n_all)
    assert task.epochs == (tuple(range(1, reading.n_epochs + 1)) if reading.stepwise else (reading.n_epochs,))
    if case.search == "measured":
        assert task.optimum.score == pytest.approx(reading.best())
    if capabilities_of(STRATEGIES.load(case.strategy.partition("@")[0])).requires_fidelities and len(task.epochs) == 1:
        return
    choice = Choice.parse(case.strategy)
    experiment = Experiment((task.name,), (choice,), 1, case.seed, Limits(trials=25), n_workers=1 + case.seed % 3)
    run = one_run(experiment, task, choice, 0)
    assert not run.failed, run.error
    answers_make_sense(case, reading, asked, run.history, own)


def answers_make_sense(case, reading, asked, history, own):
    assert len(history.id)
    assert (history.cost_s >= 0).all()
    assert (np.diff(history.finish_s) >= 0).all()
    complete: dict[int, float] = {}
    for trial, arch, epoch, score, cost_s in zip(*history[:5], strict=True):
        row = asked.get(tuple(own(arch[None])[0].tolist()))
        complete[trial] = complete.get(trial, 0.0) + cost_s
        if row is None:
            assert case.search == "all"
            assert score != score
            continue
        shown = reading.shown(row, reading.stepwise)
        values = [case.valid[row, s, epoch - 1] for s in shown]
        assert any(score == value or (score != score and value != value) for value in values)
        assert score == score or any(reading.crashed(row, s) for s in shown)
        if case.cost == '"train_s"' and epoch == reading.n_epochs:
            assert complete[trial] == pytest.approx(case.static_s[row])
        if reading.by_epoch:
            assert complete[trial] <= np.nanmax(case.spent_s[row]) * (1 + 1e-9)


def test_a_table_with_gaps_is_searched_or_refused_before_the_first_run(request, home, tmp_path):
    numbers = itertools.count()

    @settings(max_examples=1000 if request.config.getoption("everywhere") else 100, deadline=None)
    @given(cases())
    def every(case):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            check(case, f"gaps{next(numbers)}", home, tmp_path)

    every()
