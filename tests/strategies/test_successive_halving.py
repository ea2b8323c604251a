"""Rungs and brackets against hand-worked tables, Optuna's pruners and plain loops that sort everything every time."""

import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from landscapes import SPACE, Curves, Watched

from nasbench import Budget, Simulation
from nasbench.backends.checkpoints import Checkpoints
from nasbench.errors import InvalidOption
from nasbench.registry import STRATEGIES
from nasbench.strategies.multi_fidelity._rungs import Ladder, Rung, compute_halved_sizes, compute_hyperband_sizes
from nasbench.strategies.multi_fidelity.asha import ASHA
from nasbench.strategies.multi_fidelity.async_hyperband import AsyncHyperband
from nasbench.strategies.multi_fidelity.hyperband import Hyperband
from nasbench.strategies.multi_fidelity.median_stopping import MedianStopping
from nasbench.strategies.multi_fidelity.pasha import PASHA, measure_crossings
from nasbench.strategies.multi_fidelity.successive_halving import SuccessiveHalving

STOPPING = [name for name in STRATEGIES.names() if STRATEGIES.literal(name, "requires_fidelities")]
LOOKING = ("median_stopping", "predictive_termination")  # epoch by epoch, without rungs


def every(last):
    return tuple(range(1, last + 1))


def ladder(epochs, eta=3, low=1, high=None):
    return Ladder(epochs, eta=eta, min_epoch=low, max_epoch=high)


def searched(strategy, backend, *, trials, n_workers=1, checkpoints=Checkpoints()):  # noqa: B008 (frozen)
    watched = Watched(strategy)
    history = Simulation(
        watched,
        backend,
        SPACE,
        budget=Budget(trials=trials),
        n_workers=n_workers,
        checkpoints=checkpoints,
    ).run()
    return watched.events, history


# --- the tables ------------------------------------------------------------------------------------------------------


def test_the_brackets_of_the_papers_table():
    """Li et al. 2018, R = 81, eta = 3: n = ceil((s_max + 1) / (s + 1) eta^s), n_i = floor(n eta^-i), by hand."""
    assert compute_hyperband_sizes(5, 3) == [[81, 27, 9, 3, 1], [34, 11, 3, 1], [15, 5, 1], [8, 2], [5]]
    assert ladder(every(81)).downwards() == (1, 3, 9, 27, 81)


def test_the_brackets_of_hpbandster():
    """Its formula, floor((s_max + 1) / (s + 1)) eta^s, for R = 81: the table in the first version of the paper."""
    assert compute_hyperband_sizes(5, 3, rounding="down") == [[81, 27, 9, 3, 1], [27, 9, 3, 1], [9, 3, 1], [6, 2], [5]]
    # budgets 12 / 9, 12 / 3 and 12, of which NATS-Bench's authors take the whole part
    assert ladder(every(12)).downwards() == (1, 4, 12)
    assert compute_hyperband_sizes(3, 3, rounding="down") == [[9, 3, 1], [3, 1], [3]]


@pytest.mark.parametrize(
    ("low", "high", "eta"), [(1, 81, 3), (1, 100, 3), (1, 12, 3), (12, 200, 3), (1, 64, 2), (4, 108, 3)]
)
def test_brackets_begin_with_as_many_as_in_optuna(low, high, eta):
    optuna = pytest.importorskip("optuna")
    pruner = optuna.pruners.HyperbandPruner(min_resource=low, max_resource=high, reduction_factor=eta)
    pruner._try_initialization(None)
    rungs = ladder(every(high), eta, low).downwards()
    assert [sizes[0] for sizes in compute_hyperband_sizes(len(rungs), eta)] == pruner._trial_allocation_budgets


def test_rungs_of_asha_by_hand():
    assert ladder(every(100), 4).upwards() == (1, 4, 16, 64, 100)
    assert ladder(every(81), 3).upwards() == (1, 3, 9, 27, 81)
    assert ladder(every(200), 3, 12).upwards() == (12, 36, 108, 200)
    assert ladder((4, 12, 36, 108), 3, 4).upwards() == (4, 12, 36, 108)
    assert ladder((12, 200), 3).upwards() == (12, 200), "equal rungs are one"
    assert ladder(()).upwards() == ladder(()).downwards() == (-1,)
    assert ladder(every(50), 3, 1, 30).upwards() == (1, 3, 9, 27, 30)


def test_halving_rounds_down_to_at_least_one():
    assert compute_halved_sizes(34, 4, 3) == [34, 11, 3, 1]
    assert compute_halved_sizes(2, 3, 4) == [2, 1, 1]


