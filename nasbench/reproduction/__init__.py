"""Published tables as executable claims: run their protocols and judge our numbers beside the published ones."""

from nasbench.reproduction.published_files import list_published, load_published, read_published
from nasbench.reproduction.requirements import list_needs
from nasbench.reproduction.run import load_result, load_results, reproduce
from nasbench.reproduction.schema import Published
from nasbench.reproduction.searches import ReproductionPlan
from nasbench.reproduction.verdicts import ClaimVerdict

__all__ = [
    "ClaimVerdict",
    "Published",
    "ReproductionPlan",
    "list_needs",
    "list_published",
    "load_published",
    "load_result",
    "load_results",
    "read_published",
    "reproduce",
]
