"""Published tables from end to end: run, resumed, reported; and every shipped one, quick, on real measurements."""

import json
from functools import cache

import numpy as np
import pytest

from nasbench.cli import main
from nasbench.comparison import Record
from nasbench.errors import RecordError
from nasbench.importers import import_source
from nasbench.importers.spikenas import SpikeNASBench
from nasbench.importers.table import AnyTable
from nasbench.reproduction import (
    ReproductionPlan,
    list_published,
    load_published,
    load_result,
    read_published,
    reproduce,
)
from nasbench.reproduction.report import compose_report, list_missing_imports, summarize_rows, write_overview
from nasbench.reproduction.run import FORMAT, VERSION, _convert_sample, choose_best
from nasbench.reproduction.samples import sample_of
from nasbench.reproduction.verdicts import ClaimVerdict, JudgedRow, JudgedTable

SMALL = """
title = "t"
citation = "c"
paper_version = "v"
source = "s"
unit = "percent"
decimals = 2
runs = 12
quick_runs = 2
headline = ["RS"]
[protocol]
reported = "test"
[tolerance]
reason = "because"
absolute = 0.6
[columns.Cora]
table = "nbgraph"
dataset = "cora"
recipe = "tuned"
split = "test"
metric = "accuracy"
[[search]]
task = "nbgraph-cora"
columns = ["Cora"]
trials = 30
[[interpretation]]
name = "as seen"
[[interpretation]]
name = "by test"
by = "{column}"
[[interpretation]]
name = "ten trials by test"
by = "{column}"
trials = 10
[[row]]
label = "RS"
provenance = "quoted"
ours = { kind = "search", strategy = "random_search" }
published = { Cora = [81.2, 0.4] }
[[row]]
label = "no such"
provenance = "quoted"
ours = { kind = "search", strategy = "bohb_of_nobody" }
published = { Cora = 84.0 }
[[row]]
label = "best"
provenance = "quoted"
ours = { kind = "statistic", statistic = "max" }
published = { Cora = 83.13 }
tolerance = 0.005
"""


@pytest.fixture
def small(tmp_path):
    (tmp_path / "small.toml").write_text(SMALL)
    return read_published(tmp_path / "small.toml")


def rows(result, interpretation):
    return {
        row["label"]: row
        for entry in result["interpretations"]
        if entry["name"] == interpretation
        for row in entry["rows"]
    }


def test_interpretations_are_read_off_the_same_runs_and_the_best_is_reported(small, tmp_path):
    result = reproduce(small, ReproductionPlan(12, tmp_path / "out"))
    seen, by_test, ten = (rows(result, name) for name in ("as seen", "by test", "ten trials by test"))
    means = [part["RS"]["cells"]["Cora"]["ours"]["values"] for part in (seen, by_test, ten)]
    assert all(test >= own and test >= few for own, test, few in zip(*means, strict=True))
    assert len(means[0]) == 12
    assert seen["no such"]["why"] == "no strategy 'bohb_of_nobody' yet"
    assert seen["no such"]["verdict"] == "cannot be judged"
    assert seen["best"]["verdict"] == "reproduced"
    assert result["interpretation"] == "by test"
    assert load_result(tmp_path / "out" / "small.json") == result


def test_a_row_may_keep_to_what_was_observed_and_an_explored_interpretation_is_never_the_best(tmp_path):
    text = SMALL.replace('"random_search" }', '"random_search", by = "" }').replace(
        'name = "by test"', 'name = "by test"\nexplored = true'
    )
    (tmp_path / "small.toml").write_text(text)
    result = reproduce(read_published(tmp_path / "small.toml"), ReproductionPlan(4, tmp_path / "out"))
    seen, by_test = (rows(result, name)["RS"]["cells"]["Cora"]["ours"]["values"] for name in ("as seen", "by test"))
    assert seen == by_test
    assert result["interpretation"] != "by test"
    assert "by test: " in compose_report([result])
    assert "(explored, not chosen)" in compose_report([result])


