"""How often the statistics err, in the simulations of ``benchmarks/simulate_statistics.py``.

Some of the rows, with few data sets; all of them with ``--everywhere`` (make test-everywhere). Tolerances are 3.5
standard errors of a share of that many data sets.
"""

import re
from pathlib import Path

import numpy as np
import pytest
import simulate_statistics
from simulate_statistics import SECTIONS
from simulation_tables import measure_cell, render_section

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "how_we_test.md"
FAMILIES = ("6 families, 12 tasks", "7 families, 12 tasks")


def allow(share, n):
    """Return what a share measured from ``n`` data sets may deviate by chance."""
    return 3.5 * np.sqrt(share * (1 - share) / n)


def check_errors(cell, found, n):
    """At most .06 wherever all orders on a task, or in a family, are equally likely."""
    alike = ("normal", "zero regrets", "tasks of unequal variance")
    if any(word in cell["effects"] for word in alike) or cell["tasks"] in FAMILIES:
        assert found["Nemenyi"] <= 0.06 + allow(0.06, n)
        assert found["max-T"] <= 0.06 + allow(0.06, n)


def check_pooled(cell, found, n):
    """Over tasks the level holds; pooled runs do not know of effects of tasks."""
    assert found["Nemenyi"] <= 0.05 + allow(0.05, n)
    assert found["one pair, unadjusted"] <= 0.05 + allow(0.05, n)
    if cell["task_effect"] >= 0.3:
        assert found["pooled runs, Mann-Whitney"] > 0.2 - allow(0.2, n)


def check_power(cell, found, n):
    assert found["by max-T"] >= found["found by Nemenyi"] > 0.1 * found["true differences"]
    assert found["any false, Nemenyi"] <= 0.05 + allow(0.05, n)


def check_more(cell, found, n):
    assert found["then separated"] >= 0.4 - allow(0.4, n)


def check_one_task(cell, found, n):
    if " and " not in cell["zero"]:
        assert found["one pair, unadjusted"] <= 0.06 + allow(0.06, n)
        assert found["any pair, Holm"] <= 0.06 + allow(0.06, n)


def check_one_task_intervals(cell, found, n):
    assert np.isnan(found["IQM, bootstrap"]) == (cell["runs"] < 10)
    assert not found["IQM, bootstrap"] < 0.93 - allow(0.93, n)
    if cell["regrets"] == "normal":
        assert found["mean, Student's t"] == pytest.approx(0.95, abs=allow(0.95, n))


def check_plain(cell, found, n):
    """They fail: that is why others are printed."""
    if cell["runs"] == 3 and "80 %" not in cell["regrets"]:  # there, the interquartile mean is always 0
        assert found["plain percentiles"] < 0.9


def check_runs_alone(cell, found, n):
    assert found["runs alone"] < 0.8 + allow(0.8, n)


def check_failures(cell, found, n):
    assert found["held, of those with a failed run"] >= 0.93 - allow(0.93, n)


def check_record_intervals(cell, found, n):
    assert found["IQM, bootstrap"] >= 0.93 - allow(0.93, n)
    assert found["mean, Student's t"] >= 0.93 - allow(0.93, n)


def check_overall(cell, found, n):
    assert found["held"] >= 0.93 - allow(0.93, n)


def check_ranks(cell, found, n):
    assert found["held"] >= 0.93 - allow(0.93, n)
    assert found["of the worst contestant"] >= 0.9 - allow(0.9, n)  # of up to 41, the least lucky one


def check_places(cell, found, n):
    for test in ("Nemenyi", "max-T"):
        assert found[f"{test}: rank sets of all"] >= 0.93 - allow(0.93, n)
        assert found[f"{test}: best in tier 1"] >= 0.95 - allow(0.95, n)


CHECKS = {name: globals()[f"check_{name}"] for name in SECTIONS}

