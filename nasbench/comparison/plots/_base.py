"""What a picture of a comparison is."""

from typing import TYPE_CHECKING, Any, ClassVar

from nasbench.comparison.analysis import Analysis

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class Plot:
    """Base of all pictures: what is shown is computed apart from how it is drawn.

    Attributes:
        grows: whether the file grows around what lies outside the axes.
    """

    grows: ClassVar[bool] = False

    def prepare(self, analysis: Analysis) -> Any:
        """Return the numbers that the picture shows; None where the record has nothing to show."""
        raise NotImplementedError

    def draw(self, data: Any) -> "Figure":
        """Draw what ``prepare`` returned."""
        raise NotImplementedError
