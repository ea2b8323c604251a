"""Searches that learn from other tasks before their first trial."""
