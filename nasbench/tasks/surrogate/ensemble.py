"""Cross-validated ensembles of any registered predictor, as NAS-Bench-301 builds its surrogates.

Source: Zela et al. 2022, "Surrogate NAS Benchmarks", arXiv 2008.09777, section 4: each member is fitted
without one fold of the data; the mean is the members' mean, and their spread is the uncertainty. Each member's
predictions for the fold that it has not seen validate the ensemble without another fit.
"""

import sys
from collections.abc import Mapping
from typing import Any

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.choices import Choice
from nasbench.errors import InvalidOption, PredictorError, UnknownName
from nasbench.predictions import Batch, Prediction
from nasbench.registry import PREDICTORS
from nasbench.spaces import SearchSpace

_CHUNK = 4096  # architectures predicted at a time: bounds the memory of kernels and features


class ModelEnsemble:
    """Members of one kind, each fitted without one fold.

    Args:
        space: the space of the architectures.
        predictor: label of a registered predictor.
        n_members: number of members, and of folds.

    Raises:
        InvalidOption: fewer than two members, or a predictor that needs more than architectures.
    """

    def __init__(self, space: SearchSpace, predictor: str, n_members: int) -> None:
        if n_members < 2:
            raise InvalidOption(
                f"{n_members} members; expected at least 2, since the ensemble is validated on its folds"
            )
        self._space, self.predictor = space, predictor
        self._members = [self._member() for _ in range(n_members)]
        needs: frozenset[str] = getattr(self._members[0], "needs", frozenset())
        if needs:
            raise InvalidOption(
                f"predictor '{predictor}' needs {', '.join(sorted(needs))}; a surrogate has only architectures to "
                "learn from: choose another predictor"
            )

    def _member(self) -> Any:
        cls, options = _resolved(self.predictor)
        return cls(self._space, **options)

    def fit(self, archs: Archs, value: Floats, rng: np.random.Generator) -> Floats:
        """Learn the values [n] of ``archs`` [n, d]; return, for each, the prediction of the member without it; ``[n]``.

        Raises:
            PredictorError: fewer architectures than folds, or data that a member cannot learn from.
        """
        n, k = len(archs), len(self._members)
        if n < 2 * k:
            raise PredictorError(f"{n} architectures for {k} members; give at least {2 * k}, or fewer members")
        fold = rng.permutation(n) % k
        unseen = np.empty(n)
        for i, (member, own) in enumerate(zip(self._members, rng.spawn(k), strict=True)):
            member.fit(Batch(archs[fold != i]), value[fold != i], own)
            unseen[fold == i] = _in_chunks(member, archs[fold == i]).mean
        return unseen

    def predict(self, archs: Archs) -> Prediction:
        """Return the mean over members, and the root of their variance plus their mean own variance; ``[m]`` each."""
        answers = [_in_chunks(member, archs) for member in self._members]
        means = np.stack([answer.mean for answer in answers])
        variance = means.var(axis=0)
        for answer in answers:
            variance = variance + (0.0 if answer.std is None else answer.std**2 / len(answers))
        return Prediction(means.mean(axis=0), np.sqrt(variance))

    def state(self) -> dict[str, Any]:
        """Return the fitted members as arrays by name."""
        return {
            f"{i}/{name}": array for i, member in enumerate(self._members) for name, array in member.state().items()
        }

    def restore(self, arrays: Mapping[str, Any]) -> None:
        """Restore the state of the ensemble from which ``arrays`` was taken."""
        for i, member in enumerate(self._members):
            first = f"{i}/"
            own = {name.removeprefix(first): array for name, array in arrays.items() if name.startswith(first)}
            member.restore(own)


def _in_chunks(member: Any, archs: Archs) -> Prediction:
    # Copies both ways: a predictor may overwrite its input, and may reuse the arrays that it returns.
    answers = [_copied(member.predict(Batch(archs[i : i + _CHUNK].copy()))) for i in range(0, len(archs), _CHUNK)]
    means = np.concatenate([np.empty(0), *(answer.mean for answer in answers)])
    if any(answer.std is None for answer in answers):
        return Prediction(means)
    return Prediction(means, np.concatenate([np.empty(0), *(answer.std for answer in answers)]))


def _copied(told: Prediction) -> Prediction:
    return Prediction(np.array(told.mean), None if told.std is None else np.array(told.std))


def _resolved(label: str) -> tuple[Any, dict[str, Any]]:
    """Return class and options; a file from elsewhere may name the predictor, so the name must not import code."""
    choice = Choice.parse(label)
    module = choice.name.partition(":")[0]
    if ":" in choice.name and module not in sys.modules:
        raise InvalidOption(
            f"the module of predictor '{choice.name}' is not imported; import {module} first, or register "
            "the class as an entry point of the group nasbench.predictors"
        )
    return choice.resolve(PREDICTORS)


def learn_plain_scores(label: str) -> str:
    """Return the label of a predictor that learns plain numbers instead of fractions."""
    choice = Choice.parse(label)
    plain = Choice(choice.name, choice.preset, {**choice.options, "target": "score"})
    try:
        _resolved(plain.label)
    except UnknownName:
        return label  # the predictor has no option 'target'
    return plain.label
