"""A table of one's own, from a CSV to a leaderboard: what is said of it agrees with the CSV, or it is refused before.

Random spaces, tables and declarations; the truth is computed here from the rows of the CSV alone, in plain Python.
"""

import csv
import itertools
import json
import math
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import nasbench
from nasbench.comparison.analysis import analyse
from nasbench.comparison.verify import verify
from nasbench.errors import NasbenchError
from nasbench.importers import import_source
from nasbench.importers.table import AnyTable

VALUES = {
    "act": ("categorical", ["gelu", "relu", "swish"]),
    "norm": ("categorical", [True, False]),
    "depth": ("ordinal", [1, 2, 4]),
    "lr": ("ordinal", [0.1, 0.01]),
    "width": ("integer", [2, 5]),
}
METRICS = {  # name -> unit in the CSV, direction, its range there, values of the suite's unit in one of the CSV
    "accuracy": ("percent", "maximize", (5.0, 99.0), 0.01),
    "f1": ("fraction", "maximize", (0.01, 0.99), 1.0),
    "loss": ("nats", "minimize", (0.0, 9.0), 1.0),
    "latency": ("ms", "minimize", (0.5, 80.0), 0.001),
    "rmse": ("none", "minimize", (0.0, 400.0), 1.0),
    "reward": ("none", "maximize", (-50.0, 50.0), 1.0),
    "n_params": ("count", "minimize", (1e3, 1e6), 1.0),
}
DECLARED = ("nothing", "the same", "values in another order", "decisions in another order", "another decision")


@dataclass
class Case:
    """What a user has."""

    decisions: dict[str, tuple[str, list]]
    condition: tuple[str, str, list] | None
    metric: str
    direction: str
    rows: dict[tuple, dict[tuple[int, int], float]]  # configuration -> (seed, epoch) -> value in the CSV
    epochs: int
    cost: str
    seconds: dict[tuple, list[float]]  # configuration -> seconds of each epoch
    declared: str


def valid(decisions, condition):
    """Every configuration, as values in the order of the decisions; None where a decision is inactive."""
    found = {}
    for choice in itertools.product(*(listed(*item) for item in decisions.values())):
        config = dict(zip(decisions, choice, strict=True))
        if condition and config[condition[1]] not in condition[2]:
            config[condition[0]] = None
        found[tuple(config.values())] = None
    return list(found)


def listed(kind, values):
    return list(range(values[0], values[1] + 1)) if kind == "integer" else values


@st.composite
def cases(draw):
    names = draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=4, unique=True))
    decisions = {}
    for name in names:
        kind, values = VALUES[name]
        decisions[name] = (kind, values if kind == "integer" else draw(st.permutations(values)))
    condition = None
    if len(names) > 1 and draw(st.booleans()):
        child, parent = draw(st.permutations(names))[:2]
        condition = (
            child,
            parent,
            draw(st.lists(st.sampled_from(listed(*decisions[parent])), min_size=1, max_size=2, unique=True)),
        )
    metric = draw(st.sampled_from(sorted(METRICS)))
    _, direction, (low, high), _ = METRICS[metric]
    epochs, seeds = draw(st.sampled_from([1, 3])), draw(st.sampled_from([1, 2]))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    configs = valid(decisions, condition)
    share = draw(st.sampled_from([1.0, 0.9, 0.3]))  # of the rows, and of the cells
    rows, seconds = {}, {}
    for config in configs:
        if rng.random() > share:
            continue
        cells = {
            (seed, epoch): round(float(rng.uniform(low, high)), 3)
            for seed in range(seeds)
            for epoch in range(1, epochs + 1)
            if share == 1.0 or rng.random() < 0.95
        }
        if cells:
            rows[config] = cells
            each = rng.uniform(1, 9)  # of one epoch, which takes about as long as another
            seconds[config] = [round(float(each * rng.uniform(0.95, 1.05)), 2) for _ in range(epochs)]
    if not rows:
        rows[configs[0]], seconds[configs[0]] = {(0, epoch): low for epoch in range(1, epochs + 1)}, [1.0] * epochs
    cost = draw(
        st.sampled_from(["constant", "total", "epoch", "epoch, not said"] if epochs > 1 else ["constant", "total"])
    )
    declared = draw(st.sampled_from(DECLARED))
    return Case(decisions, condition, metric, direction, rows, epochs, cost, seconds, declared)