@pytest.mark.parametrize(
    ("name", "options"),
    [
        *itertools.product(
            [name for name in STOPPING if name not in LOOKING],
            [{"eta": 1}, {"eta": float("nan")}, {"min_epoch": 0}, {"min_epoch": 9, "max_epoch": 4}],
        ),
        ("median_stopping", {"grace": 0}),
        ("median_stopping", {"every": 0}),
        ("predictive_termination", {"threshold": 1.0}),
        ("predictive_termination", {"n_looks": 0}),
    ],
)
def test_rungs_and_looks_without_sense_are_refused(name, options, rng):
    with pytest.raises(InvalidOption, match="expected"):
        STRATEGIES.load(name)(SPACE, rng, epochs=every(27), **options)


@pytest.mark.parametrize(("strategy", "option"), [(ASHA, "kind"), (Hyperband, "rounding")])
def test_unknown_kinds_are_refused(strategy, option, rng):
    with pytest.raises(InvalidOption, match=f"{option}=x .* expected one of"):
        strategy(SPACE, rng, **{option: "x"})


# --- one rung --------------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from([0.1, 0.2, 0.3, 0.4, -np.inf]), max_size=40), st.sampled_from([2, 3, 4, 2.5]))
@settings(max_examples=300, deadline=None)
def test_a_rung_promotes_as_sorting_would(scores, eta):
    """Algorithm 2 of the ASHA paper: the first of the best floor(n / eta) that was not promoted."""
    rung, promoted = Rung(), []
    for trial, score in enumerate(scores):
        rung.add(trial, score)
        best = sorted(range(trial + 1), key=lambda i: (-scores[i], i))[: int((trial + 1) / eta)]
        expected = next((i for i in best if i not in promoted and scores[i] > -np.inf), None)
        assert rung.promote(eta) == expected
        if expected is not None:
            promoted.append(expected)


# --- synchronous -----------------------------------------------------------------------------------------------------


def naive_bracket(sizes, epochs, archs, backend):
    """Successive halving as in the papers: train all, sort, keep the best; returns who was trained to which epoch."""
    alive, trained = np.arange(sizes[0]), []
    for i, epoch in enumerate(epochs):
        trained += [(trial, epoch) for trial in alive.tolist()]
        scores = backend.score(archs[alive], np.full(len(alive), epoch))
        kept = sizes[i + 1] if i + 1 < len(sizes) else 0
        alive = alive[np.argsort(-scores, kind="stable")[:kept]]
    return trained


@pytest.mark.parametrize("n_workers", [1, 5])
def test_hyperband_trains_what_a_plain_loop_trains(n_workers):
    strategy = Hyperband(SPACE, np.random.default_rng(3), epochs=every(27))
    sizes = [[27, 9, 3, 1], [12, 4, 1], [6, 2], [4]]
    _, history = searched(strategy, Curves(27), trials=sum(map(sum, sizes)), n_workers=n_workers)
    first, offset = dict(zip(history.id.tolist(), history.arch, strict=True)), 0
    expected = []
    for own in sizes:
        archs = np.array([first[offset + i] for i in range(own[0])])
        levels = (1, 3, 9, 27)[-len(own) :]
        expected += [(offset + trial, epoch) for trial, epoch in naive_bracket(own, levels, archs, Curves(27))]
        offset += own[0]
    assert sorted(zip(history.id.tolist(), history.epoch.tolist(), strict=True)) == sorted(expected)


def test_a_bracket_waits_for_its_last_trial_and_the_next_may_begin_meanwhile():
    waits = SuccessiveHalving(SPACE, np.random.default_rng(0), epochs=every(4))
    assert waits.ask(4).id.tolist() == [0, 1, 2, 3]
    assert len(waits.ask(2).id) == 0
    overlaps = Hyperband(SPACE, np.random.default_rng(0), epochs=every(3), overlap=True)
    assert overlaps.ask(5).id.tolist() == [0, 1, 2, 3, 4], "two of the second bracket"


def test_crashed_trials_are_not_promoted_and_leave_their_places_empty():
    strategy = SuccessiveHalving(SPACE, np.random.default_rng(0), epochs=every(9), eta=3)
    asked = strategy.ask(9)
    backend = Curves(9)
    results = backend.advance(asked)
    results.score[:8] = np.nan
    strategy.tell(results)
    assert strategy.ask(9).id.tolist() == [8], "the only one of three places"
    last = SuccessiveHalving(SPACE, np.random.default_rng(0), epochs=every(9), eta=3)
    results = Curves(9).advance(last.ask(9))
    results.score[:] = np.nan
    last.tell(results)
    assert last.ask(2).id.tolist() == [9, 10], "a bracket of crashes is over"


def test_a_task_of_complete_trainings_makes_it_random_search():
    for name in STOPPING:
        asked = STRATEGIES.load(name)(SPACE, np.random.default_rng(0)).ask(4)
        assert (asked.epoch == -1).all()


