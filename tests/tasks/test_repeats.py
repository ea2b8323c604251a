"""``repeats = "fresh"``: an architecture that is asked for again shows another trained seed."""

from pathlib import Path

import numpy as np
import pytest

import nasbench
from nasbench.backends.checkpoints import Checkpoints
from nasbench.comparison.experiment import Experiment, Limits
from nasbench.comparison.plausibility import explain_misfit
from nasbench.comparison.running import one_run
from nasbench.comparison.verify import verify
from nasbench.errors import InvalidOption, NasbenchError
from nasbench.tasks import SurrogateTask, count_repetitions, is_task
from nasbench.tasks.surrogate.model import Surrogate
from nasbench.trials import Trials, full_trainings


def declare(folder, family="nb201", member="cifar10", repeats="fresh"):
    text = (Path(nasbench.__file__).parent / f"tasks/{family}.toml").read_text()
    (folder / "mine.toml").write_text(f'repeats = "{repeats}"\n{text}')
    return f"{folder}/mine.toml:{member}"


@pytest.fixture
def fresh(tmp_path):
    return nasbench.load_task(declare(tmp_path))


def ask(backend, archs, first_id=0):
    return backend.advance(full_trainings(first_id, archs)).score[:, 0]


class Repeater:
    """Asks for the same few architectures again and again."""

    def __init__(self, space, rng):
        self._archs, self._n = space.sample(4, rng), 0

    def ask(self, n):
        archs = self._archs[np.arange(self._n, self._n + n) % len(self._archs)]
        self._n += n
        return full_trainings(self._n - n, archs)

    def tell(self, results):
        pass


def test_each_measured_seed_is_shown_once_before_the_first_comes_again(fresh):
    rows = np.flatnonzero(fresh.observations.n_seeds == 3)[:20]
    archs = fresh.table.rows(rows)
    backend = fresh.backend(np.random.default_rng(5))
    shown = np.stack([ask(backend, archs, 20 * again) for again in range(6)], axis=1)
    measured = np.stack([fresh.observed.query(rows, seed) for seed in fresh.observed.seeds], axis=1)
    np.testing.assert_array_equal(np.sort(shown[:, :3], axis=1), np.sort(measured, axis=1))
    np.testing.assert_array_equal(shown[:, 3:], shown[:, :3])
    places = [
        (row[:, None] == seeds).argmax(axis=0).tolist() for row, seeds in zip(shown[:, :3], measured, strict=True)
    ]
    assert len({tuple(order) for order in places}) > 3  # the order is another one for each architecture


def test_the_first_answer_is_that_of_the_same_task_without_repeats(fresh, cifar10):
    archs = cifar10.space.rows[:300]
    ours, default = (ask(task.backend(np.random.default_rng(2)), archs) for task in (fresh, cifar10))
    np.testing.assert_array_equal(ours, default)


def test_what_is_shown_depends_neither_on_batches_nor_on_others(fresh, rng):
    archs = fresh.space.sample(5, rng)
    together, apart = (fresh.backend(np.random.default_rng(3)) for _ in range(2))
    at_once = ask(together, np.concatenate([archs] * 4)).reshape(4, 5)
    ask(apart, fresh.space.sample(9, rng), 100)
    alone = [
        [ask(apart, archs[i : i + 1], 1000 + 10 * i + k).item() for k in range(4)] for i in reversed(range(len(archs)))
    ][::-1]
    np.testing.assert_array_equal(at_once.T, alone)


def test_by_default_an_architecture_shows_one_seed(cifar10, rng):
    backend = cifar10.backend(rng)
    archs = cifar10.space.rows[:50]
    np.testing.assert_array_equal(ask(backend, archs), ask(backend, archs, 50))


def test_a_training_that_goes_on_keeps_its_seed(tmp_path):
    task = nasbench.load_task(declare(tmp_path, "curves201", "mnist1d"))
    arch = task.space.rows[77:78]
    backend = task.backend(np.random.default_rng(0))
    curves = task.observed.curves(task.identify(arch))[0]
    for trial in range(6):
        seen = [
            backend.advance(Trials(np.array([trial]), arch, np.array([epoch]))).score.item() for epoch in task.epochs
        ]
        assert (curves == seen).all(axis=1).any()


