"""Tasks of the user's folder: written for a table, found by name, never in the way of the suite's own."""

import tomllib
from dataclasses import replace

import numpy as np
import pytest

import nasbench
from nasbench.cli import main
from nasbench.errors import InvalidOption, UnknownName
from nasbench.table import Measurement, Table, write_table
from nasbench.tasks import declare_task, write_task
from nasbench.tasks.declarations import absent_tasks, suites


@pytest.fixture
def draft(draft, cifar10):
    """A table of real cells."""
    archs = cifar10.space.rows[:12]
    return replace(draft, name="mine", architectures=archs, cardinality=cifar10.space.cardinality)


def write(home, draft):
    write_table(draft, home / "tables" / f"{draft.name}.h5")
    return Table(home / "tables" / f"{draft.name}.h5")


def more(draft, **changes):
    """The same table with one more measurement."""
    return replace(draft, measurements=[*draft.measurements, replace(draft.measurements[0], **changes)])


def test_a_task_is_written_and_found_by_name(home, draft, capsys):
    table = write(home, draft)
    path = write_task("mine", declare_task(table))
    assert path == home / "tasks" / "mine.toml"
    task = nasbench.load_task("mine")
    assert (task.name, task.observed.metric, task.reported) == ("mine", "accuracy", ("valid",))
    assert task.declaration["cost"] == [{"static": "train_s", "dataset": "data"}]
    assert task.budget_s == 4 * 6.5  # a third of 12 trainings of 1 to 12 s
    assert main(["list", "tasks", "mine"]) == 0
    assert main(["info", "mine"]) == 0
    assert "A small table" in capsys.readouterr().out
    assert all("mine" not in names for names in suites().values())


def test_the_columns_of_a_task_are_chosen_or_asked(home, draft):
    two = more(draft, metric="f1", unit="none")
    assert declare_task(write(home, two))["metric"] == "accuracy"  # an accuracy comes first
    assert declare_task(write(home, two), score="f1")["metric"] == "f1"
    with pytest.raises(InvalidOption, match="no column 'loss' that a search may observe"):
        declare_task(write(home, two), score="loss")
    recipes = write(home, more(draft, recipe="long"))
    with pytest.raises(InvalidOption, match=r"which column .*data/epochs30/valid/accuracy, data/long/valid/accuracy"):
        declare_task(recipes)
    assert declare_task(recipes, score="long/valid/accuracy")["recipe"] == "long"
    tested = write(home, more(draft, split="test"))
    assert declare_task(tested)["reported"] == ["valid", "test"]
    only = replace(draft, measurements=[replace(draft.measurements[0], split="test")])
    with pytest.raises(InvalidOption, match="no column that a search may observe"):
        declare_task(write(home, only))


def test_the_seconds_of_trainings_are_the_cost(home, draft):
    seconds = {"metric": "train_s", "unit": "s", "direction": "minimize", "split": "train"}
    values = np.cumsum(np.ones((12, 2, 3)), axis=2)
    timed = more(draft, **seconds, values=values)
    assert declare_task(write(home, timed))["cost"] == [{"split": "train", "metric": "train_s"}]
    assert declare_task(write(home, timed), cost=7.0)["cost"] == 7.0
    twice = more(timed, **seconds | {"metric": "gpu_s"}, values=values)
    with pytest.raises(InvalidOption, match=r"is the cost of a training run\?"):
        declare_task(write(home, twice))
    assert declare_task(write(home, twice), cost="gpu_s")["cost"] == [{"split": "train", "metric": "gpu_s"}]
    assert declare_task(write(home, replace(draft, statics=[])))["cost"] == 1.0


def test_names_of_the_suite_and_other_tasks_are_safe(home, draft):
    declared = declare_task(write(home, draft))
    with pytest.raises(InvalidOption, match="belongs to a task of the suite"):
        write_task("nb201-cifar10", declared)
    for name in ("surrogate-x", "a/b", "x:y", ""):
        with pytest.raises(InvalidOption, match="task name"):
            write_task(name, declared)
    path = write_task("mine", declared)
    assert write_task("mine", declared) == path
    with pytest.raises(InvalidOption, match="exists and holds other content"):
        write_task("mine", declared | {"budget_s": 5})
    assert nasbench.load_task("mine").budget_s == 26
    write_task("mine", declared | {"budget_s": 5}, replace=True)
    assert nasbench.load_task("mine").budget_s == 5


def test_a_wrong_task_is_not_written(home, draft):
    declared = declare_task(write(home, draft))
    with pytest.raises(UnknownName, match="metric"):
        write_task("mine", declared | {"metric": "acuracy"})
    assert not (home / "tasks" / "mine.toml").exists()


def test_damaged_files_and_missing_tables_do_not_hide_other_tasks(home, draft):
    write_task("mine", declare_task(write(home, draft)))
    (home / "tasks" / "broken.toml").write_text("title = ")
    assert nasbench.task_names()["broken"].startswith("cannot be opened")
    with pytest.raises(InvalidOption, match="is not TOML"):
        nasbench.load_task("broken")
    (home / "tasks" / "nb201-cifar10.toml").write_text('title = "another one"')
    assert nasbench.task_names()["nb201-cifar10"] != "another one"
    with pytest.raises(InvalidOption, match="declares another one: rename that file"):
        nasbench.load_task("nb201-cifar10")
    (home / "tables" / "mine.h5").unlink()
    assert "mine" not in nasbench.task_names()
    assert "import table 'mine' again" in absent_tasks()["mine"]
    with pytest.raises(InvalidOption, match="needs a table that is not there"):
        nasbench.load_task("mine")


def test_a_written_declaration_is_read_back(home, draft):
    declared = declare_task(write(home, draft), title='odd "title"\n\\ and ü')
    path = write_task("mine", declared | {"columns": {"score": "val acc", "decisions": {"": "a.b"}}})
    assert tomllib.loads(path.read_text(encoding="utf-8"))["title"] == 'odd "title"\n\\ and ü'
    assert nasbench.load_task("mine").declaration["columns"] == {"score": "val acc", "decisions": {"": "a.b"}}


def test_a_table_elsewhere_is_named_by_its_file(tmp_path, draft):
    write_table(draft, tmp_path / "away.h5")
    write_task("mine", declare_task(Table(tmp_path / "away.h5")))
    task = nasbench.load_task("mine")
    assert task.table.path == tmp_path / "away.h5"
    assert isinstance(draft.measurements[0], Measurement)
