"""Evaluate predictors: fit, test, measure, record, verify, rank and plot.

Predictors learn and predict the score that a task observes, never a test split. There are two protocols, and every
output names its protocol:

- ``random``: train on architectures drawn uniformly from the measured ones, and test on the rest;
- ``disjoint``: the same, but no test architecture is isomorphic to a training architecture. In a space with many
  isomorphic twins, the first protocol rewards looking them up (10,509 of NAS-Bench-201's 15,625 cells have a twin).

Each run trains once and is tested by both protocols.
"""

from nasbench.evaluation.display import PredictionRecord
from nasbench.evaluation.evaluating import evaluate
from nasbench.evaluation.evaluation import Evaluation
from nasbench.evaluation.extrapolation import CurveTable, extrapolate_curves, read_curve_table
from nasbench.evaluation.metrics import METRICS, measure_prediction
from nasbench.evaluation.record import Outcome

__all__ = [
    "METRICS",
    "CurveTable",
    "Evaluation",
    "Outcome",
    "PredictionRecord",
    "evaluate",
    "extrapolate_curves",
    "measure_prediction",
    "read_curve_table",
]
