"""Tasks with further objectives: HW-NAS-Bench's measurements beside the accuracies of NAS-Bench-201."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

import nasbench
from nasbench.cli import main
from nasbench.comparison.analysis import analyse
from nasbench.comparison.experiment import Limits
from nasbench.errors import InvalidOption, NasbenchError
from nasbench.importers import import_source
from nasbench.importers.table import AnyTable
from nasbench.metrics import Metric, MetricValues
from nasbench.table import Static, TableBuilder, write_table
from nasbench.testing import check_task
from nasbench.units import Objective

# README of GATECH-EIC/HW-NAS-Bench, architecture 0 on CIFAR-10: ms and mJ.
FIRST = "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"
PRINTED = {"edgegpu": (5.807418537139893, 24.226614330768584), "raspi4": (10.481976820010459,)}
N_CELLS = 15_625


@pytest.fixture
def devices(shared, home):
    """The table as a user gets it from the public CSV file of CIFAR-10."""
    source = shared / "nb201/hw_cifar10.csv"
    return import_source(AnyTable(map="hw_nas_bench_cifar10", name="hw_nas_bench"), source)


@pytest.fixture
def made_up(home, cifar10):
    """A table of one device that measured every second cell: its row number in milliseconds."""
    rows = np.arange(0, N_CELLS, 2)[::-1]

    def static(metric, direction="minimize", unit="s", per=1):
        values = np.repeat((rows + 1)[:, None] / 1e5, per, axis=1)
        return Static(
            dataset="device", metric=metric, unit=unit, direction=direction, values=values if per > 1 else values[:, 0]
        )

    statics = [static("latency_s"), static("throughput", "maximize", "none"), static("index", "none", "none")]
    statics += [static("test_accuracy", "maximize", "fraction"), static("by_seed_s", per=2)]
    texts = dict.fromkeys(("title", "citation", "licence", "source", "notes"), "made by a test")
    space = cifar10.space
    draft = TableBuilder(
        name="made_up", space="nb201", **texts, architectures=space.rows[rows], cardinality=space.cardinality,
        statics=statics,
    )  # fmt: skip
    write_table(draft, home / "tables/made_up.h5")


def declared(folder, objectives):
    text = (Path(nasbench.__file__).parent / "tasks/nb201.toml").read_text()
    (folder / "mine.toml").write_text(f"{text}\nobjectives = {objectives}\n".replace("[tasks.cifar100]", "[tasks.x]"))
    return nasbench.load_task(f"{folder}/mine.toml:imagenet16")


def test_a_device_s_numbers_are_the_published_ones(devices):
    for device, printed in PRINTED.items():
        task = nasbench.load_task("hw201-cifar10" + ("" if device == "edgegpu" else f"-{device}"))
        values = [task.query([FIRST], label)[0] * 1000 for label in task.further]
        assert values == pytest.approx(printed, rel=1e-12)


def test_a_strategy_sees_accuracy_first_then_what_is_small_negated(devices, rng, cifar10):
    task = nasbench.load_task("hw201-cifar10")
    check_task(task, rng)
    together = task.backend(np.random.default_rng(1)).advance(nasbench.full_trainings(0, task.space.rows[:50]))
    alone = cifar10.backend(np.random.default_rng(1)).advance(nasbench.full_trainings(0, task.space.rows[:50]))
    assert [one.name for one in task.objectives] == ["accuracy", "latency", "energy"]
    assert (together.score[:, :1] == alone.score).all()
    assert (together.score[:, 1] == -task.query(task.space.rows[:50], "latency")).all()
    assert task.optimum.score == cifar10.optimum.score


def test_what_a_device_cannot_run_stays_missing_and_keeps_its_accuracy(devices, shared, rng):
    with open(shared / "nb201/hw_cifar10.csv") as file:
        n_missing = sum(float(row["edgetpu_latency"]) == -1 for row in csv.DictReader(file))
    task = nasbench.load_task("hw201-cifar10-edgetpu")
    score = task.backend(rng).advance(nasbench.full_trainings(0, task.space.rows)).score
    assert np.isnan(score).sum(axis=0).tolist() == [0, n_missing]
    assert n_missing > 1000


def test_every_declared_device_is_in_the_table(devices):
    names = [name for name in nasbench.task_names() if name.startswith("hw201-cifar10-") or name == "hw201-cifar10"]
    assert len(names) == 6
    tasks = [nasbench.load_task(name) for name in names]
    assert sum(len(task.further) for task in tasks) == 9
    everything = tasks[0].space.rows
    medians = [np.nanmedian(task.query(everything, "latency")) for task in tasks]
    assert len(set(medians)) == 6
    assert all(1e-4 < median < 0.1 for median in medians)


def test_a_comparison_ranks_by_accuracy_as_without_devices(devices, tmp_path):
    strategies = ["local_search", "regularized_evolution@nb201"]
    records = [
        nasbench.compare(name, strategies, runs=2, out=tmp_path / name) for name in ("hw201-cifar10", "nb201-cifar10")
    ]
    for strategy in strategies:
        runs = records[0].runs("hw201-cifar10", strategy)
        assert not any(run.failed for run in runs)
        assert all(len(run.history.id) > 80 and run.history.score.shape[1] == 3 for run in runs)
    tables = records[0].spec["tasks"]["hw201-cifar10"]["tables"]
    assert tables == {"nb201": records[1].spec["tasks"]["nb201-cifar10"]["tables"]["nb201"]} | {
        "hw_nas_bench": devices.checksum
    }


def test_a_strategy_for_several_objectives_gets_a_front(devices):
    """Keep what no other trial beats in both: a front with more than one point, and the most accurate among them."""
    seen = []

    class Watcher:
        def __init__(self, space, rng):
            self.space, self.rng, self.n = space, rng, 0

        def ask(self, n):
            self.n += n
            return nasbench.full_trainings(self.n - n, self.space.sample(n, self.rng))

        def tell(self, results):
            seen.append(results.score[0, :2].tolist())

    task = nasbench.load_task("hw201-cifar10")
    strategy, budget = Watcher(task.space, np.random.default_rng(0)), nasbench.Budget(trials=100)
    nasbench.Simulation(strategy, task.backend(np.random.default_rng(0)), task.space, budget=budget).run()
    points = np.array(seen)
    beaten = (points[None] >= points[:, None]).all(axis=2) & (points[None] > points[:, None]).any(axis=2)
    front = points[~beaten.any(axis=1)]
    assert len(np.unique(front, axis=0)) > 3
    assert np.corrcoef(front.T)[0, 1] < 0


def test_reference_and_bound_of_every_objective_are_declared_beside_its_column(made_up, tmp_path, capsys):
    column = 'table = "made_up", dataset = "device", metric = "latency_s"'
    (tmp_path / "mine.toml").write_text(
        (Path(nasbench.__file__).parent / "tasks/nb201.toml")
        .read_text()
        .replace('observed = "valid"', 'observed = { split = "valid", reference = 0.5, bound = 1 }')
        + f"\nobjectives.slow = {{ {column}, reference = 0.02, bound = 0 }}\nobjectives.plain = {{ {column} }}\n"
    )
    task = nasbench.load_task(f"{tmp_path}/mine.toml:imagenet16")
    assert task.objectives == (
        Objective("accuracy", "fraction", "maximize", 0.5, 1.0),
        Objective("slow", "s", "minimize", 0.02, 0.0),
        Objective("plain", "s", "minimize"),
    )
    assert [one.sign for one in task.objectives] == [1.0, -1.0, -1.0]
    assert (task.unit, task.direction, task.sign) == ("fraction", "maximize", 1.0)
    assert main(["info", f"{tmp_path}/mine.toml:imagenet16", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["objectives"]
    assert shown["accuracy"] == "maximize accuracy (fraction), reference 50 %, bound 100 %"
    assert shown["slow"].endswith("table made_up, reference 0.02 s, bound 0 s")


@pytest.mark.parametrize(
    ("points", "says"),
    [
        ("reference = 0, bound = 0.02", "bound = 0.02 is not better than reference = 0.0; its direction is minimize"),
        ("reference = -1", "reference = -1.0; expected a number from 0 to inf"),
        ("bound = nan", "bound = nan; expected a number"),
        ('bound = "0"', "slow.bound = '0' has the wrong type; expected a number"),
        ("bound = true", "slow.bound = True has the wrong type"),
        ("referenc = 1", "did you mean 'reference'"),
    ],
)
def test_a_range_that_contradicts_the_column_is_refused(made_up, tmp_path, points, says):
    with pytest.raises(NasbenchError, match=says):
        declared(tmp_path, f'{{ slow = {{ table = "made_up", dataset = "device", metric = "latency_s", {points} }} }}')


def test_an_objective_cannot_have_the_name_of_the_observed_metric(made_up, tmp_path):
    with pytest.raises(InvalidOption, match="name of the observed metric"):
        declared(tmp_path, '{ accuracy = { table = "made_up", dataset = "device", metric = "latency_s" } }')


def test_objectives_join_by_architecture_and_may_be_maximised(made_up, tmp_path, rng):
    task = declared(
        tmp_path,
        '{ slow = { table = "made_up", dataset = "device", metric = "latency_s" }, '
        'fast = { table = "made_up", dataset = "device", metric = "throughput" } }',
    )
    archs = task.space.rows[[6, 7, 8]]
    score = task.backend(rng).advance(nasbench.full_trainings(0, archs)).score
    assert score[:, 1:].tolist() == [[-7e-5, 7e-5], [pytest.approx(np.nan, nan_ok=True)] * 2, [-9e-5, 9e-5]]
    assert not np.isnan(score[:, 0]).any()
    one = task.backend(rng).advance(nasbench.full_trainings(0, archs[:1])).score
    assert one[0, 1:].tolist() == [-7e-5, 7e-5]


@pytest.mark.parametrize(
    ("objective", "says"),
    [
        ('{ metric = "index" }', "direction 'none'"),
        ('{ metric = "test_accuracy" }', 'split = "valid" beside it'),
        ('{ metric = "by_seed_s" }', "2 values for each"),
        ('{ metric = "latency" }', "did you mean 'latency_s'"),
        ('{ dataset = "other", metric = "latency_s" }', "unknown data set"),
        ('{ metric = "latency_s", split = "test" }', "objectives.slow.split = 'test' would show it to strategies"),
        ('{ metric = "latency_s", images = "valid" }', "unknown key of objectives.slow"),
        ('{ dataset = "device" }', "lacks metric"),
        ("{ metric = 3 }", "objectives.slow.metric = 3 has the wrong type; expected text"),
        ('"latency_s"', "expected {"),
    ],
)
def test_an_objective_without_sense_is_refused(made_up, tmp_path, objective, says):
    if objective.startswith("{"):
        objective = objective.replace("{", '{ table = "made_up",')
    if "dataset" not in objective:
        objective = objective.replace("{", '{ dataset = "device",')
    with pytest.raises(NasbenchError, match=says):
        declared(tmp_path, f"{{ slow = {objective} }}")


def test_an_objective_cannot_hide_what_is_reported(made_up, tmp_path):
    with pytest.raises(InvalidOption, match="name of a split"):
        declared(tmp_path, '{ valid = { table = "made_up", dataset = "device", metric = "latency_s" } }')


def test_info_and_query_show_objectives_and_whom_to_cite(devices, capsys):
    assert main(["info", "hw201-cifar10", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["objectives"]["energy"] == "minimize edgegpu_energy_J (J) on cifar10, table hw_nas_bench"
    assert "2001.00326" in shown["citation"]
    assert "2103.10584" in shown["citation"]
    assert main(["query", "hw201-cifar10", FIRST, "--json"]) == 0
    (entry,) = json.loads(capsys.readouterr().out)
    assert entry["latency (s)"] * 1000 == pytest.approx(PRINTED["edgegpu"][0], rel=1e-12)


def test_without_the_table_a_task_says_how_to_get_it():
    with pytest.raises(InvalidOption, match=r"GATECH-EIC/HW-NAS-Bench; then: nasbench import hw_nas_bench PATH"):
        nasbench.load_task("hw201-cifar10")


class Undominated(Metric):
    """Number of trials that no other trial of the run dominates: a metric of several objectives from outside."""

    label = "undominated"
    unit = "count"
    direction = "none"

    def compute(self, runs):
        assert [scale.direction for scale in runs.goal.objectives] == ["maximize", "minimize"]
        counts = []
        for start, end in zip(runs.trials.offsets, runs.trials.offsets[1:], strict=False):
            score = runs.trials.score[start:end]
            beats = (score[:, None] >= score).all(axis=2) & (score[:, None] > score).any(axis=2)
            counts.append((~beats.any(axis=0)).sum())
        return MetricValues(np.array(counts, dtype=float))


def test_a_metric_sees_every_objective(made_up, tmp_path):
    task = declared(tmp_path, '{latency = {table = "made_up", dataset = "device", metric = "latency_s"}}')
    name = f"{__name__}:Undominated"
    record = nasbench.compare(task, "random_search", runs=3, limits=Limits(trials=12), out=tmp_path / "r")
    (found,) = analyse(record, [name]).tasks
    assert ((found.metrics[name] >= 1) & (found.metrics[name] <= 12)).all()
    assert found.metrics[name].max() > 1  # good and slow beside quick and bad