def test_runs_are_kept_continued_and_the_same_for_any_number_of_jobs(small, tmp_path):
    reproduce(small, ReproductionPlan(2, tmp_path / "a"))
    pair = "nbgraph-cora", "random_search"
    first = [run.to_bytes() for run in Record(tmp_path / "a/small/nbgraph-cora").runs(*pair)]
    grown = reproduce(small, ReproductionPlan(6, tmp_path / "a"))
    record = Record(tmp_path / "a/small/nbgraph-cora")
    assert [run.to_bytes() for run in record.runs(*pair)][:2] == first
    record.replace_runs({pair: record.runs(*pair)[:3]})  # as if killed after three runs
    resumed = reproduce(small, ReproductionPlan(6, tmp_path / "a"))
    other = reproduce(small, ReproductionPlan(6, tmp_path / "b", jobs=2))
    assert grown["interpretations"] == resumed["interpretations"] == other["interpretations"]
    fewer = rows(reproduce(small, ReproductionPlan(2, tmp_path / "a")), "as seen")["RS"]["cells"]["Cora"]["ours"]
    assert fewer["values"] == rows(grown, "as seen")["RS"]["cells"]["Cora"]["ours"]["values"][:2]


@pytest.mark.parametrize("runs", [1, 2, 9])
def test_fewer_than_ten_runs_are_too_few_to_judge(small, tmp_path, runs):
    result = reproduce(small, ReproductionPlan(runs, tmp_path))
    row = rows(result, "as seen")["RS"]
    cell = row["cells"]["Cora"]
    assert (row["verdict"], cell["fit"]) == ("cannot be judged", "undecided")
    assert row["why"] == f"Cora: too few runs: {runs}, and at least 10 are needed"
    assert (cell["ours"]["low"], cell["ours"]["high"], cell["p_within"], cell["p_outside"]) == (None,) * 4
    assert " [-]" in compose_report([result])
    assert result["verdict"] == "cannot be judged"  # although 'best' is exact and reproduced


def test_an_interpretation_that_is_undecided_matches_better_than_one_that_is_refuted():
    """With 100 runs of local search, one interpretation is undecided and another one outside its tolerance."""

    def table(*verdicts):
        row = load_published("white_local_search").rows[0]
        return JudgedTable([JudgedRow(row, {}, verdict) for verdict in verdicts], verdicts[0])

    good, order, off, unknown = ClaimVerdict
    assert choose_best([table(off), table(unknown)], [False, False]) == 1
    assert choose_best([table(unknown), table(order), table(good)], [False] * 3) == 2
    assert choose_best([table(good, off), table(unknown, unknown)], [False, False]) == 1
    assert choose_best([table(off), table(good)], [False, True]) == 0  # explored


def test_a_table_whose_headline_row_is_missing_is_not_called_reproduced(tmp_path):
    text = SMALL.replace('headline = ["RS"]', 'headline = ["no such"]').replace("[81.2, 0.4]", "[81.57, 0.4]")
    (tmp_path / "small.toml").write_text(text)
    result = reproduce(read_published(tmp_path / "small.toml"), ReproductionPlan(40, tmp_path / "out"))
    best = rows(result, result["interpretation"])
    assert {label: row["verdict"] for label, row in best.items() if label != "RS"} == {
        "no such": "cannot be judged", "best": "reproduced",
    }  # fmt: skip
    assert result["verdict"] == ("not reproduced" if best["RS"]["verdict"] == "not reproduced" else "cannot be judged")


def test_intervals_end_where_the_values_of_their_unit_end(tmp_path):
    """Nine runs at 100 % and one at 60 %: Student's interval would reach 105 %."""
    table = load_published("nb201_table5")
    row = table.rows[0]
    sample = sample_of(np.array([100.0] * 9 + [60.0]))
    assert sample.interval[1] > 100
    shown = _convert_sample(sample, table.find_range(row))
    assert (shown["low"], shown["high"]) == (pytest.approx(sample.interval[0]), 100.0)


