"""The documentation does what it says: its code runs, its numbers are measured, its links exist."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import nasbench
from nasbench.comparison.analysis import analyse
from nasbench.comparison.experiment import Limits
from nasbench.comparison.leaderboard import leaderboard
from nasbench.errors import UnknownName

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    ROOT / name for name in ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "data/SOURCES.md", "data/SCHEMA.md")
]


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / page).read_text(), flags=re.DOTALL)


def shell(command: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    _, *arguments = shlex.split(command.partition(" #")[0])
    program = [str(Path(sys.executable).parent / "nasbench"), *arguments]
    return subprocess.run(program, cwd=folder, env=os.environ | env, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_readme_s_leaderboard_is_what_the_main_job_prints(tmp_path):
    """The whole main job: twelve tasks, five strategies, 100 runs."""
    from nasbench.cli.compare import DEFAULT_STRATEGIES

    record = nasbench.compare(
        list(nasbench.task_names(embedded=True)), DEFAULT_STRATEGIES, runs=100, n_jobs=2, out=tmp_path / "out"
    )
    printed = leaderboard(analyse(record)).render("markdown").partition("\n\n")[0]
    (shown,) = re.findall(
        r"<!-- leaderboard: make compare -->\n(.*?)\n<!-- end -->", (ROOT / "README.md").read_text(), flags=re.DOTALL
    )
    assert shown == printed


def test_the_readme_s_python_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    for block in blocks("README.md", "python"):
        exec(compile(block.replace("runs=20", "runs=2"), "README.md", "exec"), names)
    assert names["scores"].shape == (15625,)
    assert names["record"].strategies[1] == "local_search"


def test_the_readme_s_commands_run(tmp_path):
    (commands,) = (block for block in blocks("README.md", "sh") if "nasbench list" in block)
    for command in commands.strip().splitlines():
        done = shell(command.replace("--runs 100", "--runs 3"), tmp_path)
        assert done.returncode == 0, f"{command}: {done.stderr}"


def test_the_worked_example_of_a_strategy_runs_and_is_compared(tmp_path):
    strategy, check, _ = blocks("CONTRIBUTING.md", "python")
    (tmp_path / "hill_climbing.py").write_text(strategy)
    (command,) = blocks("CONTRIBUTING.md", "sh")
    done = shell(command.strip(), tmp_path)
    assert done.returncode == 0, done.stderr
    assert "hill_climbing:HillClimbing,patience=10" in done.stdout
    (tmp_path / "check.py").write_text(check)
    subprocess.run([sys.executable, "check.py"], cwd=tmp_path, check=True)


def test_the_example_of_a_configured_strategy_runs(tmp_path, monkeypatch):
    *_, settings = blocks("CONTRIBUTING.md", "python")
    (tmp_path / "cautious.py").write_text(settings)
    monkeypatch.syspath_prepend(tmp_path)
    label = "cautious:CautiousSearch,pool_size=10"
    record = nasbench.compare("nb201-cifar100", label, runs=1, limits=Limits(trials=13))
    (run,) = record.runs("nb201-cifar100", label)
    assert len(run.history.id) == 13
    with pytest.raises(UnknownName, match="acquisition"):
        nasbench.compare("nb201-cifar100", "cautious:CautiousSearch,acquisition=ei", runs=1)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_architecture_names_what_exists():
    drawn = re.findall(r"^  ([a-z_]+(?:/|\.py)) ", (ROOT / "ARCHITECTURE.md").read_text(), flags=re.MULTILINE)
    rooms = {
        path.name + ("/" if path.is_dir() else "")
        for path in (ROOT / "nasbench").iterdir()
        if not path.name.startswith("_") and path.name != "py.typed" and not path.is_symlink()
    }
    assert set(drawn) == rooms


def test_every_embedded_task_is_in_the_readme_s_table():
    text = (ROOT / "README.md").read_text()
    for name in nasbench.task_names(embedded=True):
        assert f"`{name}`" in text or f"`-{name.partition('-')[2]}`" in text
