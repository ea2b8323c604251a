"""Published tables as executable claims: run their protocols, and judge ours beside theirs."""

from nasbench.reproduction.requirements import needs
from nasbench.reproduction.run import load_result, load_results, reproduce
from nasbench.reproduction.schema import Published, load_published, published_names, read_published
from nasbench.reproduction.searches import Plan
from nasbench.reproduction.verdicts import Verdict

__all__ = [
    "Plan",
    "Published",
    "Verdict",
    "load_published",
    "load_result",
    "load_results",
    "needs",
    "published_names",
    "read_published",
    "reproduce",
]
