"""The built wheel, installed into an empty environment away from the checkout, does the main job."""

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built from a copy, so that nothing is left in the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    source = folder / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".git", ".venv", "results", ".*_cache", "__pycache__"))
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(source)]
    subprocess.run(command, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def test_it_holds_the_packages_and_the_tables_and_nothing_else(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    tops = {name.partition("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"nasbench"}
    assert {"nasbench/strategies/model_free/random_search.py", "nasbench/surrogates/trees/xgboost.py"} <= set(names)
    tables = {f"nasbench/data/{name}.h5" for name in ("curves201", "nb201", "nbgraph")}
    assert {name for name in names if name.endswith(".h5")} == tables
    assert "nasbench/tasks/nb201.toml" in names
    assert "nasbench/importers/maps/nb201_epochs12.toml" in names
    assert "nasbench/py.typed" in names
    assert {f"nasbench/{room}__init__.pyi" for room in ("", "tasks/", "table/")} <= set(names)
    assert wheel.stat().st_size < 10e6


@pytest.mark.slow
def test_it_runs_the_main_job_from_an_empty_environment(wheel, tmp_path):
    """Without the extra too: then there is a leaderboard, and a line that says how to get the plots."""
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "env")], check=True)
    python = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    env = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    pip += ["--constraint", str(ROOT / "constraints.txt")]
    installed = subprocess.run([*pip, str(wheel)], env=env, capture_output=True, text=True, check=False)
    if installed.returncode and "ConnectionError" in installed.stderr:
        pytest.skip(f"no package index can be reached: {installed.stderr[-300:]}")
    assert installed.returncode == 0, installed.stderr
    command = [str(python), "-m", "nasbench", "compare", "--suite", "embedded", "--runs", "2", "--out", "record"]
    bare = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    assert "local_search" in bare.stdout
    assert "pip install 'nasbench-suite[report]'" in bare.stderr
    assert not (tmp_path / "record/plots").exists()
    subprocess.run([*pip, f"{wheel}[report]"], env=env, check=True)
    whole = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=True)
    assert "critical_difference.svg" in whole.stdout
    assert (tmp_path / "record/plots/regret.png").stat().st_size > 10_000
    shown = subprocess.run(
        [str(python), "-c", "import nasbench; print(nasbench.__file__)"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert str(tmp_path) in shown.stdout
