"""Compare strategies: run, record, verify, analyse, rank and plot."""

from nasbench.comparison.experiment import Experiment
from nasbench.comparison.record import Record
from nasbench.comparison.run import Run
from nasbench.comparison.running import compare

__all__ = ["Experiment", "Record", "Run", "compare"]
