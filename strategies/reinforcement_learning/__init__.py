"""Searches that learn a policy, or a tree of decisions, from rewards."""