@pytest.mark.parametrize("n_workers", [1, 4])
def test_verify_knows_which_seed_each_trial_shows(tmp_path, n_workers):
    name = declare(tmp_path)
    limits = Limits(trials=40)
    record = nasbench.compare(name, Repeater, runs=2, limits=limits, n_workers=n_workers, out=tmp_path / "out")
    verdict = verify(record, sample=None, rng=np.random.default_rng(0))
    assert not verdict.misfits
    assert record.spec["tasks"][name]["declaration"]["repeats"] == "fresh"
    (told, _) = (run.history for run in record.runs(name, record.strategies[0]))
    assert len(np.unique(told.score)) > 4
    experiment = Experiment.of(name, Repeater, runs=1, limits=limits, n_workers=n_workers)
    altered = told.score.copy()
    altered[9] += 1e-9
    assert "has score" in explain_misfit(experiment, nasbench.load_task(name), 0, told._replace(score=altered))


def test_one_worker_must_show_the_seeds_in_their_order(fresh, tmp_path):
    experiment = Experiment.of(declare(tmp_path), Repeater, runs=1, limits=Limits(trials=12))
    told = one_run(experiment, fresh, experiment.strategies[0], 0).history
    again = np.flatnonzero((told.arch == told.arch[0]).all(axis=1))
    first, second = again[:2]
    if told.score[first] == told.score[second]:
        pytest.skip("this architecture was trained once")
    swapped = told.score.copy()
    swapped[[first, second]] = swapped[[second, first]]
    assert "has score" in explain_misfit(experiment, fresh, 0, told._replace(score=swapped))


def test_too_few_seeds_are_refused(tmp_path):
    with pytest.raises(InvalidOption, match=r"observed column holds 1 trained seed; expected 3 or more"):
        nasbench.load_task(declare(tmp_path, "nbgraph", "cora"))
    with pytest.raises(NasbenchError, match=r"unknown repeats 'new'; known: fresh, same"):
        nasbench.load_task(declare(tmp_path, repeats="new"))


def test_without_checkpoints_it_is_refused(tmp_path):
    checkpoints = Checkpoints(kept=False)
    with pytest.raises(InvalidOption, match="keep checkpoints"):
        Experiment.of(declare(tmp_path), "random_search", runs=1, checkpoints=checkpoints).spec()


def test_a_surrogate_draws_noise_again():
    surrogate = _constant_surrogate()
    task = SurrogateTask("surrogate-x:fresh", surrogate, repeats="fresh")
    default = SurrogateTask("surrogate-x", surrogate)
    archs = surrogate.space.rows[:200]
    backend = task.backend(np.random.default_rng(1))
    shown = np.stack([ask(backend, archs, 200 * again) for again in range(30)])
    np.testing.assert_array_equal(shown[0], ask(default.backend(np.random.default_rng(1)), archs))
    assert len(np.unique(shown)) == shown.size
    assert shown.std() == pytest.approx(0.01, rel=0.05)
    # neither architectures nor repetitions know of each other
    assert abs(np.corrcoef(shown)[np.triu_indices(30, 1)].mean()) < 0.02
    expected = task.expect(
        np.random.default_rng(1), archs, np.full(200, task.epochs[-1]), np.full(200, 7, dtype=np.int64)
    )
    np.testing.assert_array_equal(expected.score[:, 0], shown[7])
    assert task.declaration["repeats"] == "fresh"
    assert "repeats" not in default.declaration


def test_a_surrogate_without_noise_has_none_to_draw_again():
    with pytest.raises(InvalidOption, match="without noise"):
        SurrogateTask("surrogate-x:mean", _constant_surrogate(), noisy=False, repeats="fresh")


def _constant_surrogate():
    space = nasbench.load_task("nb201-cifar10").space
    values = {"observed": 0.5, "noise": 0.01, "cost_s": 3.0}
    observed = {"unit": "fraction", "direction": "maximize", "last_epoch": 9, "split": "valid", "metric": "accuracy"}
    spec = {"name": "x", "title": "x", "same": {}, "observed": observed, "reported": ["valid"]}
    return Surrogate(space, spec, known={name: np.full(len(space.rows), value) for name, value in values.items()})


def test_trials_are_counted_by_architecture_in_the_order_in_which_they_began():
    ids, archs = np.array([0, 1, 2, 0, 3, 1]), np.array([7, 8, 7, 7, 7, 8])
    assert count_repetitions(archs, ids).tolist() == [0, 0, 1, 0, 2, 0]


def test_every_kind_of_task_is_recognised_by_its_members(cifar10):
    assert is_task(cifar10)
    assert is_task(SurrogateTask("surrogate-x", _constant_surrogate()))
    assert not any(map(is_task, ["nb201-cifar10", nasbench.Task, cifar10.table, 3]))
