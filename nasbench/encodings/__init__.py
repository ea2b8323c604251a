"""Encodings of architectures as feature vectors, one file each. Predictors refer to them by name.

An encoding is either a registered file in this folder or one that the space computes itself (``space.encodings``:
``one_hot``, ``adjacency``, mostly ``path``). Several names joined by ``+`` form one encoding, with their columns side
by side.
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
