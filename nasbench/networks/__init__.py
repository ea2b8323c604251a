"""The real networks of the search spaces, in torch: one file per space, named like it."""

from nasbench.networks._build import Counts, build_network, check_network, count, options_for, seeded
from nasbench.networks._layers import GlobalAverage
from nasbench.networks._morphisms import Branches, Gated, add_edge, deepen, inherit, replicate, split, widen
from nasbench.networks._stack import Stack, why_not_stacked

__all__ = [
    "Branches",
    "Counts",
    "Gated",
    "GlobalAverage",
    "Stack",
    "add_edge",
    "build_network",
    "check_network",
    "count",
    "deepen",
    "inherit",
    "options_for",
    "replicate",
    "seeded",
    "split",
    "why_not_stacked",
    "widen",
]
