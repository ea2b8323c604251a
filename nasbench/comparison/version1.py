"""Records of searches of version 1, lines of JSON, which are read but never continued.

A line of ``trials/TASK/STRATEGY.jsonl`` is an object with ``run``, ``status``, one list for each column of trials
(``id``, ``arch``, ``epoch``, ``score``, ``cost_s``, ``finish_s``) and, of a failed run, ``error``. ``score`` holds the
first objective only, null for a crash. There are no recommendations.
"""

import json
from dataclasses import replace
from typing import Any

import numpy as np

from nasbench.comparison.run import Run
from nasbench.simulation import History

VERSION = 1
FOLDER = "trials"


def read_line(line: bytes) -> Run:
    """Read the run in a line.

    Raises:
        ValueError, KeyError, TypeError: the line is truncated or something else.
    """
    entry = json.loads(line)
    ids, epochs = (np.array(entry[name], dtype=np.int64) for name in ("id", "epoch"))
    first, cost_s, finish_s = (_read_floats(entry[name]) for name in ("score", "cost_s", "finish_s"))
    n = len(ids)
    archs = np.array(entry["arch"], dtype=np.int8).reshape(n, -1 if n else 0)
    if any(column.shape != (n,) for column in (ids, epochs, first, cost_s, finish_s)):
        raise ValueError("columns of different lengths")
    history = History(ids, archs, epochs, first[:, None], cost_s, finish_s, np.isnan(first))
    return Run(int(entry["run"]), history, str(entry.get("error", "")))


def reduce_run(run: Run) -> Run:
    """Reduce a run to what version 1 would have recorded."""
    return replace(run, history=run.history._replace(score=run.history.score[:, :1]), recommendations=())


def _read_floats(values: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array(values, dtype=np.float64)
