"""Tasks against published numbers, and declarations that make no sense."""

import csv
import tomllib
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

import nasbench
from nasbench.errors import InvalidArchitecture, InvalidOption, NasbenchError, UnknownName
from nasbench.table import Draft, Measurement, write_table
from nasbench.tasks.declarations import suites

GOLDEN = tomllib.loads((Path(__file__).parent.parent / "golden/nb201.toml").read_text())


@pytest.mark.parametrize("name", GOLDEN["optimum"])
def test_the_best_cells_are_the_published_ones(name):
    task, golden = nasbench.load_task(f"nb201-{name}"), GOLDEN["optimum"][name]
    assert "".join(map(str, task.optimum.arch[0].tolist())) == golden["digits"]
    assert round(100 * task.optimum.score, 3) == golden["accuracy"]
    official = task.table.static(np.array([task.optimum.row]), dataset="all", metric="official_index")
    assert official.tolist() == [golden["official_index"]]


def test_two_seeds_agree_as_published(cifar10):
    first, second = (cifar10.query(cifar10.space.rows, seed=seed) for seed in (0, 1))
    assert round(stats.kendalltau(first, second).statistic, 3) == GOLDEN["kendall"]["seed_0_and_1_cifar10"]


def test_validation_agrees_with_the_published_test_accuracy(cifar10, shared):
    with open(shared / "nb201/test_accuracy_epoch200.csv") as file:
        rows = list(csv.DictReader(file))
    valid = cifar10.query([row["ArchitectureString"] for row in rows])
    test = [float(row["CIFAR10TestAccuracy200Epochs"]) for row in rows]
    assert round(stats.kendalltau(valid, test).statistic, 3) == GOLDEN["kendall"]["valid_and_published_test_cifar10"]


def test_the_official_index_is_the_order_of_the_official_files(cifar10, shared):
    with open(shared / "nb201/accuracy_epoch12.csv") as file:
        rows = list(csv.DictReader(file))
    index = cifar10.table.index(cifar10.space.parse([row["cellstr"] for row in rows]))
    official = cifar10.table.static(index, dataset="all", metric="official_index")
    assert (official == [int(row["arch"]) for row in rows]).all()


@pytest.mark.parametrize(
    ("name", "best_test", "test_of_best_valid", "mean_test"),
    [
        # NAS-Bench-Graph's shipped tables, summarised independently: best, test of the best by validation, mean, in %
        ("cora", 83.13, 82.63, 75.43),
        ("citeseer", 71.57, 71.03, 61.07),
        ("pubmed", 78.60, 75.60, 73.07),
        ("cs", 91.26, 90.59, 83.37),
        ("physics", 93.00, 91.35, 87.12),
        ("photo", 92.79, 92.08, 86.98),
        ("computers", 85.58, 82.03, 75.75),
        ("arxiv", 72.39, 71.95, 69.55),
        ("proteins", 79.26, 76.11, 76.63),
    ],
)
def test_graph_tables_have_the_known_summary(name, best_test, test_of_best_valid, mean_test):
    task = nasbench.load_task(f"nbgraph-{name}")
    scores = 100 * task.query(task.table.architectures[task.rows], "test")
    assert round(scores.max(), 2) == best_test
    assert abs(scores.mean() - mean_test) < 0.006
    assert abs(100 * task.query(task.optimum.arch, "test")[0] - test_of_best_valid) < 0.006


def test_twelve_tasks_are_in_the_embedded_suite_and_another_ships():
    assert len(nasbench.task_names(embedded=True)) == 12
    assert nasbench.task_names().keys() - nasbench.task_names(embedded=True).keys() == {"curves201-mnist1d"}
    assert suites()["curves"] == ["curves201-mnist1d"]


def test_queries_take_arrays_and_strings(cifar10):
    arch = cifar10.optimum.arch
    assert cifar10.query(arch) == cifar10.query(cifar10.space.format(arch))
    with pytest.raises(InvalidArchitecture, match="list of strings"):
        cifar10.query("|none~0|")