# --- asynchronous ----------------------------------------------------------------------------------------------------


class PlainASHA:
    """Algorithm 2 with lists that are sorted at every question."""

    def __init__(self, rungs, eta):
        self.rungs, self.eta = rungs, eta
        self.told = [[] for _ in rungs]  # (score, trial) in the order of answers
        self.promoted = [set() for _ in rungs]
        self.n, self.at = 0, {}

    def job(self):
        for k in range(len(self.rungs) - 2, -1, -1):
            best = sorted(self.told[k], key=lambda entry: -entry[0])[: int(len(self.told[k]) / self.eta)]
            for _, trial in best:
                if trial not in self.promoted[k]:
                    self.promoted[k].add(trial)
                    self.at[trial] = k + 1
                    return trial, self.rungs[k + 1]
        self.at[self.n] = 0
        self.n += 1
        return self.n - 1, self.rungs[0]

    def tell(self, trial, score):
        self.told[self.at[trial]].append((score, trial))


@given(st.integers(1, 64), st.sampled_from([2, 3, 4]), st.integers(0, 1000))
@settings(max_examples=40, deadline=None)
def test_asha_asks_what_its_algorithm_asks_with_any_number_of_workers(n_workers, eta, seed):
    strategy = ASHA(SPACE, np.random.default_rng(seed), epochs=every(30), eta=eta)
    events, _ = searched(strategy, Curves(30, seed=seed), trials=200, n_workers=n_workers)
    plain = PlainASHA(ladder(every(30), eta).upwards(), eta)
    for kind, *rest in events:
        if kind == "ask":
            n, asked = rest
            assert len(asked) == n, "no worker waits"
            assert asked == [plain.job() for _ in range(n)]
        else:
            plain.tell(rest[0][0][0], rest[0][0][2])
    for k, told in enumerate(plain.told):
        at_least = len(plain.promoted[k]) >= int(len(told) / eta) - n_workers
        assert at_least or k == len(plain.told) - 1, "whoever should be promoted is"


@given(st.integers(1, 16), st.floats(0, 5), st.booleans(), st.integers(0, 100))
@settings(max_examples=40, deadline=None)
def test_the_clock_conserves_the_seconds_of_trials_that_go_on(n_workers, restart_s, kept, seed):
    strategy = ASHA(SPACE, np.random.default_rng(seed), epochs=every(27), eta=3)
    checkpoints = Checkpoints(restart_s, kept)
    _, history = searched(strategy, Curves(27, seed=seed), trials=150, n_workers=n_workers, checkpoints=checkpoints)
    begin, end = history.finish_s - history.cost_s, history.finish_s
    moments = np.concatenate([begin, end]) + 1e-7
    running = (begin[:, None] < moments) & (moments < end[:, None])
    assert running.sum(axis=0).max() <= n_workers
    for trial in np.unique(history.id):
        own = history.id == trial
        assert (begin[own][1:] >= end[own][:-1] - 1e-7).all(), "it ran twice at a time"
    # no worker waits before the last start, so that the seconds of all answers are those of all workers
    busy = np.clip(end, None, begin.max()) - begin
    assert busy.sum() == pytest.approx(n_workers * begin.max())
    assert history.cost_s.sum() == pytest.approx((end - begin).sum())


def test_going_on_pays_the_increment_and_pauses_pay_what_is_declared():
    def paid(checkpoints):
        strategy = ASHA(SPACE, np.random.default_rng(0), epochs=every(9), eta=3)
        _, history = searched(strategy, Curves(9), trials=60, checkpoints=checkpoints)
        return history

    free, costly, none = paid(Checkpoints()), paid(Checkpoints(restart_s=100.0)), paid(Checkpoints(kept=False))
    rate = 0.5 + Curves(9).cost[SPACE.index(free.arch)]
    first = free.epoch == 1
    np.testing.assert_allclose(free.cost_s, rate * np.where(first, 1, free.epoch - free.epoch / 3))
    assert (free.arch == costly.arch).all()
    assert (free.arch == none.arch).all()
    goes_on = (costly.cost_s - free.cost_s) / 100
    assert set(goes_on.round(9)) == {0.0, 1.0}
    assert not goes_on[first].any()
    # one that is promoted as soon as it is told has not been paused
    previous = np.concatenate([[-1], free.id[:-1]])
    assert (goes_on.astype(bool) == (~first & (free.id != previous))).all()
    np.testing.assert_allclose(none.cost_s, np.where(goes_on > 0.5, rate * free.epoch, free.cost_s))


