"""The messages between a predictor and its caller: architectures with what is known of them, and a prediction.

A predictor learns from ``Batch`` and score, and answers ``Prediction``. As with strategies, scores are validation
scores: a predictor never sees the reported metric of a task.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.choices import Choice
from nasbench.registry import PREDICTORS
from nasbench.spaces import SearchSpace


@dataclass(frozen=True, slots=True)
class Batch:
    """Architectures and, where a predictor needs more, what is known of them before they are trained completely.

    Attributes:
        archs: [n, d] valid rows of the space.
        curves: [n, t] observed score after each epoch of a recipe of ``t`` epochs, nan where it was not observed
            (yet). Lengths may differ from row to row, and there may be gaps. The target of a prediction is the score
            after epoch ``t``.
        proxies: [n, p] zero-cost proxies, nan where one was not computed.
        losses: [n, t, 2] training and validation loss after each epoch, nan where not observed.
    """

    archs: Archs
    curves: Floats | None = None
    proxies: Floats | None = None
    losses: Floats | None = None

    def __len__(self) -> int:
        """Return the number of architectures."""
        return len(self.archs)

    def take(self, rows: Ints) -> "Batch":
        """Return the architectures at ``rows`` [m], with all that is known of them."""
        return Batch(self.archs[rows], *(None if part is None else part[rows] for part in self._known))

    def joined(self, other: "Batch") -> "Batch":
        """Return these architectures followed by ``other``; fields that only one of the two has are left out."""
        pairs = zip(self._known, other._known, strict=True)
        known = (None if a is None or b is None else np.concatenate([a, b]) for a, b in pairs)
        return Batch(np.concatenate([self.archs, other.archs]), *known)

    @property
    def _known(self) -> tuple[Floats | None, ...]:
        """The other fields than the architectures, in their order."""
        return self.curves, self.proxies, self.losses


class Prediction(NamedTuple):
    """The answer of a predictor.

    Attributes:
        mean: [m] expected score; for a predictor trained on ranks, the median.
        std: [m] standard deviation of a new measurement around it, None where the method has none.
    """

    mean: Floats
    std: Floats | None = None


class Predictor(Protocol):
    """A performance predictor: one file in ``surrogates/``, or any class with this shape.

    The constructor takes ``(space)`` and keyword options; without options, the source paper's defaults apply.
    ``presets`` is as for strategies. ``needs`` names the fields of a batch that must be present besides the
    architectures: ``curves``, ``proxies``, ``losses``. ``PredictorCapabilities`` lists the optional features.
    """

    needs: frozenset[str]

    def __init__(self, space: SearchSpace) -> None: ...

    def fit(self, batch: Batch, score: Floats, rng: np.random.Generator) -> None:
        """Learn from architectures and their scores [n]; ``rng`` draws all random numbers, also later ones."""
        ...

    def predict(self, batch: Batch) -> Prediction:
        """Return the predictions for other architectures."""
        ...


@dataclass(frozen=True, slots=True)
class PredictorCapabilities:
    """Optional features of a predictor besides ``fit`` and ``predict``: members with these names.

    The registry reads two more when it reads a label: the class attribute ``presets``, as for strategies, and the
    static method ``sources(task, options)``, the names of the other tasks that the predictor learns from.

    Attributes:
        min_points: attribute: minimum number of training points; at least 2.
        learns_from_partial_curves: attribute: True if the predictor can learn from incomplete training runs, whose
            score is nan and whose curve ends at the last observed epoch.
        condition: method ``condition(batch, score)``: adds observations after a fit without changing hyperparameters.
        state: method ``state()``: everything that ``predict`` needs, as arrays by name.
        restore: method ``restore(state)``: restores the predictor that a state was taken from, instead of a fit. The
            arrays ``train/archs`` and ``train/score`` may be replaced if there is ``condition`` too.
        embed: method ``embed(archs) -> [n, codes]``: codes of architectures, learnt without scores.
        improve: method ``improve(archs, step) -> archs``: architectures one step further along the gradient in the
            predictor's own latent space.
    """

    min_points: int = 2
    learns_from_partial_curves: bool = False
    condition: Callable[[Batch, Floats], None] | None = None
    state: Callable[[], dict[str, Any]] | None = None
    restore: Callable[[dict[str, Any]], None] | None = None
    embed: Callable[[Archs], Floats] | None = None
    improve: Callable[[Archs, float], Archs] | None = None

    @property
    def can_believe(self) -> bool:
        """Whether a copy of a fitted predictor can take further observations without a fit."""
        return None not in (self.condition, self.state, self.restore)


def predictor_capabilities_of(predictor: Any) -> PredictorCapabilities:
    """Return the capabilities of a predictor or of its class; methods of a class only show that they exist."""
    return PredictorCapabilities(
        max(2, getattr(predictor, "min_points", 2)),
        bool(getattr(predictor, "learns_from_partial_curves", False)),
        *(getattr(predictor, name, None) for name in ("condition", "state", "restore", "embed", "improve")),
    )


def make_predictor(space: SearchSpace, label: "str | type | Choice") -> Predictor:
    """Return the predictor called ``NAME[@PRESET][,option=value]`` or ``module:Class``.

    Raises:
        UnknownName: there is no such predictor, preset or option.
        MissingExtra: the predictor needs a package that is not installed.
    """
    component, options = Choice.parse(label).resolve(PREDICTORS)
    made: Predictor = component(space, **options)
    return made
