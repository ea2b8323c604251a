"""Zero-cost proxies, one file each: scores of an untrained network on one minibatch (extra ``torch``)."""

from nasbench.proxies._probe import Layer, Probe, Proxy, list_weighted_layers
from nasbench.proxies._scoring import Minibatch, Scoring, draw_minibatch
from nasbench.proxies._study import Study, score_table

__all__ = [
    "Layer",
    "Minibatch",
    "Probe",
    "Proxy",
    "Scoring",
    "Study",
    "draw_minibatch",
    "list_weighted_layers",
    "score_table",
]
