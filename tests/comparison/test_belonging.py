"""What ``verify`` finds without running anything: trials that are not what their task answers."""

import json
from dataclasses import replace

import numpy as np
import pytest

from nasbench import compare, load_task
from nasbench.backends.checkpoints import Checkpoints
from nasbench.backends.table import TableBackend
from nasbench.cli import main
from nasbench.comparison import Record
from nasbench.comparison.experiment import Experiment, Limits
from nasbench.comparison.plausibility import explain_misfit
from nasbench.comparison.running import one_run
from nasbench.comparison.verify import verify
from nasbench.trials import full_trainings

TASK, CURVES = "nb201-cifar10", "curves201-mnist1d"


def verdict_on(record):
    return verify(record, sample=1, rng=np.random.default_rng(0))


@pytest.mark.parametrize("n_workers", [1, 5])
@pytest.mark.parametrize("limits", [Limits(trials=40), Limits(seconds=3e4)])
def test_what_honest_searches_of_complete_trainings_were_told_fits(n_workers, limits, tmp_path):
    strategies = ["random_search", "regularized_evolution@nb201", "local_search"]
    tasks, out = [TASK, "nbgraph-cora"], tmp_path / "out"
    record = compare(tasks, strategies, runs=2, limits=limits, n_workers=n_workers, out=out)
    assert verdict_on(record).misfits == []


@pytest.mark.parametrize("n_workers", [1, 4])
@pytest.mark.parametrize(("restart_s", "kept"), [(0.0, True), (7.5, True), (2.5, False)])
def test_what_honest_searches_of_partial_trainings_were_told_fits(n_workers, restart_s, kept, tmp_path):
    record = compare(
        CURVES,
        ["successive_halving", "asha", "median_stopping", "random_search"],
        runs=2,
        limits=Limits(epochs=400),
        n_workers=n_workers,
        checkpoints=Checkpoints(restart_s=restart_s, kept=kept),
        out=tmp_path / "out",
    )
    assert verdict_on(record).misfits == []


@pytest.fixture(scope="module")
def run():
    """Return a run on curves in which some trials go on, and what it was part of."""
    experiment = Experiment.of(CURVES, "asha", runs=1, limits=Limits(trials=60))
    task = load_task(CURVES)
    found = one_run(experiment, task, experiment.strategies[0], 0)
    assert not found.failed
    assert explain_misfit(experiment, task, 0, found.history) == ""
    return experiment, task, found.history


def other(values, at, value):
    changed = values.copy()
    changed[at] = value
    return changed


ALTERED = {
    "a score a bit too high": (lambda told: {"score": other(told.score, 7, np.nextafter(told.score[7], 2))}, "score"),
    "a score that is missing": (lambda told: {"score": other(told.score, 7, np.nan)}, "score"),
    "a crash with a score": (lambda told: {"crashed": other(told.crashed, 7, True)}, "crashed but has a score"),
    "scores of two trials swapped": (lambda told: {"score": told.score[[1, 0, *range(2, len(told.score))]]}, "score"),
    "another architecture": (lambda told: {"arch": other(told.arch, 5, told.arch[6])}, "score|before"),
    "no architecture": (lambda told: {"arch": other(told.arch, 5, 9)}, "not an architecture of space 'nb201'"),
    "an epoch later": (lambda told: {"epoch": told.epoch + (np.arange(len(told.id)) == 3)}, "score|epochs"),
    "an epoch that is none": (lambda told: {"epoch": other(told.epoch, 3, 1000)}, "epoch that the task does not have"),
    "cheaper, and told earlier": (
        lambda told: {
            "cost_s": other(told.cost_s, 4, told.cost_s[4] / 2),
            "finish_s": np.cumsum(other(told.cost_s, 4, told.cost_s[4] / 2)),
        },
        "the task charges",
    ),
    "told earlier": (lambda told: {"finish_s": other(told.finish_s, 4, told.finish_s[4] - 1)}, "take"),
    "more trials than were paid for": (
        lambda told: {name: np.concatenate([c, c]) for name, c in told._asdict().items()},
        "",
    ),
}


