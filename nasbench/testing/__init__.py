"""Conformance kits: run them on your own space, strategy, predictor or task as the suite runs them on its own.

Each check raises AssertionError with what was expected and what was seen.
"""

from nasbench.testing._options import check_options
from nasbench.testing._predictors import check_predictor
from nasbench.testing._spaces import check_space
from nasbench.testing._strategies import check_strategy
from nasbench.testing._tasks import check_task
from nasbench.testing._wide import check_wide_predictor

__all__ = ["check_options", "check_predictor", "check_space", "check_strategy", "check_task", "check_wide_predictor"]
