"""How well predictors predict: what is learnt and tested, measured, recorded, verified, ranked and drawn.

The score learnt and predicted is the one a task observes, never a test split. Two protocols, always named:

- ``random``: trained on architectures drawn uniformly from those measured, tested on the rest;
- ``disjoint``: likewise, but no test architecture is isomorphic to a training one. In a space with many
  twins the first rewards looking them up (10,509 of NAS-Bench-201's 15,625 cells have one).

A run is trained once and tested by both.
"""

from nasbench.evaluation.evaluation import Evaluation
from nasbench.evaluation.extrapolation import CurveTable, extrapolate_curves, read_curve_table
from nasbench.evaluation.metrics import METRICS, measure_prediction
from nasbench.evaluation.record import Outcome, PredictionRecord
from nasbench.evaluation.running import evaluate

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
