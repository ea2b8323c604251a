"""The messages between a predictor and who asks it: architectures with what is known of them, and an answer.

A predictor learns from ``Batch`` and score, and answers ``Prediction``. As with strategies, scores are
validation scores: what a task reports never reaches it.
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
    """Architectures and, where a predictor needs more, what is known of them before they are trained fully.

    Attributes:
        archs: [n, d] valid rows of the space.
        curves: [n, t] observed score after each epoch of a recipe of ``t`` epochs, nan where it was not seen: not
            yet, or never. Lengths may differ from row to row, and there may be gaps. What is predicted is the
            score after epoch ``t``.
        proxies: [n, p] zero-cost proxies, nan where one was not computed.
        losses: [n, t, 2] training and validation loss after each epoch, nan where not seen.
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
        """Return these architectures and then ``other``; what is known of one part only is left out."""
        pairs = zip(self._known, other._known, strict=True)
        known = (None if a is None or b is None else np.concatenate([a, b]) for a, b in pairs)
        return Batch(np.concatenate([self.archs, other.archs]), *known)

    @property
    def _known(self) -> tuple[Floats | None, ...]:
        """What is known besides the architectures, in the order of the fields."""
        return self.curves, self.proxies, self.losses


class Prediction(NamedTuple):
    """What a predictor expects.

    Attributes:
        mean: [m] expected score; of a predictor trained on ranks, the median.
        std: [m] standard deviation of a new measurement around it, None where the method has none.
    """

    mean: Floats
    std: Floats | None = None


class Predictor(Protocol):
    """A performance predictor: one file in ``surrogates/``, or any class with this shape.

    The constructor takes ``(space)`` and keyword options; no option means the source paper's defaults.
    ``presets`` is as for strategies. ``needs`` names the parts of a batch that must be there besides the
    architectures: ``curves``, ``proxies``, ``losses``. Whatever else a predictor may offer is optional:
    ``PredictorCapabilities`` lists all of it.
    """

    needs: frozenset[str]

    def __init__(self, space: SearchSpace) -> None: ...

    def fit(self, batch: Batch, score: Floats, rng: np.random.Generator) -> None:
        """Learn from architectures and their scores [n]; ``rng`` decides every random choice, also later ones."""
        ...

    def predict(self, batch: Batch) -> Prediction:
        """Return what is expected of other architectures."""
        ...


@dataclass(frozen=True, slots=True)
class PredictorCapabilities:
    """What a predictor may offer besides ``fit`` and ``predict``, by members of these names.

    Two more are read when a label is: the class attribute ``presets``, as for strategies, and the static method
    ``sources(task, options)``, the names of the other tasks that it learns from.

    Attributes:
        min_points: attribute: training points that there must be; at least 2.
        learns_from_partial_curves: attribute: True where trainings that still go on may be among those to learn from:
            their score is nan, their curve as far as it was seen.
        condition: method ``condition(batch, score)``: adds observations after a fit, its hyperparameters unchanged.
        state: method ``state()``: all that ``predict`` needs, as arrays by name.
        restore: method ``restore(state)``: becomes the predictor that a state was taken from, in place of a fit. The
            arrays ``train/archs`` and ``train/score`` may be other ones where ``condition`` is there too.
        embed: method ``embed(archs) -> [n, codes]``: codes of architectures that are learnt without a score.
        improve: method ``improve(archs, step) -> archs``: architectures a step further up in the predictor's own
            latent space.
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
        """Whether a copy of a fitted predictor can be told more without a fit."""
        return None not in (self.condition, self.state, self.restore)


def predictor_capabilities_of(predictor: Any) -> PredictorCapabilities:
    """Return what a predictor, or the class of one, offers; methods of a class only show that there are any."""
    return PredictorCapabilities(
        max(2, getattr(predictor, "min_points", 2)),
        bool(getattr(predictor, "learns_from_partial_curves", False)),
        *(getattr(predictor, name, None) for name in ("condition", "state", "restore", "embed", "improve")),
    )


def make_predictor(space: SearchSpace, label: "str | type | Choice") -> Predictor:
    """Return the predictor called ``NAME[@PRESET][,option=value]`` or ``module:Class``.

    Raises:
        UnknownName: no such predictor, preset or option.
        MissingExtra: it needs a package that is not installed.
    """
    component, options = Choice.parse(label).resolve(PREDICTORS)
    made: Predictor = component(space, **options)
    return made
