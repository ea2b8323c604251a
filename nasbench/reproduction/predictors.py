"""Predictors of a published table: fit on validation scores, then test by the paper's protocol or the suite's."""

from functools import lru_cache

import numpy as np
from joblib import Parallel, delayed, parallel_config

from nasbench.arrays import Floats
from nasbench.errors import make_unknown_name
from nasbench.evaluation.metrics import METRICS, measure_prediction
from nasbench.evaluation.protocols import PROTOCOLS, Pool, pool_of, split_pool
from nasbench.predictions import Prediction, make_predictor
from nasbench.registry import PREDICTORS
from nasbench.reproduction.columns import Columns
from nasbench.reproduction.samples import CannotJudge, Sample, explain_lacking, sample_of
from nasbench.reproduction.schema import Row
from nasbench.reproduction.searches import ReproductionPlan
from nasbench.tasks import TableTask, load_table_task
from nasbench.tasks.declarations import tables_of
from nasbench.threads import limit_to_one_thread

ALL = "all"
"""Protocol of some papers: test on the test accuracy of every architecture, including the training architectures."""

LARGEST_QUICK = 500
"""Largest training set of a quick pass; fitting larger ones takes most of the time."""


def measure_predictions(columns: Columns, row: Row, plan: ReproductionPlan) -> dict[str, Sample]:
    """Measure a metric over independent training sets, for each train size of the row (quick: the smaller sizes).

    Raises:
        CannotJudge: a predictor or table is missing.
    """
    ours = row.ours
    if reason := explain_lacking(ours["predictor"], PREDICTORS):
        raise CannotJudge(reason)
    if ours["test"] not in (ALL, *PROTOCOLS):
        raise make_unknown_name("protocol", ours["test"], (ALL, *PROTOCOLS))
    if ours.get("metric", "kendall") not in METRICS:
        raise make_unknown_name("metric", ours["metric"], METRICS)
    columns.require(sorted(tables_of(ours["task"])))
    truth = None
    if ours["test"] == ALL:
        _, pool = _open_task(ours["task"])
        truth = columns.sign(ours["column"]) * columns.make_reader(ours["column"])(pool.archs)
    sizes = {name: size for name, size in ours["sizes"].items() if not plan.quick or size <= LARGEST_QUICK}
    work = [(name, size, run) for name, size in sizes.items() for run in range(plan.runs)]
    with parallel_config(backend="loky", inner_max_num_threads=1):
        found = Parallel(n_jobs=plan.jobs)(delayed(_test_once)(dict(ours), truth, size, run) for _, size, run in work)
    values: dict[str, list[float]] = {name: [] for name in sizes}
    for (name, _, _), value in zip(work, found, strict=True):
        values[name].append(value)
    return {name: sample_of(np.array(one)) for name, one in values.items()}


@lru_cache(maxsize=4)
def _open_task(task: str) -> tuple[TableTask, Pool]:
    opened = load_table_task(task)
    return opened, pool_of(opened)


def _test_once(ours: dict[str, object], truth: Floats | None, size: int, run: int) -> float:
    """Fit once and return the metric; the training set depends on the size and the run, not on the predictor."""
    task, pool = _open_task(str(ours["task"]))
    data, own = (np.random.default_rng([run, size, i]) for i in range(2))
    protocol = "random" if ours["test"] == ALL else str(ours["test"])
    test_size = ours.get("test_size")
    limit = test_size if isinstance(test_size, int) else None
    parts = split_pool(pool, size, data, protocols=(protocol,), test_size=limit)
    asked, scores = parts.asked[parts.tests[protocol]], pool.score
    if truth is not None:
        asked, scores = np.concatenate([parts.train, asked]), truth
    with limit_to_one_thread():
        predictor = make_predictor(task.space, str(ours["predictor"]))
        predictor.fit(pool.batch(parts.train), pool.score[parts.train], own)
        mean = predictor.predict(pool.batch(asked)).mean
        there = ~np.isnan(scores[asked])
        metrics = measure_prediction(scores[asked][there], Prediction(mean[there]))
    return metrics[str(ours.get("metric", "kendall"))]
