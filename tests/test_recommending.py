"""What a search hands over: by hand, against a plain loop, and as a strategy says it itself."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nasbench
from nasbench import Budget, History, Simulation
from nasbench.comparison.experiment import Experiment, Limits
from nasbench.comparison.plausibility import explain_misfit
from nasbench.comparison.running import one_run
from nasbench.errors import InvalidArchitecture, StrategyError
from nasbench.recommending import find_comparable, find_incumbents, find_non_dominated, recommend_by_default
from nasbench.registry import SPACES, Choice
from nasbench.simulation import no_history
from nasbench.strategies.model_free.random_search import RandomSearch
from nasbench.trials import Recommendation

SPACE = SPACES.load("nb201")()
NAN = np.nan


def history(scores, epochs=None):
    score = np.array(scores, dtype=float).reshape(len(scores), -1)
    n = len(score)
    return History(
        np.arange(n), SPACE.rows[:n], np.full(n, 200) if epochs is None else np.array(epochs),
        score, np.ones(n), np.arange(1.0, n + 1), np.isnan(score[:, 0]),
    )  # fmt: skip


def changes(told):
    """When what is handed over changes, and to which trials."""
    return [(one.time_s, SPACE.index(one.archs).tolist()) for one in recommend_by_default(told)]


def test_the_first_of_the_best_is_handed_over_and_never_a_crash():
    assert changes(history([NAN, 0.3, 0.3, 0.5, NAN, 0.4])) == [(2.0, [1]), (4.0, [3])]
    assert changes(history([NAN, NAN])) == []


def test_a_longer_training_replaces_what_was_stopped_earlier():
    """A crash at epoch 30 shows nothing, so that epoch 3 stays the largest until trial 3."""
    told = history([0.5, 0.9, NAN, 0.2, 0.99, 0.2, 0.3], [3, 3, 30, 30, 3, 30, 30])
    assert changes(told) == [(1.0, [0]), (2.0, [1]), (4.0, [3]), (7.0, [6])]
    assert np.flatnonzero(find_comparable(told)).tolist() == [3, 5, 6]


def test_of_several_objectives_the_non_dominated_set_is_handed_over():
    """Trial 2 is beaten by 0, trial 3 beats both before it, 4 is equal to 3, 5 lacks its second objective."""
    scores = [[0.5, -2.0], [0.4, -1.0], [0.5, -3.0], [0.6, -1.0], [0.6, -1.0], [0.9, NAN], [NAN, NAN]]
    assert changes(history(scores)) == [(1.0, [0]), (2.0, [0, 1]), (4.0, [3]), (6.0, [3, 5])]
    assert find_non_dominated(np.array(scores)[:6]).tolist() == [3, 5]
    assert changes(history([[0.5, 1.0], [0.1, 0.1]], [3, 9])) == [(1.0, [0]), (2.0, [1])]


TRIALS = st.lists(st.tuples(st.sampled_from([1, 3, 9]), st.sampled_from([0.1, 0.2, 0.3, NAN])), max_size=12)


def best_at_any_time(trials):
    """The definition, word by word: the positions that the best at the largest fidelity so far takes."""
    found = []
    for n in range(1, len(trials) + 1):
        seen = [(epoch, score, i) for i, (epoch, score) in enumerate(trials[:n]) if score == score]
        if seen:
            last = max(epoch for epoch, _, _ in seen)
            _, at = max((score, -i) for epoch, score, i in seen if epoch == last)
            if not found or found[-1] != -at:
                found.append(-at)
    return found


@given(st.lists(TRIALS, min_size=1, max_size=3))
def test_incumbents_are_the_definition_in_one_run_and_in_several_joined(runs):
    columns = [(*trial, number) for number, trials in enumerate(runs) for trial in trials]
    epoch, score, run = (np.array(column) for column in zip(*columns, strict=True)) if columns else np.empty((3, 0))
    starts = np.cumsum([0, *map(len, runs)])
    expected = [start + at for start, trials in zip(starts, runs, strict=False) for at in best_at_any_time(trials)]
    assert find_incumbents(epoch, score, np.isnan(score), run).tolist() == expected
    alone = slice(0, len(runs[0]))
    found = find_incumbents(epoch[alone], score[alone], np.isnan(score[alone]))
    assert found.tolist() == best_at_any_time(runs[0])


class Says(RandomSearch):
    """Random search that hands over what a function makes of the number of answers so far."""

    answer = staticmethod(lambda n: SPACE.rows[[n // 3]])

    def __init__(self, space, rng):
        super().__init__(space, rng)
        self.n_told = 0

    def tell(self, results):
        self.n_told += len(results.id)

    def recommend(self):
        return self.answer(self.n_told)


def test_a_strategy_says_itself_what_it_hands_over_and_changes_are_kept(cifar10):
    simulation = Simulation(Says(SPACE, np.random.default_rng(0)), cifar10.backend(np.random.default_rng(0)),
                            SPACE, budget=Budget(trials=7))  # fmt: skip
    ends = simulation.run().finish_s
    assert [(one.time_s, one.archs.tolist()) for one in simulation.recommendations] == [
        (ends[n - 1], SPACE.rows[[at]].tolist()) for n, at in ((1, 0), (3, 1), (6, 2))
    ]
    silent = Simulation(RandomSearch(SPACE, np.random.default_rng(0)), cifar10.backend(np.random.default_rng(0)), SPACE,
                        budget=Budget(trials=3))  # fmt: skip
    silent.run()
    assert silent.recommendations == []


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (lambda n: SPACE.rows[:0], StrategyError, r"shape \(0, 6\); expected architectures \[k, 6\], at least one"),
        (lambda n: SPACE.rows[0], StrategyError, "at least one"),
        (lambda n: None, StrategyError, "recommend returned NoneType"),
        (lambda n: SPACE.rows[:1] + np.int8(9), InvalidArchitecture, "not an architecture of space 'nb201'"),
        (lambda n: SPACE.rows[:1, :5], InvalidArchitecture, r"\[n, 6\]"),
    ],
)
def test_what_cannot_be_handed_over_is_refused(cifar10, answer, error, says):
    strategy = Says(SPACE, np.random.default_rng(0))
    strategy.answer = answer
    backend = cifar10.backend(np.random.default_rng(0))
    with pytest.raises(error, match=says):
        Simulation(strategy, backend, SPACE, budget=Budget(trials=3)).run()


def test_runs_keep_recommendations_and_verify_looks_at_them(cifar10):
    experiment = Experiment.of("nb201-cifar10", Says, runs=1, limits=Limits(trials=7))
    run = one_run(experiment, cifar10, Choice.parse(Says), 0)
    assert len(run.recommendations) == 3
    assert explain_misfit(experiment, cifar10, 0, run.history, run.recommendations) == ""
    first = run.recommendations[0]
    for changed, says in (
        (first._replace(archs=first.archs + np.int8(9)), "not an architecture of space"),
        (first._replace(archs=first.archs[:0]), "at least one architecture"),
        (first._replace(time_s=first.time_s / 2), "no trial ended"),
    ):
        assert says in explain_misfit(experiment, cifar10, 0, run.history, (changed, *run.recommendations[1:]))
    assert "before its first result" in explain_misfit(
        experiment, cifar10, 0, no_history(SPACE), (Recommendation(1.0, SPACE.rows[:1]),)
    )


def test_a_recommendation_that_a_strategy_writes_over_stays(cifar10):
    class Refills(Says):
        def recommend(self):
            self.buffer = getattr(self, "buffer", SPACE.rows[:1].copy())
            self.buffer[:] = SPACE.rows[self.n_told]
            return self.buffer

    task = nasbench.load_task("nb201-cifar10")
    simulation = Simulation(Refills(SPACE, np.random.default_rng(0)), task.backend(np.random.default_rng(0)), SPACE,
                            budget=Budget(trials=4))  # fmt: skip
    simulation.run()
    assert [SPACE.index(one.archs).item() for one in simulation.recommendations] == [1, 2, 3, 4]