def test_the_test_split_of_a_table_without_one_is_an_error(cifar10):
    with pytest.raises(UnknownName, match="valid"):
        cifar10.query(cifar10.optimum.arch, "test")


@pytest.mark.parametrize("name", ["nb201-cifar11", "nb201", "cifar10", "", "nbgraph-", "-"])
def test_an_unknown_task_offers_near_names(name):
    with pytest.raises(UnknownName, match="unknown task") as caught:
        nasbench.load_task(name)
    if name == "nb201-cifar11":
        assert "did you mean 'nb201-cifar10'" in str(caught.value)


DECLARATION = """
title = "mine"
version = 1
space = "nb201"
table = "nb201"
dataset = "cifar10-valid"
recipe = "epochs200"
metric = "accuracy"
observed = "valid"
reported = ["valid"]
cost = "train_s"
budget_s = 2e5
[tasks.own]
"""


def test_a_user_s_own_declaration_works(tmp_path):
    (tmp_path / "mine.toml").write_text(DECLARATION)
    task = nasbench.load_task(f"{tmp_path}/mine.toml:own")
    assert task.optimum.score == nasbench.load_task("nb201-cifar10").optimum.score


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('observed = "valid"', 'observed = "test"', "show the test split"),
        ('observed = "valid"', 'observed = "vaild"', "did you mean 'valid'"),
        ("budget_s = 2e5", "budget_s = nan", "positive"),
        ("budget_s = 2e5", "budget_s = -1", "positive"),
        ("budget_s = 2e5", "budget_s = true", "wrong type"),
        ("budget_s = 2e5", "", "lacks budget_s"),
        ("budget_s = 2e5", "budget = 2e5", "did you mean 'budget_s'"),
        ('space = "nb201"', 'space = "nb202"', "did you mean 'nb201'"),
        ('table = "nb201"', 'table = "nb202"', "did you mean 'nb201'"),
        ('table = "nb201"', 'table = "nb201"\ntable_sha256 = "0123"', "checksum"),
        ("[tasks.own]", "[tasks]", "unknown task"),
        ("[tasks.own]", "[tasks]\nown = 3", "declares no"),
        ('reported = ["valid"]', "reported = []", "reports nothing"),
        ('space = "nb201"', 'space = "nb201"\nspace_options = { foo = 1 }', "do not fit"),
        ('space = "nb201"', 'space = "nbgraph"', "table 'nb201' is of space 'nb201'"),
        ("version = 1", "version = ", "not TOML"),
    ],
)
def test_a_declaration_without_sense_is_refused(tmp_path, old, new, says):
    (tmp_path / "mine.toml").write_text(DECLARATION.replace(old, new))
    with pytest.raises(NasbenchError, match=says):
        nasbench.load_task(f"{tmp_path}/mine.toml:own")


