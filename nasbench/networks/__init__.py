"""The real networks of the search spaces, in torch: one file per space, named like it."""

from nasbench.networks._build import Counts, build_network, count, seeded

__all__ = ["Counts", "build_network", "count", "seeded"]
