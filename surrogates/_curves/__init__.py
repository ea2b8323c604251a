"""What predictors of learning curves share: reading curves, parametric families, and their fits."""

from nasbench.surrogates._curves.predictor import (
    CurvePredictor,
    fill_gaps,
    find_last_epochs,
    find_last_values,
    require_curves,
)

__all__ = ["CurvePredictor", "fill_gaps", "find_last_epochs", "find_last_values", "require_curves"]