def test_reports_hold_both_numbers_in_every_format(small, tmp_path):
    result = reproduce(small, ReproductionPlan(12, tmp_path))
    for kind in ("text", "markdown", "html"):
        text = compose_report([result], kind, pictures={"small": "plots/small.png"})
        for part in ("81.200 ± 0.400", "83.133", "reproduced", "no strategy", "ten trials by test"):
            assert part in text.replace("&#x27;", "'")
        assert ("plots/small.png" in text) == (kind != "text")
    assert json.loads(compose_report([result], "json"))[0]["name"] == "small"
    assert summarize_rows([result], "markdown").count("\n") == 4  # header, line, three rows
    first, *rows = summarize_rows([result]).splitlines()
    assert first == f"small: {result['summary']}"
    assert [row.split(":")[0] for row in rows] == ["- RS", "- no such", "- best"]
    cells = [cell.strip() for cell in write_overview([result], "markdown").splitlines()[-1].split("|")]
    assert cells[1] == "small"
    assert cells[2] == result["summary"]
    assert cells[2].endswith(" of 3 rows judged; best of 3 interpretations)")
    assert sum(map(int, cells[3:8])) == 3
    assert cells[8] == result["interpretation"]


def test_every_verdict_and_its_reason_fit_a_narrow_terminal(tmp_path, monkeypatch, capsys):
    """A table of rows was wider than 200 columns: cut off, or left out in a terminal."""
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.chdir(tmp_path)  # a folder's name stays whole, however long it is
    out = ["--out", "results"]
    assert main(["reproduce", "run", "nb201_table5", "nb201_weight_sharing", "--runs", "1", *out]) == 0
    assert main(["reproduce", "report", *out]) == 0
    text = capsys.readouterr().out
    copied = ("needs table", "more: ")  # commands stay whole
    assert max(len(line) for line in text.splitlines() if not line.startswith(copied)) <= 80
    assert text.count("- SETN: cannot be judged") == 2 + 2 + 6  # also under each interpretation
    assert " ".join(text.split()).count("the cells that its three runs found are not known") >= 4


def test_a_damaged_result_and_an_empty_folder_are_named(tmp_path):
    (tmp_path / "x.json").write_text("{")
    with pytest.raises(RecordError, match="delete it and run the table again"):
        load_result(tmp_path / "x.json")
    (tmp_path / "x.json").write_text('{"format": "other"}')
    with pytest.raises(RecordError, match="is not a nasbench-reproduction"):
        load_result(tmp_path / "x.json")
    (tmp_path / "x.json").write_text(json.dumps({"format": FORMAT, "version": VERSION - 1, "verdict": "reproduced"}))
    with pytest.raises(
        RecordError, match=r"judged by the rules of version 3.*'nasbench reproduce run x --out .*' again"
    ):
        load_result(tmp_path / "x.json")


def test_the_command_line_lists_shows_runs_and_reports(capsys, tmp_path):
    out = str(tmp_path / "out")
    assert main(["reproduce", "list"]) == 0
    assert "nb201_table5" in capsys.readouterr().out
    assert main(["reproduce", "show", "nb201_table5"]) == 0
    shown = capsys.readouterr().out
    assert "12,000 simulated seconds" in shown
    assert "93.92 ± 0.30" in shown
    assert main(["reproduce", "run", "nb201_optimum", "white_local_search", "--runs", "20", "--out", out]) == 0
    ran = capsys.readouterr().out
    assert "cannot be judged" in ran
    assert (
        ran.count("test_accuracy_epoch200.csv of https://github.com/v-tao/nats-bench-landscape; then: ") == 1
    )  # below
    assert ran.count("nasbench import table PATH --map nb201_test_epochs200") == 1
    assert "- optimum: cannot be judged: needs table 'nb201_test_epochs200'\n" in ran
    assert main(["reproduce", "report", "--out", out, "--format", "markdown"]) == 0
    assert "| local search, CIFAR-100" in capsys.readouterr().out
    assert (tmp_path / "out/report.html").read_text().startswith("<!DOCTYPE html>")
    assert {path.suffix for path in (tmp_path / "out/plots").iterdir()} == {".png", ".svg"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["runn"], "did you mean 'run'"),
        (["show"], "nothing to show"),
        (["run", "nb201_table4"], "did you mean 'nb201_table5'"),
        (["run", "nb201_optimum", "--runs", "0"], "expected at least 1"),
        (["run", "nb201_optimum", "--format", "pdf"], "unknown format"),
        (["report", "--out", "nowhere"], "holds no results"),
        (["report", "nb201_optimum", "--out", "nowhere"], "nasbench reproduce run nb201_optimum --out nowhere"),
    ],
)
def test_bad_input_gets_one_clear_line(capsys, tmp_path, monkeypatch, arguments, says):
    monkeypatch.chdir(tmp_path)
    assert main(["reproduce", *arguments]) == 1
    assert says in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


