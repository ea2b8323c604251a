"""The files of published results: all of them read, and what is wrong with one is named with its line."""

import math
import re
from pathlib import Path

import pytest

from nasbench.choices import Choice
from nasbench.errors import NasbenchError, UnknownName
from nasbench.registry import STRATEGIES
from nasbench.reproduction import ClaimVerdict, list_published, load_published, read_published
from nasbench.reproduction.schema import COMPUTED, PROVENANCES, UNVERIFIED
from nasbench.tasks.declarations import tables_of

SMALL = """\
title = "t"
citation = "c"
paper_version = "v"
source = "s"
unit = "percent"
decimals = 2
runs = 4
quick_runs = 2

[protocol]
reported = "test"

[tolerance]
reason = "because"
absolute = 0.5

[columns.Cora]
table = "nbgraph"
dataset = "cora"
recipe = "tuned"
split = "test"
metric = "accuracy"

[[search]]
task = "nbgraph-cora"
columns = ["Cora"]
trials = 20

[[row]]
label = "RS"
provenance = "quoted"
ours = { kind = "search", strategy = "random_search" }
published = { Cora = [82.09, 0.08] }

[[row]]
label = "best"
provenance = "original"
ours = { kind = "statistic", statistic = "max" }
published = { Cora = 83.13 }
"""


def write(folder, old="", new=""):
    assert old in SMALL
    path = folder / "small.toml"
    path.write_text(SMALL.replace(old, new, 1) if old else SMALL)
    return path


def test_a_small_file_is_read_as_written(tmp_path):
    table = read_published(write(tmp_path))
    assert (table.name, table.shown, table.runs) == ("small", ["Cora"], 4)
    assert (table.rows[0].published["Cora"].std, table.rows[1].published["Cora"].std) == (0.08, None)
    assert [interpretation.name for interpretation in table.interpretations] == ["as published"]
    assert load_published(str(tmp_path / "small.toml")) == table


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ('title = "t"', "title = ", 1, "not TOML"),
        ('title = "t"', "title = 3", 1, "title = 3 has the wrong type; expected text"),
        ("runs = 4", "runs = 0", 7, "expected 1 or more"),
        ("runs = 4", "runs = true", 7, "wrong type; expected a whole number"),
        ("runs = 4", "rnus = 4", 7, "did you mean 'runs'"),
        ('unit = "percent"', 'unit = "per cent"', 5, "expected one of percent"),
        ('reason = "because"', 'reason = " "', 14, "say why"),
        ("absolute = 0.5", "absolute = -0.5", 15, "expected a number above 0"),
        ("absolute = 0.5", "std_ratio = 1", 15, "expected a number above 1"),
        ('table = "nbgraph"', 'tabel = "nbgraph"', 18, "did you mean 'table'"),
        ("trials = 20", "", 24, "needs either seconds or trials"),
        ('columns = ["Cora"]', 'columns = ["Corra"]', 24, "did you mean 'Cora'"),
        ('provenance = "quoted"', 'provenance = "certain"', 31, "expected one of original"),
        ('kind = "search"', 'kind = "serach"', 32, "kind 'serach'"),
        ('strategy = "random_search"', 'startegy = "random_search"', 32, "did you mean 'strategy'"),
        ("quick_runs = 2", 'quick_runs = 2\nheadline = ["Rs"]', 9, "did you mean 'RS'"),
        ("quick_runs = 2", 'quick_runs = 2\nheadline = "RS"', 9, "wrong type; expected a list"),
        ("quick_runs = 2", 'quick_runs = 2\nheadline = ["RS", "RS"]', 9, "names a row twice"),
        ("quick_runs = 2", 'quick_runs = 2\nheadline = [["RS"]]', 9, "unknown row"),
        ("quick_runs = 2", 'quick_runs = 2\nunverified = ["Corra"]', 9, "did you mean 'Cora'"),
        ('label = "RS"', 'label = "RS"\ntried = 0', 31, "expected 1 or more"),
        ("[82.09, 0.08]", "[82.09, -0.08]", 33, "cannot be negative"),
        ("[82.09, 0.08]", "[82.09, 0.08, 1]", 33, "or [mean, std]"),
        ("[82.09, 0.08]", '"82"', 33, "or [mean, std]"),
        ("[82.09, 0.08]", "nan", 33, "or [mean, std]"),
        ("[82.09, 0.08]", "[82.09, inf]", 33, "or [mean, std]"),
        ("absolute = 0.5", "absolute = inf", 15, "expected a number above 0"),
        ("decimals = 2", "decimals = -400", 6, "expected 0 to 15"),
        ("quick_runs = 2", "quick_runs = 2\npublished_runs = -5", 9, "published_runs = -5; expected 1 or more"),
        ('label = "RS"', 'label = "RS"\nruns = 0', 31, "expected 1 or more"),
        ('label = "RS"', 'label = "RS"\ntolerance = -0.1', 31, "expected a number above 0"),
        ('recipe = "tuned"\nsplit = "test"\n', "", 17, "lacks recipe, split; or give static or size instead"),
        (
            "[[search]]",
            '[[interpretation]]\nname = "r"\n[[interpretation]]\nname = "r"\n[[search]]',
            25,
            "occurs 2 times",
        ),
        ('label = "best"', 'label = "RS"', 30, "occurs 2 times"),
        ("Cora = 83.13", "Corra = 83.13", 38, "did you mean 'Cora'"),
        ('label = "best"\n', "", 35, "lacks label"),
        (
            'recipe = "tuned"\nsplit = "test"\nmetric = "accuracy"',
            'size = "weight"',
            20,
            "expected one of n_params, flops",
        ),
        (
            "[[search]]",
            '[[interpretation]]\nname = "r"\ncolumns = { Cora = "Corra" }\n[[search]]',
            26,
            "did you mean 'Cora'",
        ),
        ("[[search]]", '[[interpretation]]\nname = "r"\nexplored = true\n[[search]]', 26, "one has to be the paper's"),
        ('kind = "statistic", statistic = "max"', 'kind = "best_of", n = 3, by = "Corra"', 38, "did you mean 'Cora'"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path, old, new, line, says):
    with pytest.raises(NasbenchError) as caught:
        read_published(write(tmp_path, old, new))
    assert says in str(caught.value)
    assert f"line {line}" in str(caught.value).replace("(at line 1", "line 1")
    assert "small.toml" in str(caught.value)


