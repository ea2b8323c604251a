"""Records hold what they need: tasks of one's own files are opened, verified, ranked and learnt from elsewhere."""

import json
import shutil

import numpy as np
import pytest

import nasbench
from nasbench.cli import main
from nasbench.comparison import Record
from nasbench.comparison.analysis import analyse
from nasbench.comparison.experiment import Limits
from nasbench.comparison.verify import verify
from nasbench.errors import InvalidOption, NasbenchError, RecordError
from nasbench.evaluation import PredictionRecord
from nasbench.records.opening import recorded_task
from nasbench.tasks import fit_surrogate
from nasbench.tasks.surrogate.fitting import SurrogateFit

DECISIONS = "[space_options.decisions]\nwidth = { integer = [0, 7] }\ndepth = { integer = [0, 3] }\n"
TASK = f"""title = "t"
version = 1
space = "hyper"
table = "mine"
dataset = "d"
recipe = "epochs1"
metric = "accuracy"
observed = "valid"
reported = ["valid"]
cost = 1.0
budget_s = 12
{DECISIONS}
[tasks.t]
"""
MAP = f"""citation = "me"
licence = "MIT"
source = "here"
[architecture]
space = "hyper"
columns = ["width", "depth"]
{DECISIONS.replace("space_options", "architecture.space_options")}
[defaults]
recipe = "epochs1"
[[measurement]]
column = "acc"
dataset = "d"
split = "valid"
metric = "accuracy"
unit = "percent"
epoch = 1
"""
CURVES = """title = "m"
version = 1
space = "nb201"
space_options = { simplified = true }
table = "curves201"
dataset = "mnist1d"
recipe = "curves-30+nb201,channels=8,n_cells=1,stages=1"
metric = "accuracy"
observed = "valid"
reported = ["valid"]
cost = [{ split = "train", metric = "train_s" }]
budget_s = 55
[tasks.mine]
"""


def score(width, depth):
    return 50 + 3 * width + depth