def test_stopping_needs_no_checkpoints():
    strategy = ASHA(SPACE, np.random.default_rng(0), epochs=every(27), kind="stopping")
    _, none = searched(strategy, Curves(27), trials=100, checkpoints=Checkpoints(kept=False))
    again = ASHA(SPACE, np.random.default_rng(0), epochs=every(27), kind="stopping")
    _, kept = searched(again, Curves(27), trials=100)
    assert (none.cost_s == kept.cost_s).all()


def test_stopping_stops_where_optuna_prunes():
    """The same architectures in the same order through Optuna's SuccessiveHalvingPruner, epoch by epoch."""
    optuna = pytest.importorskip("optuna")
    strategy = ASHA(SPACE, np.random.default_rng(5), epochs=every(27), eta=3, kind="stopping")
    _, history = searched(strategy, Curves(27), trials=400)
    reached = {trial: history.epoch[history.id == trial].max() for trial in range(history.id.max())}
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    pruner = optuna.pruners.SuccessiveHalvingPruner(min_resource=1, reduction_factor=3)
    study = optuna.create_study(direction="maximize", pruner=pruner)
    backend = Curves(27)
    for number, epoch_reached in reached.items():
        arch = history.arch[history.id == number][:1]
        trial = study.ask()
        for epoch in every(27):
            trial.report(float(backend.score(arch, np.array([epoch]))[0]), epoch)
            if trial.should_prune():
                break
        study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        assert epoch == epoch_reached
    assert len(reached) > 200


def test_the_brackets_of_asynchronous_hyperband_get_their_shares():
    strategy = AsyncHyperband(SPACE, np.random.default_rng(0), epochs=every(27), eta=3)
    asked = strategy.ask(49)  # as many as one round of Hyperband begins: 27 + 12 + 6 + 4
    assert asked.epoch.tolist() == [1] * 27 + [3] * 12 + [9] * 6 + [27] * 4


@pytest.mark.parametrize("name", STOPPING)
@pytest.mark.parametrize("n_workers", [1, 7])
def test_a_pickled_search_goes_on_to_the_same_bits(name, n_workers):
    strategy, backend = (
        STRATEGIES.load(name)(SPACE, np.random.default_rng(0), epochs=every(27)),
        Curves(27, crashes=0.1),
    )
    for _ in range(30):
        strategy.tell(backend.advance(strategy.ask(n_workers)))
    twin, its_backend = pickle.loads(pickle.dumps((strategy, backend)))
    for _ in range(30):
        here, there = strategy.ask(n_workers), twin.ask(n_workers)
        assert all((a == b).all() for a, b in zip(here, there, strict=True))
        strategy.tell(backend.advance(here))
        twin.tell(its_backend.advance(there))


# --- PASHA -----------------------------------------------------------------------------------------------------------


def test_noise_is_that_of_curves_that_cross_and_cross_back():
    curve = np.array([0.1, 0.3, 0.35])
    others = np.array([[0.2, 0.2, 0.45], [0.2, 0.2, 0.2], [0.0, 0.0, 0.0], [0.1, 0.3, 0.1], [0.1, 0.1, 0.5]])
    assert measure_crossings(curve, others) == [pytest.approx(0.1)], "touching, or crossing once, is no noise"


@pytest.mark.parametrize(("turns_at", "highest"), [(99, 3), (3, 9), (9, 3)])
def test_pasha_opens_a_rung_when_rankings_differ_and_no_sooner(turns_at, highest):
    """Of the rungs 1, 3, 9, 27, 81 the first two are open; what turns between them opens the third."""

    class Turning(Curves):
        def score(self, archs, epochs):
            end = self.end[SPACE.index(archs)]
            return np.where(epochs < turns_at, end, 1 - end)

    _, history = searched(PASHA(SPACE, np.random.default_rng(0), epochs=every(81)), Turning(81), trials=400)
    assert history.epoch.max() == highest


# --- median stopping -------------------------------------------------------------------------------------------------


def test_median_stopping_decides_as_a_plain_loop():
    strategy = MedianStopping(SPACE, np.random.default_rng(0), epochs=every(12), grace=2, min_trials=4)
    _, history = searched(strategy, Curves(12), trials=1500)
    complete, curves, stopped = [], {}, 0
    for trial, epoch, score in zip(
        history.id.tolist(), history.epoch.tolist(), history.score[:, 0].tolist(), strict=True
    ):
        curves.setdefault(trial, []).append(score)
        if epoch == 12:
            complete.append(curves[trial])
            continue
        averages = [np.mean(other[:epoch]) for other in complete]
        goes_on = epoch <= 2 or len(averages) < 4 or max(curves[trial]) >= np.median(averages) - 1e-12
        assert goes_on == (
            (trial, epoch + 1) in set(zip(history.id.tolist(), history.epoch.tolist(), strict=True))
        ) or (trial == history.id[-1])
        stopped += not goes_on
    assert stopped > 50