def test_an_unknown_table_offers_near_names():
    with pytest.raises(UnknownName, match="did you mean 'nb201_table5'"):
        load_published("nb201_table6")


@pytest.mark.parametrize("name", list_published())
def test_every_shipped_file_says_where_its_numbers_are_from_and_how_far_they_may_differ(name):
    table = load_published(name)
    for text in (table.citation, table.source, table.paper_version, table.tolerance.reason):
        assert len(text) > 5
    assert {"table", "reported", "interpolation", "std"} <= table.protocol.keys()
    assert table.quick_runs <= table.runs
    assert {row.provenance for row in table.rows} <= PROVENANCES.keys()
    for row in table.rows:
        assert row.provenance not in (UNVERIFIED, COMPUTED) or not table.is_comparable(row)
    for search in table.searches:
        assert tables_of(search.task) - table.tables.keys() == set()  # each with its checksum
    assert {keys["table"] for keys in table.columns.values()} <= table.tables.keys()


@pytest.mark.parametrize("name", list_published())
def test_strategies_that_the_suite_has_are_spelt_with_options_they_take(name):
    table = load_published(name)
    labels = {
        table.strategy(row, interpretation)
        for row in table.rows
        for interpretation in table.interpretations
        if "strategy" in row.ours
    }
    for label in labels:
        if Choice.parse(label).name in STRATEGIES.names():
            Choice.parse(label).resolve(STRATEGIES)


@pytest.mark.parametrize("name", list_published())
def test_every_row_that_a_paper_is_about_is_named_or_the_paper_has_none(name):
    """NATS-Bench, NAS-Bench-Graph and the quoted table of weight sharing compare methods of others."""
    comparing = name in ("nats_tss", "nbgraph_table1", "nb201_weight_sharing")
    assert bool(load_published(name).headline) != comparing


def test_no_number_of_our_own_is_judged_against_our_own():
    """Every row whose "published" numbers we computed from the authors' files; all are shown only."""
    ours = {
        (name, row.label)
        for name in list_published()
        for row in load_published(name).rows
        if row.published and row.provenance == COMPUTED
    }
    assert ours == {
        ("learning_curves", "early validation against test at the end, Spearman"),
        ("nb201_epochs", "two seeds, validation after 200 epochs, Kendall"),
        ("nb201_epochs", "validation against test after 200 epochs, Kendall"),
        ("nbgraph_table1", "top 5 %"),
        ("nbgraph_table1", "best"),
    }


@pytest.mark.parametrize(
    ("name", "label", "limits"),
    [
        ("nb201_table5", "RS", (0.0, 100.0)),
        ("nb201_zero_cost", "synflow, Spearman", (-1.0, 1.0)),
        ("learning_curves", "last value, R²", (-math.inf, 1.0)),
        ("white_local_search", "local search, CIFAR-100", (0.0, math.inf)),
    ],
)
def test_numbers_have_the_range_of_their_unit(name, label, limits):
    table = load_published(name)
    assert table.find_range(next(row for row in table.rows if row.label == label)) == limits


def test_the_documentation_shows_every_published_table():
    """Its verdict table is printed by the command above it; here, that no table or row count was forgotten."""
    text = (Path(__file__).resolve().parents[2] / "docs/reproduction.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"<!-- verdicts: nasbench reproduce run -->\n(.*?)\n<!-- end -->", text, flags=re.DOTALL)
    lines = {cells[1].strip(): cells[2:-1] for cells in (line.split("|") for line in shown.splitlines()[2:])}
    assert lines.keys() == list_published().keys()
    for name, (verdict, *counts, best) in lines.items():
        table = load_published(name)
        *judged, undecided, only_shown = (int(count) for count in counts)
        comparable = sum(table.is_comparable(row) for row in table.rows)
        assert sum(judged) + undecided == comparable == len(table.rows) - only_shown
        assert verdict.strip().startswith(tuple(ClaimVerdict))
        assert not comparable or f"({sum(judged)} of {comparable} rows judged" in verdict
        tried = sum(not one.explored for one in table.interpretations)
        assert (f"best of {tried} interpretations" in verdict) == (tried > 1)
        assert bool(best.strip()) == (len(table.interpretations) > 1)