QUICK = [  # section, data sets, and the row
    ("errors", 300, {"tasks": "12 tasks", "effects": "normal", "contestants": 2}),
    ("errors", 150, {"tasks": "12 tasks", "effects": "normal", "contestants": 15}),
    ("errors", 150, {"tasks": "12 tasks", "effects": "80 % zero regrets", "contestants": 5}),
    ("errors", 300, {"tasks": "3 + 9 tasks", "effects": "normal", "contestants": 2}),
    ("errors", 150, {"tasks": "7 families, 12 tasks", "effects": "family effects of .2", "contestants": 5}),
    ("pooled", 200, {"task_effect": 0.3}),
    ("power", 20, {"tasks": "12 tasks", "contestants": 13, "runs": 30}),
    ("more", 40, {"tasks": "12 tasks", "contestants": 5, "test": "nemenyi"}),
    ("one_task", 300, {"regrets": "beta(.7, 6)", "zero": "0.5", "contestants": 5, "runs": 10}),
    ("one_task_intervals", 500, {"regrets": "exponential", "runs": 10}),
    ("one_task_intervals", 500, {"regrets": "70 % zero, else beta(1, 8)", "runs": 30}),
    ("failures", 500, {"failing": 0.2, "runs": 10}),
    ("overall", 100, {"tasks": "12 tasks", "between_tasks": 0.6, "families": 0.0, "runs": 10}),
    ("overall", 100, {"tasks": "3 + 9 tasks", "between_tasks": 0.3, "families": 0.4, "runs": 10}),
    ("ranks", 40, {"tasks": "12 tasks", "families": 0.0, "contestants": 3, "noise": 0.006, "runs": 10}),
    ("places", 40, {"tasks": "12 tasks", "contestants": 5, "runs": 10}),
]


def name_row(name, cell):
    return ", ".join([name, *map(str, cell.values())])


@pytest.mark.parametrize(("name", "n", "cell"), QUICK, ids=[name_row(name, cell) for name, _, cell in QUICK])
def test_it_errs_no_more_often_than_promised(name, n, cell):
    assert cell in [own for _, own in SECTIONS[name].cells]
    CHECKS[name](cell, measure_cell(SECTIONS[name], n, cell), n)


@pytest.mark.slow
@pytest.mark.parametrize("name", SECTIONS)
def test_no_table_errs_more_often_than_promised(name, request):
    if not request.config.getoption("everywhere"):
        pytest.skip("all simulations, ten minutes: pytest --everywhere runs them (make test-everywhere)")
    failures = []
    for n, cell in SECTIONS[name].cells:
        found = measure_cell(SECTIONS[name], n, cell)
        try:
            CHECKS[name](cell, found, n)
        except AssertionError as error:
            failures.append(f"{name_row(name, cell)}: {found}: {error}")
    assert not failures, "\n".join(failures)


def test_the_command_prints_its_tables(tmp_path):
    simulate_statistics.main(["--quick", "--only", "failures", "--jobs", "1", "--out", str(tmp_path / "tables.md")])
    lines = (tmp_path / "tables.md").read_text().splitlines()
    assert lines[0] == f"### {SECTIONS['failures'].title}"
    assert len([line for line in lines if line.startswith("|")]) == 2 + 3  # 3 rates of failures


@pytest.mark.parametrize("name", SECTIONS)
def test_the_guide_shows_every_table(name):
    """With the columns and the rows that the command prints; the numbers are of its last full run."""
    section = SECTIONS[name]
    text = GUIDE.read_text(encoding="utf-8")
    (shown,) = re.findall(rf"<!-- simulated: {name} -->\n(.*?)\n<!-- end -->", text, flags=re.DOTALL)
    rows = [{**cell, "data sets": n, "measured": 0.5} for n, cell in section.cells]
    printed = render_section(section, rows).split("\n\n")[1].splitlines()

    def read_settings(lines):
        n_settings = len(section.cells[0][1]) - bool(section.across)
        return [[cell.strip() for cell in line.strip("|").split("|")][: n_settings + 1] for line in lines]

    assert read_settings(shown.splitlines()[2:]) == read_settings(printed[2:])
