"""Predictors that combine other predictors or further knowledge."""
