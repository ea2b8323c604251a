"""Searches that learn from their own trials, without a model of the space."""
