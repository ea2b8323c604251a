"""Zero-cost proxies, one file each: scores of an untrained network on one minibatch (extra ``torch``)."""

from nasbench.proxies._probe import Layer, Probe, Proxy, weighted_layers
from nasbench.proxies._scoring import Minibatch, Scoring, minibatch
from nasbench.proxies._study import Study, score_table

__all__ = ["Layer", "Minibatch", "Probe", "Proxy", "Scoring", "Study", "minibatch", "score_table", "weighted_layers"]
