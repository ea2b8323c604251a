"""Latencies, energies and accuracies of the user's own become objectives of a task; the task's table never changes."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import nasbench
from nasbench.cli import main
from nasbench.errors import InvalidOption, SourceError
from nasbench.importers import StaticColumn
from nasbench.joining import join_objectives
from nasbench.table import find_table
from nasbench.tasks import load_task, task_names
from nasbench.trials import full_trainings

TASK = "nb201-cifar10"
SPACE = load_task(TASK).space
ARCHS = SPACE.rows[[5, 77, 4000, 15000]]
TEXTS = SPACE.format(ARCHS)
MS = [1.5, 20.25, 3.0, 0.125]


@pytest.fixture
def latencies(tmp_path: Path) -> Path:
    """Write latencies of four cells, a line of means, a cell of another space and an empty line."""
    rows = [f"{text},{ms},x" for text, ms in zip(TEXTS, MS, strict=True)]
    path = tmp_path / "phone.csv"
    path.write_text(
        "\n".join(["cell,latency_ms,note", *rows, "mean,6.2,x", "|a~0|,1,x", ",5,x", f"{TEXTS[0]},,x"]) + "\n"
    )
    return path


def test_a_command_makes_a_task_with_one_more_objective(latencies: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = hashlib.sha256(find_table("nb201").read_bytes()).hexdigest()
    assert main(["join", TASK, str(latencies), "--column", "latency_ms", "--unit", "ms", "--name", "mine"]) == 0
    out = capsys.readouterr().out
    assert "latency: 4 of 15,625 architectures of the task; the other 15,621 stay without it" in out
    assert "skipped 3 of 8 rows, which are not architectures of space 'nb201'; row 5: cannot read 'mean'" in out
    assert "task mine: maximize accuracy (fraction), minimize latency (s)" in out
    assert "next: nasbench compare --task mine" in out
    assert hashlib.sha256(find_table("nb201").read_bytes()).hexdigest() == before
    assert "mine" in task_names()
    task = load_task("mine")
    assert [objective.name for objective in task.objectives] == ["accuracy", "latency"]
    told = task.backend(np.random.default_rng(0)).advance(full_trainings(0, np.concatenate([ARCHS, SPACE.rows[:1]])))
    np.testing.assert_allclose(told.score[:, 1], [-0.0015, -0.02025, -0.003, -0.000125, np.nan])
    plain = load_task(TASK).backend(np.random.default_rng(0)).advance(full_trainings(0, ARCHS))
    np.testing.assert_array_equal(told.score[:4, 0], plain.score[:, 0])
    np.testing.assert_array_equal(told.cost_s[:4], plain.cost_s)


def test_a_joined_task_is_compared_by_name(latencies: Path, tmp_path: Path) -> None:
    join_objectives(TASK, latencies, {"latency_ms": "ms"}, name="mine")
    out = str(tmp_path / "record")
    assert (
        main(["compare", "--task", "mine", "--strategy", "random_search", "--runs", "2", "--out", out, "--jobs", "1"])
        == 0
    )
    assert main(["verify", out]) == 0


def test_the_same_command_again_changes_nothing_and_another_one_is_refused(latencies: Path, home: Path) -> None:
    command = ["join", TASK, str(latencies), "--column", "latency_ms", "--name", "mine", "--unit"]
    assert main([*command, "ms"]) == 0
    files = {path: path.read_bytes() for path in home.rglob("mine.*")}
    assert len(files) == 2
    (home / "tasks" / "mine.toml").unlink()  # as if the first command had been killed before its end
    assert main([*command, "ms"]) == 0
    assert {path: path.read_bytes() for path in home.rglob("mine.*")} == files
    assert main([*command, "us"]) == 1
    assert {path: path.read_bytes() for path in home.rglob("mine.*")} == files
    assert main([*command, "us", "--replace"]) == 0
    assert nasbench.load_task("mine").table.path == find_table("nb201")


def test_official_numbers_columns_and_data_frames(tmp_path: Path) -> None:
    expected = [0.0015, 0.02025]
    numbers = [0, 1]
    archs = SPACE.read(numbers, form="index")
    frames = {
        "index": (pd.DataFrame({"net": numbers, "t_ms": [1.5, 20.25]}), {"architecture": "net", "form": "index"}),
        "texts": (pd.DataFrame({"x": ["a", "b"], "arch": SPACE.format(archs), "t_ms": [1.5, 20.25]}), {}),
        "parquet": (tmp_path / "t.parquet", {}),
        "folder": (tmp_path / "folder", {}),
    }
    frames["texts"][0].to_parquet(tmp_path / "t.parquet")
    (tmp_path / "folder").mkdir()
    for i, row in enumerate(frames["texts"][0].to_dict("records")):
        (tmp_path / "folder" / f"{i}.json").write_text(json.dumps(row))
    columns = [StaticColumn(column="t_ms", unit="ms", metric="delay", direction="minimize")]
    for name, (source, options) in frames.items():
        joined = join_objectives(TASK, source, columns, name=name, **options)
        assert joined.covered == {"delay": 2}
        rows = joined.table.index(archs)
        np.testing.assert_allclose(joined.table.static(rows, dataset="all", metric="delay"), expected)


def test_further_objectives_are_added_to_those_there(latencies: Path) -> None:
    join_objectives(TASK, latencies, {"latency_ms": "ms"}, name="one")
    frame = pd.DataFrame({"cell": TEXTS, "energy_mJ": [1.0, 2.0, 3.0, np.nan], "params": [1e6, 2e6, 3e6, 4e6]})
    joined = join_objectives("one", frame, {"energy_mJ": "mJ", "params": "count"}, name="two")
    assert [one.name for one in joined.task.objectives] == ["accuracy", "latency", "energy", "params"]
    assert joined.covered == {"energy": 3, "params": 4}
    with pytest.raises(InvalidOption, match="has an objective 'latency' already"):
        join_objectives("one", latencies, {"latency_ms": "ms"}, name="three")


def test_robust_accuracies_name_their_images(home: Path) -> None:
    frame = pd.DataFrame({"cell": TEXTS, "pgd_accuracy": [50.0, 20.0, 31.5, 4.0]})
    for split in ("", "test", "valid+test"):
        with pytest.raises(InvalidOption, match="on which images was it measured"):
            join_objectives(TASK, frame, {"pgd_accuracy": "percent"}, name="robust", split=split)
    task = join_objectives(TASK, frame, {"pgd_accuracy": "percent"}, name="robust", split="valid").task
    assert [(one.name, one.direction) for one in task.objectives][1] == ("pgd_accuracy", "maximize")
    file = home / "tasks" / "robust.toml"
    file.write_text(file.read_text().replace('split = "valid" }', 'split = "test" }'))
    with pytest.raises(InvalidOption, match="would show it to strategies"):
        load_task("robust")
    file.write_text(file.read_text().replace(', split = "test"', ""))
    with pytest.raises(InvalidOption, match='split = "valid" beside it if it is an accuracy'):
        load_task("robust")


def test_a_name_may_end_with_the_unit(home: Path, latencies: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["join", TASK, str(latencies), "--column", "latency_ms", "--name", "mine"]) == 0
    assert "minimize latency (s)" in capsys.readouterr().out
    join_objectives(TASK, latencies, {"latency_ms": "ms"}, name="other")
    first, other = (load_task(name).objectives for name in ("mine", "other"))
    assert first == other


def test_repeated_measurements_are_averaged_on_request(tmp_path: Path) -> None:
    frame = pd.DataFrame({"cell": [*TEXTS[:2], TEXTS[0], TEXTS[1]], "latency": [1.0, 5.0, 2.0, 5.0]})
    with pytest.raises(SourceError, match=r"row 2, column 'latency': 2.0 differs from row 0.*--average"):
        join_objectives(TASK, frame, {"latency": "s"}, name="mine")
    joined = join_objectives(TASK, frame, {"latency": "s"}, name="mine", average=True)
    found = joined.table.static(joined.table.index(ARCHS[:2]), dataset="all", metric="latency")
    np.testing.assert_array_equal(found, [1.5, 5.0])


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (["--column", "note"], "which unit has 'note'"),
        (["--unit", "parsec"], "unit 'parsec' of column 'latency_ms' is unknown"),
        (["--unit", "ms", "--unit", "s"], "2 times --unit for 1 columns"),
        (["--unit", "none", "--metric", "quality"], "--direction maximize"),
        (["--unit", "ms", "--direction", "up"], "expected maximize or minimize"),
        (["--unit", "ms", "--metric", "a b"], "'a b' is not a valid name"),
        (["--unit", "ms", "--metric", "accuracy"], "has an objective 'accuracy' already"),
        (["--unit", "ms", "--architecture", "net"], "no column 'net'; it has 'note'"),
        (["--unit", "ms", "--architecture", "note"], "no row is an architecture of space 'nb201'; row 1"),
        (["--unit", "ms", "--form", "index"], "say which one by --architecture"),
        (["--unit", "ms", "--form", "index", "--architecture", "cell"], "no row is an architecture"),
        (["--unit", "ms", "--form", "hash", "--architecture", "cell"], "form = 'hash'"),
        (["--unit", "ms", "--name", TASK], "belongs to a task of the suite"),
        (["--unit", "ms", "--name", "nb201"], "belongs to a shipped table"),
        (["--unit", "ms", "--name", "../x"], "expected letters"),
        (["--unit", "fraction"], "outside"),
        (["--unit", "ms", "--map", "absent.toml"], "does not exist"),
        (["--unit", "ms", "--column", "note"], "'x' is not a number"),
        (["--unit", "ms", "--column", "latency_ms"], "two columns get the name 'latency'"),
    ],
)
def test_nonsense_is_explained_and_writes_nothing(
    latencies: Path, home: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], why: str
) -> None:
    assert main(["join", TASK, str(latencies), "--column", "latency_ms", *arguments]) == 1
    assert why in capsys.readouterr().err
    assert not [path for path in home.rglob("*") if path.suffix in (".h5", ".toml")]


def test_a_table_that_the_task_reads_is_never_replaced(latencies: Path, home: Path) -> None:
    join_objectives(TASK, latencies, {"latency_ms": "ms"}, name="mine")
    frame = pd.DataFrame({"cell": TEXTS, "energy": [1.0, 2.0, 3.0, 4.0]})
    before = (home / "tables" / "mine.h5").read_bytes()
    with pytest.raises(InvalidOption, match=r"task 'mine' reads the table .*mine.h5 itself"):
        join_objectives("mine", frame, {"energy": "J"}, name="mine", replace=True)
    assert (home / "tables" / "mine.h5").read_bytes() == before


def test_a_file_of_other_cells_only_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("arch,latency_ms\nresnet,1\nvgg,2\n")
    with pytest.raises(InvalidOption, match="no column holds architectures of space 'nb201' as texts"):
        join_objectives(TASK, tmp_path / "a.csv", {"latency_ms": "ms"})


def test_real_latencies_join_by_a_shipped_mapping(shared: Path) -> None:
    """HW-NAS-Bench: its digits are those of another order, and -1 stands for a missing latency."""
    columns = [StaticColumn(column="fpga_latency"), StaticColumn(column="edgetpu_latency")]
    joined = join_objectives(TASK, shared / "nb201" / "hw_cifar10.csv", columns, map="hw_nas_bench_cifar10", name="hw")
    source = pd.read_csv(shared / "nb201" / "hw_cifar10.csv")
    assert joined.covered["fpga_latency_s"] == 15625
    assert joined.covered["edgetpu_latency_s"] == int((source["edgetpu_latency"] != -1).sum())
    # skip=0, none=1, conv3x3=2, conv1x1=3, pool=4: (2, 2, 0, 4, 2, 0) in the file's second row
    cell = SPACE.parse(
        ["|nor_conv_3x3~0|+|nor_conv_3x3~0|avg_pool_3x3~1|+|skip_connect~0|nor_conv_3x3~1|skip_connect~2|"]
    )
    found = joined.table.static(joined.table.index(cell), dataset="all", metric="fpga_latency_s")
    np.testing.assert_allclose(found, source["fpga_latency"][1] / 1000)
