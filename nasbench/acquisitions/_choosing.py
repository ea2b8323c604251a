"""Finding an acquisition function by its name, and computing its values for candidates."""

from functools import cache

import numpy as np

from nasbench.acquisitions._base import Acquisition, Posterior
from nasbench.arrays import Floats
from nasbench.choices import Choice
from nasbench.errors import InvalidOption
from nasbench.predictions import Prediction
from nasbench.registry import ACQUISITIONS

_FORMER_NAMES = {"drawn_ucb": "randomized_ucb"}  # names in older records


@cache  # a search uses the same function at every step
def make_acquisition(label: str) -> Acquisition:
    """Return the acquisition function that a label ``NAME[,option=value]`` or ``module:Class`` names.

    Raises:
        UnknownName: there is no such acquisition function, or it has no such option.
        InvalidOption: ``module:Class`` cannot be imported, or is not a subclass of ``Acquisition``.
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
    """Return whether an acquisition function is recomputed for each member of a batch."""
    return make_acquisition(label).drawn_anew


def weigh(label: str, prediction: Prediction, *, best: float, kappa: float, rng: np.random.Generator) -> Floats:
    """Return the acquisition value of each of m candidates; ``[m]``.

    Args:
        label: label of the acquisition function.
        prediction: prediction for the candidates.
        best: score to improve on.
        kappa: exploration weight of confidence bounds.
        rng: draws for acquisition functions that sample.

    Raises:
        InvalidOption: the acquisition function needs a standard deviation, and the predictor has none.
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
