"""The documentation does what it says: its code runs, its commands parse, its numbers are measured, its links exist."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer

import nasbench
import nasbench.testing
from nasbench.cli import build, main
from nasbench.registry import METRICS

ROOT = Path(__file__).resolve().parent.parent
GUIDES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
PAGES = [
    *GUIDES,
    *(ROOT / name for name in ("ARCHITECTURE.md", "CONTRIBUTING.md", "data/SOURCES.md", "data/SCHEMA.md")),
]
MAIN_JOB = "<!-- leaderboard: make compare -->"


def blocks(page: Path, *languages: str) -> list[str]:
    """The code blocks of a page in these languages; '' for those that name none."""
    fences = re.findall(r"^```(\w*)\n(.*?)^```$", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    return [text for language, text in fences if language in languages]


def marked(page: Path, marker: str) -> str:
    """The text between a marker and the end mark, which stand on lines of their own."""
    (shown,) = re.findall(
        rf"{re.escape(marker)}\n(.*?)\n<!-- end -->", page.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    return shown


def write_scripts(page: Path, folder: Path) -> list[str]:
    """Write the programs of a page, whose first comment begins with their name, into a folder; return the names."""
    found = {re.match(r"(?:#!.*\n)?# ([\w.]+): ", text): text for text in blocks(page, "py", "sh")}
    named = {match[1]: text for match, text in found.items() if match}
    for name, text in named.items():
        (folder / name).write_text(text)
    return list(named)


def arguments_of(command: str) -> list[str]:
    _, *arguments = shlex.split(command, comments=True)
    return arguments


def shell(command: str, folder: Path, **env: str) -> subprocess.CompletedProcess[str]:
    program = [str(Path(sys.executable).parent / "nasbench"), *arguments_of(command)]
    return subprocess.run(program, cwd=folder, env=os.environ | env, capture_output=True, text=True, check=False)


def commands_of(page: Path) -> list[str]:
    """Every command of the suite that stands in a shell block, or in one without a language."""
    lines = (line for block in blocks(page, "sh", "") for line in block.replace("\\\n", " ").splitlines())
    return [line for line in lines if line.startswith("nasbench ")]


@pytest.mark.slow
def test_the_readme_s_leaderboard_is_what_the_main_job_prints(tmp_path):
    """The whole main job: twelve tasks, five strategies, 100 runs."""
    from nasbench.cli.compare import DEFAULT_STRATEGIES

    tasks = list(nasbench.task_names(embedded=True))
    record = nasbench.compare(tasks, DEFAULT_STRATEGIES, runs=100, n_jobs=2, out=tmp_path / "out")
    printed = record.leaderboard().render("markdown").partition("\n\n")[0]
    assert marked(ROOT / "README.md", MAIN_JOB) == printed


def test_the_readme_is_one_screen():
    assert len((ROOT / "README.md").read_text(encoding="utf-8").split()) < 1200


def test_the_readme_counts_what_is_inside(capsys):
    """Its table names every kind but the tables of the machine, with their numbers as ``nasbench list`` counts them."""
    main(["list", "--json"])
    listed = json.loads(capsys.readouterr().out)
    rows = [line.strip("| ").split(" | ") for line in marked(ROOT / "README.md", "<!-- counts -->").splitlines()[2:]]
    counted = {kind: [int(number) for number in re.findall(r"\d+", text)] for kind, text, _ in rows}
    assert counted["tasks"] == [len(listed["tasks"]), len(listed["absent_tasks"])]
    for kind, _, examples in rows:
        assert kind == "tasks" or counted[kind] == [len(listed[kind])]
        assert set(re.findall(r"`([^`]+)`", examples)) <= listed[kind].keys()
    assert counted.keys() == {kind for kind in listed if not kind.startswith("absent_")} - {"tables"}


@pytest.mark.parametrize("page", [page for page in GUIDES if blocks(page, "python")], ids=lambda page: page.name)
def test_the_python_of_a_guide_runs(page, tmp_path, monkeypatch):
    """Block after block, as a reader would type them; only public names are imported from the suite."""
    monkeypatch.chdir(tmp_path)
    write_scripts(page, tmp_path)
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    names: dict[str, object] = {}
    for block in blocks(page, "python"):
        assert set(re.findall(r"from nasbench\.(\w+)", block)) <= {"adapters", "metrics", "testing"}
        exec(compile(block.replace("runs=20", "runs=2"), page.name, "exec"), names)
    if page.name in ("README.md", "python.md"):
        assert names["scores"].shape == (15625,)
    if page.name == "suggest.md":
        assert len(names["campaign"].results) == 15
    elif page.name != "metrics.md":  # its metric is computed below
        assert isinstance(names["record"], nasbench.Record)
        assert "local_search" in names["record"].strategies


@pytest.mark.parametrize("page", ["README.md", "docs/commands.md"])
def test_the_commands_of_a_guide_run(page, tmp_path):
    for command in commands_of(ROOT / page):
        done = shell(re.sub(r"--runs 10+ ", "--runs 3 ", command), tmp_path)
        assert done.returncode == 0, f"{command}: {done.stderr}"


def test_the_commands_of_the_guide_to_own_trainings_run(tmp_path):
    page = ROOT / "docs/suggest.md"
    (space,) = blocks(page, "toml")
    (tmp_path / "space.toml").write_text(space)
    for command in commands_of(page):
        if "my_tasks.toml" not in command:
            done = shell(command, tmp_path)
            assert done.returncode == 0, f"{command}: {done.stderr}"
    assert (tmp_path / "todo.csv").read_text().startswith("id,op,depth,lr,val_acc,cost_s,architecture\n0,")


@pytest.mark.parametrize("page", [page for page in PAGES if commands_of(page)], ids=lambda page: page.name)
def test_the_commands_of_every_page_parse(page):
    """Those too that need hours or downloads: command, options and their types exist, and names are known."""
    from nasbench.cli._catalogue import entries_of

    group = typer.main.get_command(build())
    kinds = {"strategy": "strategies", "predictor": "predictors", "network": "networks", "recipe": "recipes"}
    for command in commands_of(page):
        name, *arguments = arguments_of(command)
        context = group.commands[name].make_context(name, arguments)
        for option, kind in kinds.items():
            given = context.params.get(option) or []
            for label in [given] if isinstance(given, str) else given:
                key = re.split("[@,]", label)[0]
                assert ":" in key or key in entries_of(kind), f"{command}: no {option} {key}"


def test_the_worked_example_of_a_strategy_runs_and_is_compared(tmp_path):
    page = ROOT / "CONTRIBUTING.md"
    strategy, check, _settings = blocks(page, "python")
    (tmp_path / "hill_climbing.py").write_text(strategy)
    (command,) = commands_of(page)
    done = shell(command, tmp_path)
    assert done.returncode == 0, done.stderr
    assert "hill_climbing:HillClimbing,patience=10" in done.stdout
    (tmp_path / "check.py").write_text(check)
    subprocess.run([sys.executable, "check.py"], cwd=tmp_path, check=True)


def test_the_contestants_of_the_guide_compete(tmp_path, monkeypatch):
    """One by the command of the page; all that it shows, by the kit."""
    page = ROOT / "docs/contestants.md"
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert write_scripts(page, tmp_path) == ["my_agent.py", "random.sh"]
    (command,) = commands_of(page)
    done = shell(command.replace("--runs 20", "--runs 3"), tmp_path)
    assert done.returncode == 0, done.stderr
    assert "cmd:python my_agent.py" in done.stdout
    assert "failed: " not in done.stderr
    monkeypatch.chdir(tmp_path)
    nasbench.testing.check_contestant("sh random.sh")


def test_the_metric_of_the_guide_is_computed(tmp_path):
    page = ROOT / "docs/metrics.md"
    (metric,), (command,) = blocks(page, "python"), commands_of(page)
    (tmp_path / "my_metrics.py").write_text(metric)
    done = shell(command.replace("--runs 20 ", "--runs 3 "), tmp_path)
    assert done.returncode == 0, done.stderr
    assert "regret at share, share=0.25" in done.stdout
    assert "queries to optimum" in done.stdout


def test_the_guide_names_every_metric():
    text = (ROOT / "docs/metrics.md").read_text(encoding="utf-8")
    assert set(METRICS.names()) <= set(re.findall(r"`(\w+)`", text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", page.read_text(encoding="utf-8")):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_guide_is_linked_from_the_readme():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert all(f"](docs/{page.name})" in text for page in GUIDES[1:])


def test_every_public_name_is_documented():
    _, _, table = (ROOT / "docs/python.md").read_text(encoding="utf-8").partition("## All public names")
    rows = [line for line in table.splitlines() if line.startswith("| ")]
    assert set(re.findall(r"`(\w+)`", "\n".join(rows))) == set(dir(nasbench))


def test_the_table_of_strategies_has_those_of_its_command():
    """The names in the Makefile are what ``make strategies`` and ``make partial`` run."""
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8").replace("\\\n", " ")
    lists = {
        name: words.split() for name, words in re.findall(r"^(STRATEGIES|PARTIAL) := (.*)$", makefile, re.MULTILINE)
    }
    for page, marker, names in (
        ("strategies.md", "<!-- strategies: make strategies -->", lists["STRATEGIES"]),
        ("partial_training.md", "<!-- partial: make partial -->", lists["PARTIAL"]),
    ):
        rows = marked(ROOT / "docs" / page, marker).splitlines()[2:]
        assert sorted(row.split("|")[1].strip() for row in rows) == sorted(names)


def test_the_architecture_names_what_exists():
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    drawn = re.findall(r"^  ([a-z_]+(?:/|\.py)) ", text, flags=re.MULTILINE)
    rooms = {
        path.name + ("/" if path.is_dir() else "")
        for path in (ROOT / "nasbench").iterdir()
        if not path.name.startswith("_") and path.name != "py.typed" and not path.is_symlink()
    }
    assert set(drawn) == rooms


def test_every_embedded_task_is_in_the_table_of_tasks():
    text = (ROOT / "docs/tasks.md").read_text(encoding="utf-8")
    for name in nasbench.task_names(embedded=True):
        assert f"`{name}`" in text or f"`-{name.partition('-')[2]}`" in text
