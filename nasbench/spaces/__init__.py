"""Search spaces, one file each: what an architecture is, and the moves between architectures."""

from nasbench.spaces._coding import Party, options_to_keep, refuse_other_codes
from nasbench.spaces._enumerated import EnumeratedSpace
from nasbench.spaces._initial import space_with_initial_samples
from nasbench.spaces._space import Coded, Graphs, SearchSpace

__all__ = [
    "Coded",
    "EnumeratedSpace",
    "Graphs",
    "Party",
    "SearchSpace",
    "options_to_keep",
    "refuse_other_codes",
    "space_with_initial_samples",
]