# --- every shipped table, quick, on the real measurements


@pytest.fixture(scope="module")
def tables(tmp_path_factory):
    """The tables imported from the outside measurements, once."""
    folder = tmp_path_factory.mktemp("imported") / "tables"

    @cache
    def imported(shared):
        for file, name in (
            ("accuracy_epoch12.csv", "nb201_epochs12"),
            ("test_accuracy_epoch200.csv", "nb201_test_epochs200"),
            ("zero_cost_proxies_cifar10.csv", "nb201_zero_cost_cifar10"),
        ):
            import_source(AnyTable(map=name), shared / "nb201" / file, folder / f"{name}.h5")
        import_source(SpikeNASBench(), shared / "curves/spikenas.npz", folder / "spikenas.h5")
        (folder.parent / "curves").symlink_to(shared / "curves/baker2017")
        return folder.parent

    return imported


SHIPPED_ONLY = ("nbgraph_table1", "white_local_search")
VERDICTS = {
    "learning_curves": {"early validation against test at the end, Spearman": "cannot be judged"},
    "naswot": {
        "random": "reproduced",
        "optimal (N = 10)": "reproduced",
        "optimal (N = 100)": "reproduced",
        "NASWOT (N = 10)": "reproduced",
        "NASWOT (N = 100)": "cannot be judged",
        "NASWOT (N = 1,000)": "cannot be judged",
    },
    "nats_tss": {"RANDOM": "cannot be judged"},
    "nb201_epochs": {
        "12 against 200 epochs, validation, Pearson": "reproduced",
        "two seeds, validation after 200 epochs, Kendall": "cannot be judged",
    },
    "nb201_optimum": {"optimum": "reproduced"},
    "nb201_table5": {
        "optimal": "reproduced",
        "DARTS-V1, DARTS-V2, ENAS (looked up)": "reproduced",
        "ResNet (looked up)": "reproduced",
    },
    "nb201_weight_sharing": {
        "DARTS, both orders (looked up)": "reproduced",
        "DrNAS, beta-DARTS, Lambda-DARTS (looked up)": "reproduced",
    },
    "nb201_zero_cost": {
        "parameters, Spearman": "reproduced",
        "synflow, Spearman": "reproduced",
        "NASWOT, Kendall": "reproduced",
    },
    "nbgraph_table1": dict.fromkeys(("Random", "EA", "RL", "top 5 %", "best"), "cannot be judged"),
    "pinat_table1": {"PINAT": "cannot be judged"},
    "white_local_search": {"local search, CIFAR-100": "cannot be judged"},
}


QUICK = dict.fromkeys(list_published(), "cannot be judged") | {
    "nb201_epochs": "reproduced",
    "nb201_optimum": "reproduced",
    "nb201_zero_cost": "reproduced in ordering only",
}
"""Quick verdicts; those of whole tables are the same with all runs."""


@pytest.mark.parametrize("name", list_published())
def test_every_published_table_runs_quickly(name, request, tmp_path, tables, monkeypatch):
    """What is exact has a fixed verdict; of searches with few runs, none may be wrong that is right with many."""
    if name not in SHIPPED_ONLY:
        monkeypatch.setenv("NASBENCH_HOME", str(tables(request.getfixturevalue("shared"))))
    table = load_published(name)
    result = reproduce(table, ReproductionPlan(table.quick_runs, tmp_path, quick=True))
    found = {row["label"]: row["verdict"] for row in rows(result, result["interpretation"]).values()}
    assert {label: found[label] for label in VERDICTS[name]} == VERDICTS[name]
    assert list_missing_imports([result]) == []
    assert result["verdict"] == QUICK[name]
    if name == "nb201_table5":
        assert all(found[label] in ("reproduced", "cannot be judged") for label in ("RS", "REA", "REINFORCE"))
    if name == "nbgraph_table1":
        assert "too few runs: 2" in rows(result, result["interpretation"])["Random"]["why"]
