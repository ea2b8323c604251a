"""Freeze-thaw Bayesian optimisation: pause training runs, and resume those most likely to end best.

Source: Swersky, Snoek & Adams 2014, "Freeze-Thaw Bayesian Optimization" (arXiv 1406.3896). One Gaussian process over
architectures predicts where curves end, another with a kernel of decaying exponentials predicts how they get there (the
predictor ``freeze_thaw``). The candidate with the largest expected improvement is trained for one more step.

Differences: the paper takes the ten paused and three new training runs with the largest expected improvement, and
chooses among them by entropy search. Here expected improvement alone decides, among all paused training runs and 100
new ones. A training run has ten steps, fits are made every ten results, and improvement is counted from the best score
so far at any step.
"""

from dataclasses import dataclass

from nasbench.strategies.multi_fidelity._freeze_thaw import FreezeThawSearch


@dataclass(kw_only=True, eq=False)
class FreezeThawBO(FreezeThawSearch):
    """Expected improvement at the end of paused and new training runs."""
