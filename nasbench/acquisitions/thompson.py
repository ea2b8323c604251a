"""Thompson sampling (Thompson 1933) from the candidates' marginal distributions, redrawn for each member of a batch."""

from nasbench.acquisitions._base import Acquisition, Posterior
from nasbench.acquisitions._draws import draw_marginals
from nasbench.arrays import Floats


class ThompsonSampling(Acquisition):
    """One draw of each candidate's score."""

    drawn_anew = True

    def __call__(self, posterior: Posterior) -> Floats:
        """Return a draw of each candidate's score; ``[m]``."""
        return draw_marginals(posterior)
