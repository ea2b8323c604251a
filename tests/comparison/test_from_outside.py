"""A metric, a picture and an acquisition function from somebody else's package: one file each, and nothing else."""

import json
import sys

import numpy as np
import pytest

import nasbench
from nasbench.cli import main
from nasbench.comparison.experiment import Limits
from nasbench.registry import ACQUISITIONS, METRICS, PLOTS

METRIC = '''"""Trials until the last improvement."""

import numpy as np

from nasbench.metrics import Metric, MetricValues


class LastImprovement(Metric):
    """When the incumbent changed last."""

    label = "last improvement"
    unit = "count"
    bounds = (0.0, np.inf)

    def compute(self, runs):
        """Return the number of trials by then."""
        track = runs.incumbents
        return MetricValues(track.read_last(track.spent["trials"], 0.0))
'''
PLOT = '''"""Final regrets as dots."""

from nasbench.comparison.plots import Plot
from nasbench.reports.drawing import panels


class Dots(Plot):
    """A dot a run."""

    def prepare(self, analysis):
        return [task.metrics["normalized_regret"] for task in analysis.tasks]

    def draw(self, data):
        figure, grid = panels(1, 1)
        for regret in data:
            grid[0, 0].plot(regret.T, "o")
        return figure


def draw_boxes(analysis):
    """The same as boxes, by a function."""
    figure, grid = panels(1, 1)
    grid[0, 0].boxplot(analysis.tasks[0].metrics["normalized_regret"].T)
    return figure
'''
ACQUISITION = '''"""Likes least what is expected to be best."""

from nasbench.acquisitions import Acquisition


class Contrarian(Acquisition):
    """The mean, negated."""

    needs_std = False

    def __call__(self, posterior):
        return -posterior.mean
'''


@pytest.fixture
def outside(tmp_path, monkeypatch):
    """A folder of somebody else's with one file a component."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    for name, text in (("their_metric", METRIC), ("their_plot", PLOT), ("their_acquisition", ACQUISITION)):
        (folder / f"{name}.py").write_text(text)
        monkeypatch.delitem(sys.modules, name, raising=False)
    monkeypatch.syspath_prepend(str(folder))
    return folder


@pytest.fixture
def installed(outside, monkeypatch):
    """The same as an installed package with entry points, which a process looks for once."""
    for registry in (METRICS, PLOTS, ACQUISITIONS):
        monkeypatch.delitem(vars(registry), "_plugins", raising=False)
    info = outside / "theirs-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[nasbench.metrics]\nlast_improvement = their_metric:LastImprovement\n"
        "[nasbench.plots]\ndots = their_plot:Dots\n"
        "[nasbench.acquisitions]\ncontrarian = their_acquisition:Contrarian\n"
    )
    yield outside
    for registry in (METRICS, PLOTS, ACQUISITIONS):
        vars(registry).pop("_plugins", None)


def last_improvements(record, strategy):
    return [int(run.history.score[:, 0].argmax()) + 1 for run in record.runs("nbgraph-cora", strategy)]


def compare(tmp_path, *options):
    out = tmp_path / "record"
    asked = ["--task", "nbgraph-cora", "--strategy", "random_search", "--runs", "4", "--trials", "15", "--jobs", "1"]
    assert main(["compare", *asked, "--out", str(out), *options]) == 0
    return nasbench.Record(out), json.loads((out / "leaderboard.json").read_text())


def test_components_by_module_and_class(outside, tmp_path, capsys):
    metric, dots, boxes = "their_metric:LastImprovement", "their_plot:Dots", "their_plot:draw_boxes"
    record, board = compare(tmp_path, "--metric", metric, "--plot", dots, "--plot", boxes)
    expected = last_improvements(record, "random_search")
    assert board["tasks"][0][metric]["mean"] == pytest.approx(np.mean(expected))
    assert board["metrics"][metric]["label"] == "last improvement"
    assert "last improvement" in capsys.readouterr().out
    assert {"Dots.png", "draw_boxes.svg"} <= {path.name for path in (record.path / "plots").iterdir()}


def test_components_of_an_installed_package(installed, tmp_path, capsys):
    record, board = compare(tmp_path)
    expected = last_improvements(record, "random_search")
    assert board["tasks"][0]["last_improvement"]["mean"] == pytest.approx(np.mean(expected))
    assert "last_improvement_mean" in (record.path / "leaderboard.csv").read_text().partition("\n")[0]
    assert "last improvement" not in capsys.readouterr().out
    assert {"dots.png", "dots.svg"} <= {path.name for path in (record.path / "plots").iterdir()}


@pytest.mark.parametrize("name", ["contrarian", "their_acquisition:Contrarian"])
def test_a_search_with_an_acquisition_from_outside(installed, tmp_path, name):
    """Who likes the worst finds worse architectures than who likes the best: Cora, 4 runs, 60 trials, fixed seeds."""
    labels = [
        f"bayesian_optimization,predictor=bayesian_linear_regression,n_init=20,acquisition={acquisition}"
        for acquisition in (name, "exploit")
    ]
    record = nasbench.compare("nbgraph-cora", labels, runs=4, limits=Limits(trials=60), out=tmp_path / "r")
    worse, better = (
        np.mean([np.median(run.history.score[20:, 0]) for run in record.runs("nbgraph-cora", label)])
        for label in labels
    )
    assert worse < better - 0.02
