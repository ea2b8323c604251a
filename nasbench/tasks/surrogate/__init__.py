"""Surrogate benchmarks: tasks answered by a model that was fitted to a table.

``fitting`` takes the measured architectures of a task (``sample``) and learns each quantity of an architecture
(``quantities``: a constant, or a cross-validated ``ensemble`` of predictors; ``seed_noise``: the deviation of one seed
from the mean). It validates the result on held-out architectures (``validation``) and stores it (``archive``: the
format; ``files``: the place). ``opening`` reads it back as a ``model`` and makes a ``task`` from it, whose ``backend``
answers the trials of a search.
"""
