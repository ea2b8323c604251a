"""Freeze-thaw Bayesian optimisation: pause training runs, and resume those most likely to end best.

Source: Swersky, Snoek & Adams 2014, "Freeze-Thaw Bayesian Optimization" (arXiv 1406.3896): a Gaussian process over
architectures says where curves end, another with a kernel of decaying exponentials how they get there (the predictor
``freeze_thaw``); what has the largest expected improvement is trained for a step more.

Differences: the paper chooses by entropy search among the ten paused and three new trainings with the largest expected
improvement; here that decides alone, among all that are paused and 100 new ones. A training has ten steps, fits are
made every ten results, and improvement is counted from the best score so far at any step.
"""

from dataclasses import dataclass

from nasbench.strategies.multi_fidelity._freeze_thaw import FreezeThawSearch


@dataclass(kw_only=True, eq=False)
class FreezeThawBO(FreezeThawSearch):
    """Expected improvement at the end of paused and new training runs."""
