"""The real networks of the search spaces, in torch: one file per space, with the same name."""

from nasbench.networks._build import Counts, build_network, check_network, choose_options, count_costs, seed_torch
from nasbench.networks._layers import GlobalAverage
from nasbench.networks._morphisms import (
    Branches,
    Gated,
    add_edge,
    deepen_chain,
    inherit_weights,
    replicate_layer,
    split_layer,
    widen_layer,
)
from nasbench.networks._stack import Stack, explain_not_stacked

__all__ = [
    "Branches",
    "Counts",
    "Gated",
    "GlobalAverage",
    "Stack",
    "add_edge",
    "build_network",
    "check_network",
    "choose_options",
    "count_costs",
    "deepen_chain",
    "explain_not_stacked",
    "inherit_weights",
    "replicate_layer",
    "seed_torch",
    "split_layer",
    "widen_layer",
]
