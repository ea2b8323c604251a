"""Performance predictors, one file each; the file name is the name on the command line.

What a predictor is trained on, the target, is also used by strategies that combine predictors.
"""

from nasbench.surrogates._targets import Target, find_target

__all__ = ["Target", "find_target"]
