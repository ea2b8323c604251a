"""The clock: it never runs backwards, charges each second once, and keeps every worker busy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nasbench
from nasbench import Budget, Results, Simulation, Trials, full_trainings
from nasbench.errors import InvalidArchitecture, InvalidOption, SearchFinished, StrategyError
from nasbench.registry import SPACES
from nasbench.strategies.model_free.random_search import RandomSearch

SPACE = SPACES.load("nb201")()


class Costs:
    """A backend whose i-th trial costs ``costs[i]`` and scores i."""

    def __init__(self, costs):
        self.costs = np.array(costs, dtype=float)

    def advance(self, trials):
        cost = self.costs[trials.id % len(self.costs)]
        return Results(trials.id, np.full(len(cost), 4), trials.id[:, None].astype(float), cost)


def run(costs, *, n_workers=1, strategy=None, **budget):
    strategy = strategy or RandomSearch(SPACE, np.random.default_rng(0))
    return Simulation(strategy, Costs(costs), SPACE, budget=Budget(**budget), n_workers=n_workers).run()


def test_one_worker_adds_up():
    history = run([3.0, 1.0, 2.0], trials=5)
    assert history.finish_s.tolist() == [3.0, 4.0, 6.0, 9.0, 10.0]
    assert history.id.tolist() == [0, 1, 2, 3, 4]


def test_two_workers_by_hand():
    # worker A: 0 (0-3), 2 (3-4 after B's end)...  B: 1 (0-1), 2 (1-3)
    history = run([3.0, 1.0, 2.0, 5.0], n_workers=2, trials=4)
    assert history.id.tolist() == [1, 0, 2, 3]
    assert history.finish_s.tolist() == [1.0, 3.0, 3.0, 8.0]


def test_what_would_end_after_the_budget_is_not_told():
    assert run([3.0], seconds=9.0).finish_s.tolist() == [3.0, 6.0, 9.0]
    assert run([3.0], seconds=8.999).finish_s.tolist() == [3.0, 6.0]
    assert len(run([3.0], seconds=1.0).id) == 0
    assert len(run([3.0], epochs=9).id) == 3


@given(
    st.lists(st.floats(0.01, 100), min_size=1, max_size=20),
    st.integers(1, 8),
    st.integers(1, 60),
)
@settings(max_examples=200, deadline=None)
def test_the_clock_conserves_seconds(costs, n_workers, n_trials):
    history = run(costs, n_workers=n_workers, trials=n_trials)
    assert len(history.id) == n_trials
    assert (np.diff(history.finish_s) >= 0).all()
    start_s = history.finish_s - history.cost_s
    assert (start_s >= -1e-9).all()
    # never more than n_workers at a time, and all of them busy until the last start
    times = np.concatenate([start_s + 1e-9 * (1 + start_s), history.finish_s - 1e-9 * (1 + history.finish_s)])
    running = [((start_s <= t) & (t <= history.finish_s)).sum() for t in times]
    assert max(running) <= n_workers
    assert history.cost_s.sum() <= history.finish_s[-1] * n_workers * (1 + 1e-9)
    if n_trials >= n_workers:
        assert history.cost_s.sum() >= start_s.max() * n_workers * (1 - 1e-9)


def test_a_run_is_worth_the_same_whoever_watches():
    strategy = RandomSearch(SPACE, np.random.default_rng(0))
    simulation = Simulation(strategy, Costs([2.0, 1.0]), SPACE, budget=Budget(trials=7), n_workers=2)
    seen = [result.id[0] for result in simulation]
    assert seen == simulation.history.id.tolist() == run([2.0, 1.0], n_workers=2, trials=7).id.tolist()
    assert simulation.overhead_s > 0


class Asks:
    """A strategy that answers every ask with what a function returns."""

    def __init__(self, answer):
        self.answer, self.n = answer, 0

    def ask(self, n):
        self.n += 1
        return self.answer(self.n, n)

    def tell(self, results): ...


ONE = SPACE.rows[:1]


@pytest.mark.parametrize(
    ("answer", "error", "says"),
    [
        (lambda k, n: full_trainings(0, ONE[:0]), StrategyError, "wait forever"),
        (lambda k, n: full_trainings(k, ONE if k < 3 else ONE[:0]), StrategyError, "after 2 trials"),
        (lambda k, n: None, StrategyError, "NoneType; expected nasbench.Trials"),
        (lambda k, n: full_trainings(k, ONE[0]), StrategyError, "expected"),
        (lambda k, n: full_trainings(k, ONE[:, :5]), StrategyError, r"\[n, 6\]"),
        (lambda k, n: Trials(np.arange(2), ONE, np.array([-1])), StrategyError, "2 ids"),
        (lambda k, n: full_trainings(k, SPACE.rows[:5]), StrategyError, r"ask\(1\) returned 5"),
        (lambda k, n: full_trainings(k, ONE + np.int8(7)), InvalidArchitecture, "not an architecture of space 'nb201'"),
        (lambda k, n: full_trainings(k, ONE + 0.5), InvalidArchitecture, "float64"),
        (lambda k, n: full_trainings(0, ONE), StrategyError, "asked again"),
        (lambda k, n: Trials(np.array(["a"]), ONE, np.array([-1])), StrategyError, "expected int64"),
        (lambda k, n: Trials(np.array([k + 0.5]), ONE, np.array([-1])), StrategyError, "expected int64"),
        (lambda k, n: Trials(np.array([2**63 + k], dtype=np.uint64), ONE, np.array([-1])), StrategyError, "int64"),
        (lambda k, n: full_trainings(k, ONE == 0), InvalidArchitecture, "bool"),
        (lambda k, n: Trials(np.array([k]), ONE, np.array([12])), StrategyError, r"epochs \[12\]"),
    ],
)
def test_a_strategy_that_breaks_the_contract_is_told_how(cifar10, answer, error, says):
    simulation = Simulation(Asks(answer), cifar10.backend(np.random.default_rng(0)), SPACE, budget=Budget(trials=100))
    with pytest.raises(error, match=says):
        simulation.run()
    assert len(simulation.history.id) < 3


def test_a_finished_strategy_ends_the_run_after_its_last_trial():
    def answer(k, n):
        if k > 3:
            raise SearchFinished("done")
        return full_trainings(k, ONE)

    assert len(run([1.0], strategy=Asks(answer), trials=100, n_workers=1).id) == 3


class Grows:
    """A backend of ten epochs that costs a second each."""

    def __init__(self):
        self.reached = {}

    def advance(self, trials):
        epochs = np.where(trials.epoch == -1, 10, trials.epoch)
        before = np.array([self.reached.get(trial, 0) for trial in trials.id.tolist()])
        self.reached.update(zip(trials.id.tolist(), epochs.tolist(), strict=True))
        return Results(trials.id, epochs, epochs[:, None] / 10, (epochs - before).astype(float))


def test_a_trial_may_not_go_on_before_it_is_told():
    """Trial 0 runs three seconds; asked again at once, on the second worker, it would run twice at a time."""

    def answer(k, n):
        return Trials(np.array([0]), ONE, np.array([3 * k]))

    simulation = Simulation(Asks(answer), Grows(), SPACE, budget=Budget(trials=5), n_workers=2)
    with pytest.raises(StrategyError, match=r"\[0\] are asked again while they are running"):
        simulation.run()
    history = Simulation(Asks(answer), Grows(), SPACE, budget=Budget(trials=3)).run()
    assert history.finish_s.tolist() == [3.0, 6.0, 9.0]


def test_a_complete_trial_that_runs_may_not_be_asked_again_either():
    """The first trials are complete ones, which need no book-keeping; then the second is asked in part."""

    def answer(k, n):
        return Trials(np.array([0]), ONE, np.array([-1 if k == 1 else 5]))

    with pytest.raises(StrategyError, match="while they are running"):
        Simulation(Asks(answer), Grows(), SPACE, budget=Budget(trials=5), n_workers=2).run()


def test_epochs_that_go_on_are_counted_once():
    def answer(k, n):
        return Trials(np.array([(k - 1) // 2]), ONE, np.array([5 if k % 2 else 10]))

    history = Simulation(Asks(answer), Grows(), SPACE, budget=Budget(epochs=25)).run()
    assert history.epoch.tolist() == [5, 10, 5, 10, 5]


def test_iterating_again_goes_on_where_it_stopped():
    strategy = RandomSearch(SPACE, np.random.default_rng(0))
    simulation = Simulation(strategy, Costs([2.0, 1.0]), SPACE, budget=Budget(trials=9), n_workers=2)
    for _ in simulation:
        break
    assert simulation.run().finish_s.tolist() == run([2.0, 1.0], n_workers=2, trials=9).finish_s.tolist()


def test_trials_and_epochs_are_whole_numbers():
    with pytest.raises(InvalidOption, match="whole number"):
        Budget(trials=2.5)


@pytest.mark.parametrize("limit", [0, -1, float("nan")])
@pytest.mark.parametrize("name", ["seconds", "trials", "epochs"])
def test_a_budget_without_sense_is_refused(name, limit):
    with pytest.raises(InvalidOption, match="positive"):
        Budget(**{name: limit})


def test_no_budget_and_no_workers_are_refused(cifar10):
    with pytest.raises(InvalidOption, match="never end"):
        Budget()
    with pytest.raises(InvalidOption, match="0 workers"):
        run([1.0], n_workers=0, trials=1)


def test_the_same_noise_meets_every_strategy_in_the_same_run(cifar10):
    """Two backends of one run answer alike whatever was asked before."""
    archs = SPACE.sample(500, np.random.default_rng(1))
    a, b, other = (cifar10.backend(np.random.default_rng(seed)) for seed in (0, 0, 1))
    scores = a.advance(full_trainings(0, archs)).score
    b.advance(full_trainings(0, archs[::-1].copy()))
    again = b.advance(full_trainings(1000, archs)).score
    assert (scores == again).all()
    assert (scores != other.advance(full_trainings(0, archs)).score).mean() > 0.5


def test_every_seed_is_shown_equally_often(cifar10):
    everything = SPACE.rows
    shown = cifar10.backend(np.random.default_rng(0)).advance(full_trainings(0, everything)).score[:, 0]
    seeds = np.stack([cifar10.query(everything, seed=seed) for seed in range(3)], axis=1)
    three = ~np.isnan(seeds[:, 2]) & (np.diff(np.sort(seeds, axis=1), axis=1) > 0).all(axis=1)
    share = (seeds[three] == shown[three, None]).mean(axis=0)
    np.testing.assert_allclose(share, 1 / 3, atol=0.02)


def test_public_names_are_all_there():
    for name in nasbench.__all__:
        assert getattr(nasbench, name) is not None
    with pytest.raises(AttributeError, match="No nasbench attribute nothing"):
        nasbench.nothing  # noqa: B018
