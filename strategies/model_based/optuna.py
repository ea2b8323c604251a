"""Optuna: any of its samplers, by ask and tell.

Source: Akiba, Sano, Yanase, Ohta & Koyama 2019, "Optuna: A Next-generation Hyperparameter Optimization Framework"
(arXiv 1907.10902). Each decision is a categorical parameter. In a space with numbers on a scale, only active decisions
are suggested, numbers as ranges, and of measured architectures the nearest is trained. The sampler is the name of any
class of ``optuna.samplers``, with the settings of the installed release:
``optuna,sampler=TPESampler,settings={'multivariate': False}``. Presets are samplers; ``gp`` needs torch.

Differences from a study of your own: if a combination is not a valid architecture, the study gets it as pruned, at no
charge, and is asked for another. After 20 in a row a random architecture takes its place, and the study learns its
result. Where fewer than one combination in fifty is valid (``nb101``, ``nbnlp``), all architectures are random: there
this is random search. The study gets a crashed training run as failed. Optuna may ask for an architecture again, and it
is then trained again. To use a task in a study of your own, see ``nasbench.adapters.make_optuna_objective``.
"""

import inspect
import warnings
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np
import optuna as outside

from nasbench.adapters import list_decision_choices, make_optuna_suggest
from nasbench.arrays import Archs
from nasbench.errors import InvalidOption, SearchFinished, make_unknown_name
from nasbench.spaces import SearchSpace
from nasbench.strategies._combinations import count_tries
from nasbench.trials import Results, Trials, full_trainings

REQUIRES = {"optuna": "optuna"}


class OptunaStudy:
    """A study of Optuna.

    Args:
        space: where to search.
        rng: seeds the sampler, and draws architectures where the sampler finds no valid one.
        sampler: name of a class of ``optuna.samplers``.
        settings: its keyword arguments.

    Raises:
        UnknownName: no such sampler.
        InvalidOption: settings that the sampler does not accept.
    """

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tpe": {"sampler": "TPESampler"},
        "nsga2": {"sampler": "NSGAIISampler"},
        "gp": {"sampler": "GPSampler"},
    }

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        sampler: str = "TPESampler",
        settings: Mapping[str, Any] | None = None,
    ) -> None:
        self._space, self._rng, self._tries = space, rng, count_tries(space)
        if settings is not None and not isinstance(settings, Mapping):
            raise InvalidOption(f"settings={settings!r}; expected a mapping such as {{'multivariate': True}}")
        made = _make_sampler(sampler, dict(settings or {}), int(rng.integers(2**31)))
        level = outside.logging.get_verbosity()
        outside.logging.set_verbosity(outside.logging.WARNING)  # else it logs every new study
        self._study = outside.create_study(direction="maximize", sampler=made)
        outside.logging.set_verbosity(level)
        # An exhausted sampler (BruteForceSampler) stops its study, which is an error outside of Optuna's own loop.
        self._study.stop = self._stop
        self._exhausted = False
        # A number on a scale is no list of codes: then a trial suggests what is active, by value.
        self._suggest = make_optuna_suggest(space) if space.dtype == np.float64 else None
        self._choices = {
            name: outside.distributions.CategoricalDistribution(options)
            for name, options in (list_decision_choices(space) if self._suggest is None else {}).items()
        }
        self._n_asked = 0
        self._open: dict[int, int] = {}  # trial -> number in the study

    def _stop(self) -> None:
        self._exhausted = True

    def ask(self, n: int) -> Trials:
        """Return the study's next ``n`` architectures.

        Raises:
            SearchFinished: the sampler has none left.
        """
        if self._exhausted:
            raise SearchFinished(f"the sampler is exhausted after {self._n_asked} trials")
        archs = np.array([self._next(self._n_asked + i) for i in range(n)], dtype=self._space.dtype)
        self._n_asked += n
        return full_trainings(self._n_asked - n, archs.reshape(n, len(self._space.decisions)))

    def _next(self, trial: int) -> Archs:
        if self._suggest is not None:
            asked = self._study.ask()
            self._open[trial] = asked.number
            return np.asarray(self._suggest(asked)[0])
        for _ in range(self._tries):
            asked = self._study.ask(self._choices)
            arch = np.array([[asked.params[name] for name in self._choices]], dtype=np.int8)
            if self._space.is_valid(arch)[0]:
                self._open[trial] = asked.number
                return np.asarray(arch[0])
            self._study.tell(asked.number, state=outside.trial.TrialState.PRUNED)
        arch = self._space.sample(1, self._rng)
        self._study.enqueue_trial(dict(zip(self._choices, arch[0].tolist(), strict=True)))
        self._open[trial] = self._study.ask(self._choices).number
        return np.asarray(arch[0])

    def tell(self, results: Results) -> None:
        """Tell the study the scores, and which training runs failed."""
        for trial, score in zip(results.id.tolist(), results.score[:, 0].tolist(), strict=True):
            number = self._open.pop(trial)
            if np.isnan(score):
                self._study.tell(number, state=outside.trial.TrialState.FAIL)
            else:
                self._study.tell(number, score)


def _make_sampler(name: str, settings: dict[str, Any], seed: int) -> Any:
    known = [item for item in outside.samplers.__all__ if item.endswith("Sampler") and not item.startswith("Base")]
    if name not in known:
        raise make_unknown_name("sampler of Optuna", name, known)
    component = getattr(outside.samplers, name)
    if "seed" in inspect.signature(component).parameters:
        settings = {"seed": seed} | settings
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", outside.exceptions.ExperimentalWarning)
            return component(**settings)
    except (TypeError, ValueError) as error:
        raise InvalidOption(f"settings of Optuna's {name}: {error}") from None
