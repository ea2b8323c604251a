"""Finding an acquisition function by its name, and weighing candidates with it."""

from functools import cache

import numpy as np

from nasbench.acquisitions._base import Acquisition, Posterior
from nasbench.arrays import Floats
from nasbench.choices import Choice
from nasbench.errors import InvalidOption
from nasbench.predictions import Prediction
from nasbench.registry import ACQUISITIONS

_FORMER_NAMES = {"drawn_ucb": "randomized_ucb"}  # as records call them


@cache  # a search asks for the same one at every step
def make_acquisition(label: str) -> Acquisition:
    """Return the acquisition function that a label ``NAME[,option=value]`` or ``module:Class`` names.

    Raises:
        UnknownName: no such acquisition, or option of it.
        InvalidOption: ``module:Class`` that cannot be imported, or is not a subclass of ``Acquisition``.
    """
    component, options = Choice.parse(_FORMER_NAMES.get(label, label)).resolve(ACQUISITIONS)
    if not (isinstance(component, type) and issubclass(component, Acquisition)):
        raise InvalidOption(f"acquisition '{label}' is not a subclass of nasbench.acquisitions.Acquisition")
    return component(**options)


def check_acquisition(label: str) -> str:
    """Return ``label`` if it names an acquisition function; errors as ``make_acquisition``."""
    make_acquisition(label)
    return label


def is_drawn_anew(label: str) -> bool:
    """Whether an acquisition function is computed again for each member of a batch."""
    return make_acquisition(label).drawn_anew


def weigh(label: str, prediction: Prediction, *, best: float, kappa: float, rng: np.random.Generator) -> Floats:
    """Return what each of m candidates is worth; ``[m]``.

    Args:
        label: of the acquisition function.
        prediction: what a predictor expects of the candidates.
        best: score to improve on.
        kappa: exploration weight of confidence bounds.
        rng: draws for acquisitions that sample.

    Raises:
        InvalidOption: the acquisition needs a standard deviation, and the predictor has none.
    """
    acquisition, std = make_acquisition(label), prediction.std
    if std is None:
        if acquisition.needs_std and len(prediction.mean):
            raise InvalidOption(
                f"acquisition '{label}' needs a standard deviation, which this predictor does not give; "
                "choose acquisition=exploit, or another predictor"
            )
        std = np.zeros(len(prediction.mean))
    return acquisition(Posterior(prediction.mean, std, best, kappa, rng))
