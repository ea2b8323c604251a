"""Searches that ask a model which architecture to train next."""
