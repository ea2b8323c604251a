"""Families of tasks: what a task declares, its search space, or the tables of a declared space."""

from pathlib import Path

import pandas as pd
import pytest

import nasbench
from nasbench.comparison.analysis import analyse
from nasbench.errors import InvalidOption
from nasbench.tasks.families import find_family


def declare(folder, line, member="cifar10"):
    """The name of a task in a copy of the declarations of NAS-Bench-201, with another line."""
    text = (Path(nasbench.__file__).parent / "tasks/nb201.toml").read_text()
    path = folder / "mine.toml"
    path.write_text(f"{line}\n{text}")
    return f"{path}:{member}"


@pytest.mark.parametrize(
    ("task", "family"),
    [
        ("nb201-cifar10", "nb201"),
        ("nb201-imagenet16", "nb201"),
        ("curves201-mnist1d", "nb201"),
        ("nbgraph-cora", "nbgraph"),
        ("nbgraph-proteins", "nbgraph"),
    ],
)
def test_tasks_of_one_search_space_are_a_family(task, family):
    """Also across tables: MNIST-1D ranks the cells of NAS-Bench-201 much as CIFAR-10 does."""
    assert find_family(nasbench.load_task(task)) == family


def test_a_task_may_declare_its_family(tmp_path):
    assert find_family(nasbench.load_task(declare(tmp_path, 'family = "images"'))) == "images"


def test_one_task_of_a_file_may_declare_another_family(tmp_path):
    label = declare(tmp_path, "")
    path = tmp_path / "mine.toml"
    text = path.read_text()
    path.write_text(text.replace("[tasks.cifar100]", '[tasks.cifar100]\nfamily = "hundred"'))
    assert find_family(nasbench.load_task(f"{path}:cifar100")) == "hundred"
    assert find_family(nasbench.load_task(label)) == "nb201"


def test_a_family_that_is_no_text_is_refused(tmp_path):
    with pytest.raises(InvalidOption, match="family"):
        nasbench.load_task(declare(tmp_path, "family = 3"))


def test_a_record_knows_the_declared_family(tmp_path):
    """The file may be gone: the record holds the declaration."""
    label = declare(tmp_path, 'family = "images"')
    record = nasbench.compare(
        [label, "nbgraph-cora"], "random_search", runs=2, limits=nasbench.Limits(trials=3), out=tmp_path / "out"
    )
    (tmp_path / "mine.toml").unlink()
    assert analyse(nasbench.Record(record.path)).sample.families == ("images", "nbgraph")
    assert {row["family"] for row in record.leaderboard().tasks} == {"images", "nbgraph"}


def test_own_tables_of_declared_spaces_are_families_of_their_own(home):
    frame = pd.DataFrame({"depth": [1, 2, 3] * 2, "lr": [0.1, 0.1, 0.1, 0.2, 0.2, 0.2], "val_acc": range(70, 76)})
    first, second = (
        nasbench.task_from_frame(frame, decisions=["depth", "lr"], score="val_acc", name=name)
        for name in ("mine", "yours")
    )
    assert find_family(first) != find_family(second)
    assert find_family(first) == find_family(nasbench.load_task("mine"))
    latencies = frame[["depth", "lr"]].assign(latency_ms=1.5)
    nasbench.join_objectives("mine", latencies, {"latency_ms": "ms"}, name="mine-phone")
    assert find_family(nasbench.load_task("mine-phone")) == find_family(first)
