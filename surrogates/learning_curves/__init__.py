"""Predictors of the end of a learning curve."""
