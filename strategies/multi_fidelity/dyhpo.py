"""DyHPO: resume the training run that a deep-kernel Gaussian process of its curve predicts to end best.

Source: Wistuba, Kadra & Grabocka 2022, "Supervising the Multi-Fidelity of Hyperparameter Configurations" (arXiv
2202.09774): a Gaussian process with a deep kernel of architecture, epoch and curve (the predictor ``dyhpo``) and
expected improvement over epochs decide which training goes on for a step.

Differences: the paper asks what the next step will show, and counts improvement from the best at that step; the
predictor here foretells the end, so improvement is that of the end over the best score so far. The rest is as in
``freeze_thaw``.
"""

from dataclasses import dataclass

from nasbench.strategies._configured import Label
from nasbench.strategies.multi_fidelity._freeze_thaw import FreezeThawSearch

REQUIRES = {"torch": "gp", "gpytorch": "gp"}


@dataclass(kw_only=True, eq=False)
class DyHPOSearch(FreezeThawSearch):
    """Expected improvement by a deep kernel."""

    predictor: Label = "dyhpo"