@pytest.fixture
def here(tmp_path, monkeypatch, capsys):
    """A folder with a task file, whose table, imported, lists a decision before one that the alphabet puts first."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "m.toml").write_text(MAP)
    rows = [f"{w},{d},{score(w, d)}" for w in range(8) for d in range(4)]
    (folder / "x.csv").write_text("width,depth,acc\n" + "\n".join(rows) + "\n")
    assert main(["import", "table", "x.csv", "--map", "m.toml", "--name", "mine"]) == 0
    capsys.readouterr()
    (folder / "t.toml").write_text(TASK)
    return folder


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """Go to an empty folder when called."""

    def go():
        folder = tmp_path / "elsewhere"
        folder.mkdir(exist_ok=True)
        monkeypatch.chdir(folder)

    return go


def matches(record):
    return verify(record, sample=None, rng=np.random.default_rng(0)).matches


def test_a_record_is_verified_ranked_joined_and_continued_from_another_folder(here, elsewhere, capsys):
    out = here / "record"
    record = nasbench.compare("t.toml:t", ["random_search", "local_search"], runs=4, out=out)
    before = analyse(record).levels
    elsewhere()
    assert matches(Record(out))
    assert np.array_equal(analyse(Record(out)).levels, before)
    for command in (["verify"], ["leaderboard"], ["merge", "--out", "joined"]):
        assert main([command[0], str(out), *command[1:]]) == 0
    assert matches(Record("joined"))
    assert "record matches" in capsys.readouterr().out


def test_decisions_keep_the_order_of_the_declaration(here, elsewhere):
    record = nasbench.compare("t.toml:t", "random_search", runs=1, out=here / "record")
    elsewhere()
    task = recorded_task(Record(here / "record"), "t.toml:t")
    assert tuple(task.space.decisions) == ("width", "depth")
    assert task.optimum.score == pytest.approx(score(7, 3) / 100)
    (run,) = record.runs("t.toml:t", "random_search")
    assert run.history.score[:, 0] == pytest.approx(score(*run.history.arch.T) / 100)


def test_another_file_of_the_same_name_is_another_task(here, elsewhere):
    nasbench.compare("t.toml:t", "random_search", runs=2, out=here / "record")
    elsewhere()
    with open("t.toml", "w") as file:
        file.write(TASK.replace("budget_s = 12", "budget_s = 5"))
    assert matches(Record(here / "record"))
    with pytest.raises(RecordError, match=r"declaration.budget_s = 12 there, 5 in this one"):
        nasbench.compare("t.toml:t", "random_search", runs=3, out=here / "record")


def test_a_table_is_found_by_its_content_whatever_it_is_called(here, elsewhere, home):
    nasbench.compare("t.toml:t", "random_search", runs=2, out=here / "record")
    (home / "tables/mine.h5").rename(home / "tables/renamed.h5")
    elsewhere()
    assert matches(Record(here / "record"))
    (home / "tables/renamed.h5").unlink()
    record = Record(here / "record")
    checksum = record.spec["tasks"]["t.toml:t"]["tables"]["mine"]
    from nasbench.tasks.recorded import open_recorded

    open_recorded.cache_clear()  # as in another process
    with pytest.raises(RecordError, match=rf"table 'mine' with checksum {checksum} was not found; import it again"):
        verify(record, rng=np.random.default_rng(0))


def test_a_table_beside_the_task_file_is_found_from_everywhere(here, elsewhere, home):
    shutil.move(home / "tables/mine.h5", here / "own.h5")
    (here / "t.toml").write_text(TASK.replace('"mine"', '"own.h5"'))
    nasbench.compare("t.toml:t", "random_search", runs=2, out=here / "record")
    elsewhere()
    assert matches(Record(here / "record"))
    direct = nasbench.compare(f"{here}/t.toml:t", "random_search", runs=2, out="record")
    assert [run.to_bytes() for run in direct.runs(f"{here}/t.toml:t", "random_search")] == [
        run.to_bytes() for run in Record(here / "record").runs("t.toml:t", "random_search")
    ]


def test_a_record_of_predictors_is_verified_from_another_folder(here, elsewhere, home):
    shutil.copy(home / "tables/mine.h5", here / "ours.h5")
    options = {"train_sizes": 10, "runs": 2, "protocols": ("random",)}
    nasbench.evaluate("t.toml:t", "random_forest,n_trees=5", out=here / "record", **options)
    elsewhere()
    assert main(["verify", str(here / "record"), "--all"]) == 0
    assert main(["leaderboard", str(here / "record")]) == 0
    assert PredictionRecord(here / "record").tasks == ["t.toml:t"]


def test_a_task_object_of_ones_own_file_needs_no_file_in_any_process(here, elsewhere):
    task = nasbench.load_task("t.toml:t")
    elsewhere()
    record = nasbench.compare(task, "random_search", runs=2, n_jobs=2, out="record")
    assert record.tasks == ["t-t"]
    assert matches(Record("record"))


def test_a_surrogate_is_found_by_its_content_and_agreement_knows_its_task(tmp_path, monkeypatch, elsewhere, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text(CURVES)
    fit_surrogate(
        "own.toml:mine", SurrogateFit(("random_forest,n_trees=5",), n_train=60, members=2), out="own.surrogate"
    )
    strategies = ["random_search", "local_search", "regularized_evolution,population_size=4,sample_size=2"]
    tasks = ["own.toml:mine", "own.surrogate:mean"]
    nasbench.compare(tasks, strategies, runs=4, limits=Limits(trials=15), out=tmp_path / "record")
    elsewhere()
    assert matches(Record(tmp_path / "record"))
    assert main(["agreement", str(tmp_path / "record"), "--json"]) == 0
    (pair,) = json.loads(capsys.readouterr().out)
    assert [pair["truth"], pair["other"]] == tasks


@pytest.mark.parametrize(
    "strategy",
    ["warm_start,source=nb201-cifar10", "meta_design", "rgpe,n_source=20", "switching,then=warm_start,n_first=5"],
)
def test_strategies_learn_from_others_when_a_task_of_ones_own_is_searched(tmp_path, monkeypatch, elsewhere, strategy):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text(CURVES)
    record = nasbench.compare("own.toml:mine", strategy, runs=1, limits=Limits(trials=8), out=tmp_path / "record")
    (run,) = record.runs("own.toml:mine", record.strategies[0])
    assert not run.error
    assert "nb201-cifar10" in record.spec["sources"]
    elsewhere()
    assert matches(Record(tmp_path / "record"))


def test_ones_own_task_is_a_source_of_strategies_and_predictors(tmp_path, monkeypatch, elsewhere):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text(CURVES)
    label = "warm_start,source=own.toml:mine,n_source=30"
    nasbench.compare("nb201-cifar10", label, runs=1, limits=Limits(trials=12), out=tmp_path / "record")
    predictor = "ranking_transfer,source=own.toml:mine,n_source=30,member=nu_svr,source_member=nu_svr"
    options = {"train_sizes": 20, "runs": 1, "test_size": 50, "protocols": ("random",)}
    nasbench.evaluate("nb201-cifar10", predictor, out=tmp_path / "predicted", **options)
    elsewhere()
    assert main(["verify", str(tmp_path / "record")]) == 0
    assert main(["verify", str(tmp_path / "predicted")]) == 0


def test_a_record_of_ones_own_task_is_a_source_and_its_data_set_is_known(tmp_path, monkeypatch, elsewhere):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.toml").write_text(CURVES)
    nasbench.compare("own.toml:mine", "random_search", runs=2, limits=Limits(trials=20), out=tmp_path / "record")
    elsewhere()
    label = f"warm_start,source={tmp_path / 'record'}"
    record = nasbench.compare("nb201-cifar10", label, runs=1, limits=Limits(trials=12), out="from")
    assert not record.runs("nb201-cifar10", label)[0].error
    with pytest.raises(InvalidOption, match="of another data set"):
        nasbench.compare("curves201-mnist1d", label, runs=1, out="no")
    with pytest.raises(InvalidOption, match="this would leak the target's results"):
        nasbench.compare(f"{tmp_path}/own.toml:mine", "warm_start,source=curves201-mnist1d", runs=1, out="no")


def test_a_table_of_proxies_beside_the_working_folder_is_found_by_its_content(
    proxies, home, tmp_path, monkeypatch, elsewhere
):
    monkeypatch.chdir(tmp_path)
    shutil.copy(home / "tables" / f"{proxies}.h5", tmp_path / "ours.h5")
    label = "warm_start,source=table:ours.h5/ours,n_source=20"
    nasbench.compare("nb201-cifar10", label, runs=1, limits=Limits(trials=12), out=tmp_path / "record")
    options = {"train_sizes": 20, "runs": 1, "test_size": 50, "protocols": ("random",)}
    nasbench.evaluate("nb201-cifar10", "zero_cost", proxies="ours.h5", out=tmp_path / "predicted", **options)
    elsewhere()
    assert main(["verify", str(tmp_path / "record")]) == 0
    assert main(["verify", str(tmp_path / "predicted")]) == 0
    assert main(["leaderboard", str(tmp_path / "predicted")]) == 0


def test_the_best_of_a_search_are_taken_from_another_folder(here, elsewhere):
    from nasbench.comparison.winners import find_top_architectures

    nasbench.compare("t.toml:t", "local_search", runs=3, out=here / "record")
    elsewhere()
    archs, scores = find_top_architectures(Record(here / "record"), "t.toml:t", 2)
    assert scores == pytest.approx(score(*archs.T) / 100)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"name": None}, "damaged or incomplete"),
        ({"space": "os:system", "space_options": {"command": "touch called"}}, "not a search space"),
        ({"observed": "test"}, "would show the test split"),
        ({"reported": 3}, "wrong type"),
        ({"unheard": "of"}, "unknown key"),
    ],
)
def test_a_changed_declaration_is_refused_and_calls_nothing(here, elsewhere, change, says):
    nasbench.compare("t.toml:t", "random_search", runs=1, out=here / "record")
    spec = json.loads((here / "record/spec.json").read_text(encoding="utf-8"))
    declared = spec["tasks"]["t.toml:t"]["declaration"] | change
    spec["tasks"]["t.toml:t"]["declaration"] = {key: value for key, value in declared.items() if value is not None}
    (here / "record/spec.json").write_text(json.dumps(spec), encoding="utf-8")
    elsewhere()
    with pytest.raises(NasbenchError, match=says):
        analyse(Record(here / "record"))
    assert not (here.parent / "elsewhere/called").exists()