@pytest.mark.parametrize(
    ("cost", "says"),
    [("0", "costs 0"), ("nan", "costs nan"), ('"nope"', "unknown static metric"), ('"latency"', "latency_s")],
)
def test_a_cost_that_the_clock_cannot_use_is_refused_before_anything_runs(tmp_path, cost, says):
    (tmp_path / "mine.toml").write_text(DECLARATION.replace('cost = "train_s"', f"cost = {cost}"))
    with pytest.raises(NasbenchError, match=says):
        nasbench.compare(f"{tmp_path}/mine.toml:own", "random_search", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_architectures_outside_a_restricted_space_are_not_answered(tmp_path):
    task = nasbench.load_task("nbgraph-proteins")
    wider = nasbench.load_task("nbgraph-cora").optimum.arch
    with pytest.raises(InvalidArchitecture, match="is not an architecture of space"):
        task.query(wider)
    with pytest.raises(InvalidArchitecture, match="is not an architecture of space"):
        task.backend(np.random.default_rng(0)).advance(nasbench.full_trainings(0, wider))
    with pytest.raises(InvalidOption, match=r"task file .* does not exist"):
        nasbench.load_task(f"{tmp_path}/absent.toml:own")


def test_tables_compose_by_architecture(tmp_path, home, cifar10, rng):
    """Observe one table, report another, charge a third; rows in other orders, and some missing."""
    space, n = cifar10.space, 400
    rows = rng.permutation(15625)[:n]
    names = {"short": ("epochs12", "valid", rows), "long": ("epochs200", "test", rows[::-1][: n - 50])}
    for name, (recipe, split, own) in names.items():
        scores = own / 20_000
        column = Measurement(
            dataset="cifar10-valid", recipe=recipe, split=split, metric="accuracy", unit="fraction",
            direction="maximize", values=scores[:, None, None], seeds=np.array([0]),
            epochs=np.array([12 if recipe == "epochs12" else 200]),
        )  # fmt: skip
        draft = Draft(
            name=name, title="t", space="nb201", citation="c", licence="l", source="s", notes="n",
            architectures=space.rows[own], cardinality=space.cardinality, measurements=[column],
        )  # fmt: skip
        write_table(draft, home / "tables" / f"{name}.h5")
    (tmp_path / "mine.toml").write_text(
        DECLARATION.replace('table = "nb201"', 'table = "short"')
        .replace('recipe = "epochs200"', 'recipe = "epochs12"')
        .replace(
            'reported = ["valid"]', 'reported = { test = { table = "long", recipe = "epochs200", split = "test" } }'
        )
        .replace('cost = "train_s"', 'cost = [{ table = "nb201", recipe = "epochs200", split = "valid" }]')
    )
    task = nasbench.load_task(f"{tmp_path}/mine.toml:own")
    assert len(task.rows) == n - 50
    archs = space.rows[rows[60:70]]
    assert task.query(archs, "test") == pytest.approx(rows[60:70] / 20_000)
    answers = task.backend(rng).advance(nasbench.full_trainings(0, archs))
    assert answers.score[:, 0] == pytest.approx(rows[60:70] / 20_000)
    assert answers.cost_s == pytest.approx(cifar10.query(archs))
    assert len(task.tables) == 3


def test_a_trial_may_cost_shares_of_static_metrics(tmp_path, cifar10, rng):
    """12 of 200 epochs' seconds, as NATS-Bench's files record them: architecture 0, 86.653116 s of training."""
    cost = 'cost = [{ static = "train_s", times = 0.06 }, { static = "latency_s", times = 198 }]'
    (tmp_path / "mine.toml").write_text(DECLARATION.replace('cost = "train_s"', cost))
    task = nasbench.load_task(f"{tmp_path}/mine.toml:own")
    arch = ["|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|nor_conv_1x1~0|skip_connect~1|skip_connect~2|"]
    index = task.table.index(task.archs(arch))
    latency = task.table.static(index, dataset="cifar10-valid", metric="latency_s")
    answer = task.backend(rng).advance(nasbench.full_trainings(0, task.archs(arch)))
    assert answer.cost_s == pytest.approx(86.653116 + 198 * latency, rel=1e-6)


@pytest.mark.parametrize(
    ("cost", "says"),
    [
        ('[{ static = "train_s", tims = 2 }]', "did you mean 'times'"),
        ('[{ static = "train_s", times = true }]', "wrong type"),
        ('[{ static = "train_second" }]', "did you mean 'train_s'"),
        ('[{ static = "train_s", times = 0 }]', "costs 0"),
    ],
)
def test_a_share_without_sense_is_refused(tmp_path, cost, says):
    (tmp_path / "mine.toml").write_text(DECLARATION.replace('cost = "train_s"', f"cost = {cost}"))
    with pytest.raises(NasbenchError, match=says):
        nasbench.load_task(f"{tmp_path}/mine.toml:own").check()


def test_a_known_task_without_its_table_says_how_to_get_it():
    with pytest.raises(InvalidOption, match=r"nasbench import nats_bench_tss PATH"):
        nasbench.load_task("nats-tss-cifar10")
    assert "nats-tss-cifar10" not in nasbench.task_names()
