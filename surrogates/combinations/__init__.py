"""Predictors made of other predictors or of other knowledge."""
