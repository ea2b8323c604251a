"""Performance predictors, one file each; the file name is the name on the command line.

The transformations of scores that predictors learn (``Target``) are public because strategies that combine predictors
use them too.
"""

from nasbench.surrogates._targets import Target, find_target

__all__ = ["Target", "find_target"]
