"""Encodings of architectures as feature vectors, one file each; predictors name them.

An encoding is a registered file here, or one that the space itself knows in closed form
(``space.encodings``: ``one_hot``, ``adjacency``, mostly ``path``). Several names joined by ``+`` are one
encoding, their columns side by side.
"""

from nasbench.encodings._encoding import CountEncoding, Encoding, scramble
from nasbench.encodings._functional import LiveGraphs, compute_live_graphs
from nasbench.encodings._make import list_encodings, make_encoding

__all__ = [
    "CountEncoding",
    "Encoding",
    "LiveGraphs",
    "compute_live_graphs",
    "list_encodings",
    "make_encoding",
    "scramble",
]
