"""Strategies of users: loud when they fail, named, drawn, and verified wherever they were defined."""

import subprocess
import sys

import pytest

import nasbench
from nasbench.cli import main
from nasbench.errors import FailedRunsWarning, InvalidOption, UnknownName
from nasbench.reports.drawing import add_legend, in_legend
from nasbench.strategies.model_free.random_search import RandomSearch

TASK = "nbgraph-cora"
SOURCE = '''
import nasbench


class Mine:
    """Random search."""

    def __init__(self, space, rng, *, patience: int = 2):
        self._space, self._rng, self._n = space, rng, 0

    def ask(self, n):
        trials = nasbench.full_trainings(self._n, self._space.sample(n, self._rng))
        self._n += n
        return trials

    def tell(self, results):
        pass
'''
SCRIPT = (
    SOURCE
    + """

if __name__ == "__main__":
    named = {"mine": Mine, "rs": "random_search"}
    nasbench.compare("nbgraph-cora", named, runs=2, limits=nasbench.Budget(trials=5), out="record", n_jobs=2)
"""
)


def compare(strategies, **options):
    return nasbench.compare(TASK, strategies, runs=2, limits=nasbench.Budget(trials=5), **options)


def make_class(limit=99):
    """Return a class of a closure."""

    class Failing(RandomSearch):
        def ask(self, n):
            if limit <= 3:
                raise ValueError(f"no more than {limit}\nsecond line")
            return super().ask(n)

    return Failing


def test_a_failing_class_warns_once_with_all_that_one_needs():
    with pytest.warns(FailedRunsWarning) as caught:
        record = compare({"mine": make_class(3), "rs": "random_search"})
    assert len(caught) == 1
    assert caught[0].filename == __file__
    first, last = str(caught[0].message).splitlines()
    assert first == f"2 of 2 runs of mine on {TASK} failed: ValueError: no more than 3 (2 times)"
    shown = {}
    exec(last.partition(": ")[2].replace("print", "shown.update", 1).replace("(record", "(text=record"), locals())
    assert "second line" in shown["text"]
    assert "Traceback" in shown["text"]


def test_the_command_line_says_it_once(tmp_path, monkeypatch, capsys):
    (tmp_path / "failing_strategy.py").write_text(SOURCE.replace("self._n += n", "raise ValueError(n)"))
    monkeypatch.syspath_prepend(str(tmp_path))
    asked = ["--task", TASK, "--strategy", "mine=failing_strategy:Mine", "--runs", "2", "--trials", "3", "--jobs", "1"]
    assert main(["compare", *asked, "--out", str(tmp_path / "r")]) == 1
    assert capsys.readouterr().err.count("2 of 2 runs of mine on nbgraph-cora failed: ValueError") == 1


def test_a_class_of_a_closure_is_verified_when_it_is_passed():
    record = compare({"mine": make_class(), "rs": "random_search"})
    verdict = record.verify()
    assert verdict.replayed == 2
    assert not verdict.contradicted
    assert not verdict.matches
    assert [label for label, _ in verdict.unreplayed] == ["mine"]
    assert "verify(strategies={'mine': CLASS})" in str(verdict)
    assert "1 of the contestants could not be replayed" in str(verdict)
    for given in ([make_class()], make_class(), {"mine": make_class()}):
        verdict = nasbench.verify(record, strategies=given)
        assert verdict.matches
        assert verdict.replayed == 4
    assert record.verify(strategies={"mine": make_class(3)}).differing


def test_only_classes_out_of_reach_leave_nothing_to_replay():
    record = compare(make_class())
    verdict = record.verify()
    assert verdict.replayed == 0
    assert not verdict.matches


def test_what_belongs_to_no_strategy_is_refused():
    record = compare("random_search")
    for given in ([make_class()], {"mine": RandomSearch}, {"random_search": "tpee"}):
        with pytest.raises(UnknownName):
            record.verify(strategies=given)
    with pytest.raises(InvalidOption):
        record.verify(strategies={"random_search": "nowhere:Nothing"})


def test_a_class_of_a_script_is_verified_from_its_file(tmp_path, monkeypatch, capsys):
    (tmp_path / "own_script.py").write_text(SCRIPT)
    subprocess.run([sys.executable, "own_script.py"], cwd=tmp_path, check=True)
    record = nasbench.Record(tmp_path / "record")
    assert record.spec["strategies"]["mine"]["name"] == "__main__:Mine"
    assert [label for label, _ in record.verify().unreplayed] == ["mine"]
    monkeypatch.syspath_prepend(str(tmp_path))
    import own_script

    assert record.verify(strategies=[own_script.Mine]).matches
    assert main(["verify", str(record.path)]) == 1
    assert "not replayed: mine" in capsys.readouterr().out
    assert main(["verify", str(record.path), "--strategy", "mine=own_script:Mine"]) == 0


@pytest.mark.parametrize("name", ["__main__:Mine", "_x", "a$b$c", r"\\alpha", "local_search," + "option=1," * 40])
def test_every_name_appears_in_legends(name):
    from matplotlib.figure import Figure

    figure = Figure(layout="constrained")
    figure.subplots().plot([0, 1], [0, 1], label=in_legend(name))
    add_legend(figure, *figure.axes[0].get_legend_handles_labels(), below=True)
    (text,) = figure.legends[0].get_texts()
    figure.draw_without_rendering()
    assert text.get_text().strip().replace("\n  ", "").replace(r"\$", "$") == name
    assert text.get_window_extent().width < figure.bbox.width


def test_names_of_any_kind_are_ranked_and_drawn(tmp_path):

    record = compare(
        {"a$b": RandomSearch, "_hidden": RandomSearch, "x" * 80: "local_search", "ünï 4 (v2)": "random_search"}
    )
    assert "a$b" in record.leaderboard().render("text")
    assert record.plot(tmp_path).files
