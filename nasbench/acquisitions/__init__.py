"""Acquisition functions: the value of a candidate, given its prediction; one file each.

A file holds one subclass of ``Acquisition``. A strategy takes its name as ``acquisition=NAME``; ``module:Class`` and
entry points of the group ``nasbench.acquisitions`` work likewise.
"""

from nasbench.acquisitions._base import Acquisition, Posterior
from nasbench.acquisitions._batches import log_local_penalty, log_positive
from nasbench.acquisitions._choosing import check_acquisition, is_drawn_anew, make_acquisition, weigh
from nasbench.acquisitions._improvement import log_ei_helper

__all__ = [
    "Acquisition",
    "Posterior",
    "check_acquisition",
    "is_drawn_anew",
    "log_ei_helper",
    "log_local_penalty",
    "log_positive",
    "make_acquisition",
    "weigh",
]
