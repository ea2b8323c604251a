"""The real networks of the search spaces, in torch: one file per space, named like it."""

from nasbench.networks._build import Counts, build_for, build_network, count, seeded
from nasbench.networks._morphisms import Branches, Gated, add_edge, deepen, inherit, replicate, split, widen

__all__ = [
    "Branches",
    "Counts",
    "Gated",
    "add_edge",
    "build_for",
    "build_network",
    "count",
    "deepen",
    "inherit",
    "replicate",
    "seeded",
    "split",
    "widen",
]
