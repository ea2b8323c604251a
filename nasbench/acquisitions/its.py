"""Independent Thompson sampling as in BANANAS (White et al. 2019, arXiv 1910.11858): one draw for a whole batch."""

from nasbench.acquisitions._base import Acquisition, Posterior
from nasbench.acquisitions._draws import draw_marginals
from nasbench.arrays import Floats


class IndependentThompsonSampling(Acquisition):
    """One draw of each candidate's score, which selects all members of a batch."""

    def __call__(self, posterior: Posterior) -> Floats:
        """Return a draw of each candidate's score; ``[m]``."""
        return draw_marginals(posterior)
