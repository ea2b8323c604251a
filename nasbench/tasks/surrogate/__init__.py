"""Tasks answered by a model that was fitted to a table.

``fitting`` takes a task's trainings (``sample``), learns each number of an architecture (``quantities``: a constant, or
a cross-validated ``ensemble`` of predictors; ``seed_noise``: how far a seed lies from the mean), judges the result on
what was held out (``validation``), and stores it (``archive``: the format, ``files``: the place). ``opening`` reads it
back as a ``model`` and makes it a ``task``, whose ``backend`` answers the trials of a search.
"""
