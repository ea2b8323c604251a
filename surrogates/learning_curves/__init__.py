"""Predictors of where a learning curve ends."""