@pytest.mark.parametrize("what", ALTERED)
def test_a_record_with_altered_trials_does_not_fit(run, what):
    experiment, task, told = run
    alter, why = ALTERED[what]
    found = explain_misfit(experiment, task, 0, told._replace(**alter(told)))
    assert any(word in found for word in why.split("|")), found
    assert found


def test_the_noise_is_that_of_the_run(run):
    experiment, task, told = run
    assert "score" in explain_misfit(experiment, task, 1, told)


def test_a_trial_that_goes_on_pays_its_new_epochs_alone(run):
    """The cost of a trial's answers together is that of one training up to the last of them, as the table holds it."""
    _, task, told = run
    rows = task.table.index(task.space.canonicalize(told.arch))
    going_on = [trial for trial in set(told.id.tolist()) if (told.id == trial).sum() > 1]
    assert going_on
    for trial in going_on:
        mine = told.id == trial
        last = int(told.epoch[mine].max())
        seen = task.observations if last == task.epochs[-1] else task.observations.earlier[last]
        assert told.cost_s[mine].sum() == pytest.approx(seen.cost_s[rows[mine][0]], rel=1e-12)


def test_more_workers_than_there_are_show(run):
    """Two trials that both begin at 0 need two workers."""
    experiment, task, told = run
    sooner_first = told.cost_s[:2].argsort()
    told = told._replace(**{name: column[:2][sooner_first] for name, column in told._asdict().items()})
    together = told._replace(finish_s=told.cost_s.copy())
    assert "take" in explain_misfit(experiment, task, 0, together)
    assert explain_misfit(replace(experiment, n_workers=2), task, 0, together) == ""
    shifted = told._replace(finish_s=told.cost_s + 0.5)
    assert "start" in explain_misfit(replace(experiment, n_workers=2), task, 0, shifted)


class Generous:
    """A contestant that changes how the table answers, each time it is made."""

    def __init__(self, space, rng):
        self._space, self._rng, self._n = space, rng, 0
        answer = TableBackend.advance

        def better(backend, trials):
            results = answer(backend, trials)
            return results._replace(score=np.minimum(results.score + 0.02, 1.0))

        TableBackend.advance = better if answer.__name__ == "advance" else answer

    def ask(self, n):
        self._n += n
        return full_trainings(self._n - n, self._space.sample(n, self._rng))

    def tell(self, results):
        pass


class GivesUp(Generous):
    """The same, and breaks off."""

    def tell(self, results):
        if self._n > 3:
            raise RuntimeError("enough")


@pytest.mark.parametrize("strategy", [Generous, GivesUp])
def test_a_contestant_that_cheats_again_in_each_replay_is_found(strategy, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(TableBackend, "advance", TableBackend.advance)  # put back at the end
    out = tmp_path / "out"
    record = compare(TASK, [strategy], runs=2, limits=Limits(trials=5), out=out)
    assert all(run.failed == (strategy is GivesUp) for run in record.runs(TASK, record.strategies[0]))
    verdict = verify(record, sample=None, rng=np.random.default_rng(0))
    assert verdict.differing == [], "the replay repeats it to the bit"
    assert not verdict.matches
    assert [(task, number) for task, _, number, _ in verdict.misfits] == [(TASK, 0), (TASK, 1)]
    assert main(["verify", str(out)]) == 1
    text = capsys.readouterr().out
    assert "does not fit: trial 0" in text
    assert "the task shows" in text
    assert "DOES NOT MATCH" in text
    assert main(["verify", str(out), "--json"]) == 1
    assert len(json.loads(capsys.readouterr().out)["misfits"]) == 2


def test_all_runs_are_checked_also_those_that_are_not_replayed(tmp_path):
    out = tmp_path / "out"
    record = compare(TASK, ["random_search"], runs=6, limits=Limits(trials=5), out=out)
    pair, changed = (TASK, "random_search"), []
    for run in record.runs(*pair):
        score = run.history.score.copy()
        score[2] += 1e-3
        changed.append(replace(run, history=run.history._replace(score=score)))
    record.replace_runs({pair: changed})
    verdict = verdict_on(Record(out))
    assert verdict.replayed == 1
    assert [number for _, _, number, _ in verdict.misfits] == list(range(6))
    assert record.strategies == ["random_search"]
