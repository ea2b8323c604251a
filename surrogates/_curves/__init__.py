"""What predictors of learning curves share: reading curves, parametric families, and how those are fitted."""

from nasbench.surrogates._curves._predictor import CurvePredictor, curves_of, filled, last_epochs, last_values

__all__ = ["CurvePredictor", "curves_of", "filled", "last_epochs", "last_values"]
