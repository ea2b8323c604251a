"""The base class of plots of a comparison."""

from typing import TYPE_CHECKING, Any, ClassVar

from nasbench.comparison.analysis import Analysis

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Plot:
    """Base of all plots; it separates computing the numbers from drawing them.

    Attributes:
        grows: whether the file grows to include what lies outside the axes.
    """

    grows: ClassVar[bool] = False

    def prepare(self, analysis: Analysis) -> Any:
        """Compute the numbers that the plot shows; None if the record has nothing to show."""
        raise NotImplementedError

    def draw(self, data: Any) -> "Figure":
        """Draw what ``prepare`` returned."""
        raise NotImplementedError
