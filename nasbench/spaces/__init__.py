"""Search spaces, one file each: the architectures, and the moves between them."""

from nasbench.spaces._cell import EDGES as CELL_EDGES
from nasbench.spaces._coding import Party, refuse_other_codes, select_kept_options
from nasbench.spaces._enumerated import EnumeratedSpace
from nasbench.spaces._genotype import CELLS as GENOTYPE_CELLS
from nasbench.spaces._genotype import Edges as GenotypeEdges
from nasbench.spaces._genotype import read_genotype
from nasbench.spaces._hyper_declared import MOST_CHOICES
from nasbench.spaces._hyper_inferred import (
    DeclaredSpace,
    complete_space,
    declare_integer,
    declare_real,
    explains_all,
)
from nasbench.spaces._hyper_optuna import declare_distributions
from nasbench.spaces._initial import space_with_initial_samples
from nasbench.spaces._opaque import OpaqueSpace, hide_architectures, hide_names, reveal_architectures
from nasbench.spaces._pool import MeasuredSpace
from nasbench.spaces._space import Coded, Graphs, SearchSpace

__all__ = [
    "CELL_EDGES",
    "GENOTYPE_CELLS",
    "MOST_CHOICES",
    "Coded",
    "DeclaredSpace",
    "EnumeratedSpace",
    "GenotypeEdges",
    "Graphs",
    "MeasuredSpace",
    "OpaqueSpace",
    "Party",
    "SearchSpace",
    "complete_space",
    "declare_distributions",
    "declare_integer",
    "declare_real",
    "explains_all",
    "hide_architectures",
    "hide_names",
    "read_genotype",
    "refuse_other_codes",
    "reveal_architectures",
    "select_kept_options",
    "space_with_initial_samples",
]
