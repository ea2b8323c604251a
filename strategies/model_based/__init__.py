"""Searches in which a model chooses the architecture to train next."""
