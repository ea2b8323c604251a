"""Freeze-thaw search: at each step, resume the paused training run with the largest acquisition value.

Source: Swersky, Snoek & Adams 2014, "Freeze-Thaw Bayesian Optimization" (arXiv 1406.3896). A predictor of learning
curves predicts the final score of every paused training run, and of every architecture of a pool that was never
trained. An acquisition function decides which of them is trained for one more step.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nasbench.acquisitions import weigh
from nasbench.arrays import Archs, Floats
from nasbench.options import Count, FromTwo
from nasbench.predictions import Prediction
from nasbench.spaces import SearchSpace
from nasbench.strategies._configured import ConfiguredStrategy, Label
from nasbench.strategies._pools import NovelSampler
from nasbench.strategies.multi_fidelity._brackets import make_trials
from nasbench.strategies.multi_fidelity._curve_model import CurveModel, select_checkpoints
from nasbench.trials import FULL_TRAINING, Results, Trials


@dataclass(slots=True, eq=False)  # two candidates of the same architecture differ
class _Candidate:
    """An architecture [d], its scores so far, its trial once it has one, and its predicted final score."""

    arch: Archs
    curve: list[float] = field(default_factory=list)
    trial: int = -1
    expected: tuple[float, float] | None = None  # mean and standard deviation; None until predicted


@dataclass(kw_only=True, eq=False)
class FreezeThawSearch(ConfiguredStrategy):
    """Train the candidate of the largest acquisition one step more: by default, expected improvement at its end.

    Attributes:
        epochs: the task's epochs, rising; filled in by a comparison. If empty, training runs are always complete.
        predictor: label of a predictor of learning curves with a standard deviation.
        n_steps: maximum number of steps of a training run.
        n_init: random architectures that are trained for one step at the start.
        pool_size: untrained architectures among the candidates.
        refit_every: results between two fits.

    Raises:
        InvalidOption: a predictor that does not learn from curves alone, or has no standard deviation.
        UnknownName: no such predictor.
    """

    epochs: Sequence[int] = ()
    predictor: Label = "freeze_thaw"
    n_steps: Count = 10
    n_init: FromTwo = 10
    pool_size: Count = 100
    refit_every: Count = 10

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Begin without training runs."""
        super().__post_init__(space, rng)
        steps = select_checkpoints(self.epochs, self.n_steps)
        self._steps = steps or (FULL_TRAINING,)
        self._model = CurveModel(space, self.predictor, steps=steps or (1,), refit_every=self.refit_every)
        self._novelties = NovelSampler(space, rng)
        self._paused: dict[int, _Candidate] = {}
        self._running: dict[int, _Candidate] = {}
        self._pool: list[_Candidate] = []  # never trained
        self._told: list[_Candidate] = []  # everything with a score that has not crashed
        self._best = -np.inf
        self._n_started = 0

    def _compute_acquisition(self, mean: Floats, std: Floats, best: float) -> Floats:
        """Return the acquisition value of resuming training runs by their predicted final scores [m]; ``[m]``."""
        return weigh("log_ei", Prediction(mean, std), best=best, kappa=0.0, rng=self._rng)

    def ask(self, n: int) -> Trials:
        """Return the ``n`` training runs with the largest acquisition values."""
        chosen = self._draw_new(min(n, max(0, self.n_init - self._n_started)))
        if len(chosen) < n:
            chosen += self._thaw(n - len(chosen))
        asked: list[tuple[int, Archs, int]] = []
        for candidate in chosen:
            if candidate.trial < 0:
                candidate.trial = self._n_started
                self._n_started += 1
            self._paused.pop(candidate.trial, None)
            self._running[candidate.trial] = candidate
            asked.append((candidate.trial, candidate.arch, self._steps[len(candidate.curve)]))
        return make_trials(asked, self._space)

    def _draw_new(self, n: int) -> list[_Candidate]:
        """Draw ``n`` architectures; repeat earlier ones only where no other is left."""
        return [_Candidate(arch) for arch in self._novelties.draw(n)]

    def _thaw(self, n: int) -> list[_Candidate]:
        """Return the ``n`` best of the paused candidates and the pool; without predictions, paused ones come first."""
        self._learn()
        self._pool += self._draw_new(self.pool_size - len(self._pool))
        candidates = [*self._paused.values(), *self._pool]
        if self._predict_missing(candidates):
            mean, std = np.array([candidate.expected for candidate in candidates]).T
            order = np.argsort(-self._compute_acquisition(mean, std, self._best), kind="stable")[:n].tolist()
        else:
            order = list(range(n))
        chosen = [candidates[i] for i in order[: len(candidates)]]
        self._pool = [candidate for candidate in self._pool if candidate not in chosen]
        return chosen + self._draw_new(n - len(chosen))

    def _learn(self) -> None:
        archs = np.concatenate([self._space.no_archs, *(one.arch[None] for one in self._told)])
        if self._model.learn(archs, [one.curve for one in self._told], self._rng):
            for candidate in (*self._told, *self._pool):
                candidate.expected = None

    def _predict_missing(self, candidates: list[_Candidate]) -> bool:
        """Fill in missing predictions for candidates; return False where the model cannot predict yet."""
        stale = [candidate for candidate in candidates if candidate.expected is None]
        if not stale:
            return True
        predicted = self._model.predict(np.array([one.arch for one in stale]), [one.curve for one in stale])
        if predicted is None:
            return False
        stds = self._model.require_std(predicted).tolist()
        for candidate, mean, std in zip(stale, predicted.mean.tolist(), stds, strict=True):
            candidate.expected = mean, std
        return True

    def tell(self, results: Results) -> None:
        """Store the scores, and drop crashed training runs."""
        for trial, score in zip(results.id.tolist(), results.score[:, 0].tolist(), strict=True):
            candidate = self._running.pop(trial)
            self._model.notify()
            if np.isnan(score):
                self._told = [one for one in self._told if one is not candidate]
                continue
            if not candidate.curve:
                self._told.append(candidate)
            candidate.curve.append(score)
            candidate.expected = None
            self._best = max(self._best, score)
            if len(candidate.curve) < len(self._steps):
                self._paused[trial] = candidate
