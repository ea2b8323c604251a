"""Conformance kits: check your own components as the suite checks its own.

Each check raises an AssertionError with what was expected and what was seen, also under ``python -O``.
"""

from nasbench.testing._contestants import check_contestant
from nasbench.testing._datasets import check_data_set
from nasbench.testing._importers import check_importer
from nasbench.testing._metrics import check_metric
from nasbench.testing._options import check_options
from nasbench.testing._predictors import check_predictor
from nasbench.testing._proxies import check_proxy
from nasbench.testing._spaces import check_space
from nasbench.testing._strategies import check_strategy
from nasbench.testing._tasks import check_task
from nasbench.testing._wide import check_wide_predictor

__all__ = [
    "check_contestant",
    "check_data_set",
    "check_importer",
    "check_metric",
    "check_options",
    "check_predictor",
    "check_proxy",
    "check_space",
    "check_strategy",
    "check_task",
    "check_wide_predictor",
]