def text(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


def toml(values):
    return json.dumps(values)


def options(decisions, condition, prefix):
    lines = [f"[{prefix}space_options.decisions]"]
    lines += [f"{name} = {{ {kind} = {toml(values)} }}" for name, (kind, values) in decisions.items()]
    if condition:
        child, parent, values = condition
        lines += [
            f"[[{prefix}space_options.conditions]]",
            f'decision = "{child}"',
            f'when = "{parent}"',
            f"is = {toml(values)}",
        ]
    return "\n".join(lines) + "\n"


def write(case, folder):
    """Write the CSV, its mapping, and the task."""
    with open(folder / "mine.csv", "w", newline="") as file:
        out = csv.writer(file)
        out.writerow([*case.decisions, "seed", "epoch", "value", "secs"])
        for config, cells in case.rows.items():
            for (seed, epoch), value in cells.items():
                each = case.seconds[config]
                secs = each[epoch - 1] if case.cost.startswith("epoch") else math.fsum(each[:epoch])
                out.writerow([*("" if v is None else text(v) for v in config), seed, epoch, value, secs])
    unit = METRICS[case.metric][0]
    mapping = f"""citation = "nobody"
licence = "MIT"
source = "a test"
[architecture]
space = "hyper"
columns = {toml(list(case.decisions))}
{options(case.decisions, case.condition, "architecture.")}
[defaults]
dataset = "d"
recipe = "r"
seed = {{ column = "seed" }}
epoch = {{ column = "epoch" }}
[[measurement]]
column = "value"
split = "valid"
metric = "{case.metric}"
unit = "{unit}"
direction = "{case.direction}"
[[measurement]]
column = "secs"
split = "train"
metric = "train_s"
unit = "s"
"""
    if case.cost in ("total", "epoch"):
        mapping += f'per = "{case.cost}"\n' if case.epochs > 1 else ""
    (folder / "mine.map.toml").write_text(mapping)
    cost = "2.0" if case.cost == "constant" else '[{ split = "train", metric = "train_s" }]'
    task = f"""title = "t"
version = 1
space = "hyper"
table = "mine"
dataset = "d"
recipe = "r"
metric = "{case.metric}"
observed = "valid"
reported = ["valid"]
cost = {cost}
budget_s = 200
"""
    decisions, condition = dict(case.decisions), case.condition
    if case.declared == "values in another order":
        decisions = {n: (k, v if k == "integer" else v[::-1]) for n, (k, v) in decisions.items()}
    if case.declared == "decisions in another order":
        decisions = dict(reversed(decisions.items()))
    if case.declared == "another decision":
        decisions["more"] = ("categorical", ["a", "b"])
    if case.declared != "nothing":
        task += options(decisions, condition, "")
    (folder / "mine.toml").write_text(task + "[tasks.t]\n")


def text_of(case, config):
    return ",".join(f"{n}={text(v)}" for n, v in zip(case.decisions, config, strict=True) if v is not None)


def in_the_file(case, config):
    """Mean of what the CSV says of a complete training, in the suite's unit; None where it says nothing."""
    ends = [value for (_, epoch), value in case.rows[config].items() if epoch == case.epochs]
    return METRICS[case.metric][3] * sum(ends) / len(ends) if ends else None


def is_whole(case, config):
    """Return whether one of its training runs has every epoch, so that score and seconds are known."""
    return any(all((seed, epoch + 1) in case.rows[config] for epoch in range(case.epochs)) for seed in (0, 1))


def check_answers(case, task):
    """What the task says of each architecture is what the CSV says of it."""
    means = {config: mean for config in case.rows if (mean := in_the_file(case, config)) is not None}
    for config, mean in means.items():
        assert task.query([text_of(case, config)])[0] == pytest.approx(mean, rel=1e-9)
    if all(len(cells) == max(map(len, case.rows.values())) for cells in case.rows.values()):  # no cell is missing
        best = min(means.values()) if case.direction == "minimize" else max(means.values())
        assert task.optimum.score == pytest.approx(best, rel=1e-9)
    assert (task.optimum.score - task.random_score) * (-1 if case.direction == "minimize" else 1) >= 0


def check_run(case, space, history):
    """Every trial shows a score of the CSV and costs its seconds, which add up where a training went on."""
    configs = {text_of(case, config): config for config in case.rows}
    spent = {}
    columns = (history.id.tolist(), space.format(history.arch), history.epoch, history.score[:, 0], history.cost_s)
    for trial, arch, epoch, score, cost_s in zip(*columns, strict=True):
        config = configs[arch]
        sign = -METRICS[case.metric][3] if case.direction == "minimize" else METRICS[case.metric][3]
        seen = [sign * value for (_, at), value in case.rows[config].items() if at == epoch]
        assert any(score == pytest.approx(value, rel=1e-9) for value in seen)
        spent[trial] = spent.get(trial, 0.0) + cost_s
        whole = 2.0 * epoch / case.epochs if case.cost == "constant" else math.fsum(case.seconds[config][:epoch])
        assert cost_s > 0
        assert spent[trial] == pytest.approx(whole, rel=1e-6)
    assert (np.diff(history.finish_s) >= 0).all()


def check(case, folder):
    """Return what came of a case."""
    write(case, folder)
    try:
        import_source(AnyTable(map="mine.map.toml", name="mine"), folder / "mine.csv")
        task = nasbench.load_task("mine.toml:t")
        task.check()
    except NasbenchError as error:
        return "refused", str(error)
    check_answers(case, task)
    strategies = ["random_search", "local_search"] + (["asha"] if len(task.epochs) > 1 else [])
    limits = nasbench.Budget(trials=12)
    record = nasbench.compare("mine.toml:t", strategies, runs=2, limits=limits, n_workers=2, out=folder / "record")
    for label in record.contestants:
        for run in record.runs("mine.toml:t", label):
            assert not run.failed, run.error
            check_run(case, task.space, run.history)
    assert (analyse(record).tasks[0].metrics["simple_regret"] >= -1e-12).all()
    assert verify(record, rng=np.random.default_rng(0)).matches
    return "searched", ""


OUTCOMES = {"searched": 0, "refused": 0}


@pytest.fixture(scope="module")
def n_examples(request):
    return 1000 if request.config.getoption("--everywhere") else 30


@pytest.mark.filterwarnings("ignore::nasbench.errors.GapsWarning")
def test_a_table_of_ones_own_is_read_as_it_is_or_refused(n_examples, tmp_path_factory, monkeypatch):
    @settings(max_examples=n_examples, deadline=None, derandomize=True, database=None)
    @given(case=cases())
    def agree(case):
        folder = tmp_path_factory.mktemp("own")
        monkeypatch.setenv("NASBENCH_HOME", str(folder / "home"))
        monkeypatch.chdir(folder)
        outcome, why = check(case, folder)
        OUTCOMES[outcome] += 1
        assert outcome == "searched" or any(reason in why for reason in reasons(case)), why

    agree()
    assert min(OUTCOMES.values()) >= n_examples / 10, f"both must be tried: {OUTCOMES}"


def reasons(case):
    """Why a case may be refused; each a text that the error would hold."""
    if case.cost == "epoch, not said":
        yield "per = 'epoch'"
    if case.cost == "epoch" and len({epoch for cells in case.rows.values() for _, epoch in cells}) < case.epochs:
        yield "the cost of the others is unknown"
    if case.metric == "latency" and case.epochs > 1:
        yield "'answer'"  # seconds of several epochs that fall, or hardly grow: are they spent?
    if sum(is_whole(case, config) for config in case.rows) <= 1:
        yield "nothing to search"
    if case.declared not in ("nothing", "the same"):
        yield "codes would be misread"
