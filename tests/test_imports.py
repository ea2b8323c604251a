"""What is loaded when: light things stay light."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import nasbench
from nasbench.errors import InvalidOption, MissingExtra, UnknownName
from nasbench.registry import STRATEGIES, Registry

HEAVY = {"torch", "gpytorch", "xgboost", "matplotlib", "scipy", "pandas", "joblib", "scikit_posthocs"}


def loaded_after(code: str) -> set[str]:
    printed = "import sys; print('\\n' + ' '.join({m.partition('.')[0] for m in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", f"{code}; {printed}"], capture_output=True, text=True, check=True)
    return set(done.stdout.rpartition("\n\n")[2].split() or done.stdout.split())


@pytest.mark.parametrize(
    "code",
    [
        "import nasbench",
        "from nasbench.cli import main; main(['list'])",
        "import nasbench; nasbench.load_task('nb201-cifar10').optimum",
        "import nasbench; nasbench.Simulation",
    ],
)
def test_it_loads_nothing_heavy(code):
    assert not HEAVY & loaded_after(code)


def test_listing_loads_no_component_and_no_arrays():
    loaded = loaded_after("from nasbench.cli import main; main(['list'])")
    assert not {"numpy", "h5py"} & loaded
    area = "nasbench.strategies.model_based.area"
    code = f"import sys, nasbench.cli; nasbench.cli.main(['list']); print('{area}' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False\n")


def test_a_project_may_have_packages_of_our_rooms_names(tmp_path):
    """Its own ``strategies``, first on the path, hide nothing of ours, in this process and in those of joblib."""
    for name in ("strategies", "surrogates", "data", "benchmarks", "tests"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    (tmp_path / "strategies" / "mine.py").write_text(
        "from nasbench.strategies.model_free.random_search import RandomSearch\nclass Mine(RandomSearch):\n    pass\n"
    )
    code = """
import nasbench
strategies = ["random_search", "strategies.mine:Mine"]
record = nasbench.compare("nb201-cifar10", strategies, runs=2, n_jobs=2, out="record")
nasbench.make_predictor(nasbench.load_task("nb201-cifar10").space, "one_hot_gp")
print(sum(run.failed for name in strategies for run in record.runs("nb201-cifar10", name)))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "0\n", done.stderr


def test_older_names_of_our_classes_are_understood(tmp_path):
    code = """
import os, sys
import nasbench.registry as registry
sys.path = [path for path in sys.path if not os.path.isdir(path + "/strategies")]  # as where only the wheel is
strategies, predictors = registry.STRATEGIES, registry.PREDICTORS
for name in ("strategies.random_search", "nasbench.strategies.random_search"):  # before it was a family's
    print(strategies.load(f"{name}:RandomSearch") is strategies.load("random_search"))
print(predictors.load("surrogates.nu_svr:NuSVR") is predictors.load("nu_svr"))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "True\nTrue\nTrue\n", done.stderr


def write(folder, name, text):
    (folder / name).write_text(text)


@pytest.fixture
def registry(tmp_path, monkeypatch):
    """A registry over a package made for the test."""
    package = tmp_path / "made_for_a_test"
    package.mkdir()
    write(package, "__init__.py", "")
    write(package, "_private.py", "")
    write(package, "plain.py", '"""A plain one.\n\nMore."""\nclass Plain: ...\nclass _Helper: ...\n')
    write(package, "heavy.py", '"""Needs much."""\nREQUIRES = {"no_such_package": "gp"}\nimport no_such_package\n')
    write(package, "two.py", '"""Two."""\nclass One: ...\nclass Two: ...\n')
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.partition(".")[0] == package.name]:  # of another test
        monkeypatch.delitem(sys.modules, name)
    return Registry("things", "thing", "made_for_a_test")


def test_the_file_name_is_the_key(registry):
    assert registry.names() == ["heavy", "plain", "two"]
    assert registry.summary("plain") == "A plain one."
    assert registry.load("plain").__name__ == "Plain"


def test_a_missing_package_names_the_extra(registry):
    assert registry.missing_extra("heavy") == "gp"
    assert registry.missing_extra("plain") is None
    with pytest.raises(MissingExtra, match=r"pip install 'nasbench-suite\[gp\]'"):
        registry.load("heavy")


def test_a_component_defines_one_class(registry):
    with pytest.raises(InvalidOption, match="2 public classes"):
        registry.load("two")
    with pytest.raises(UnknownName, match="did you mean 'plain'"):
        registry.load("plane")


def test_presets_are_read_without_importing():
    assert STRATEGIES.presets("regularized_evolution") == ["real2019", "nb201", "nasbench101", "non_aging"]


def test_entry_points_add_components(monkeypatch):
    from importlib import metadata

    point = metadata.EntryPoint(
        "theirs", "nasbench.strategies.model_free.random_search:RandomSearch", "nasbench.strategies"
    )
    monkeypatch.setattr(metadata, "entry_points", lambda group: [point] if group == "nasbench.strategies" else [])
    strategies = Registry("strategies", "strategy", "nasbench.strategies")  # each lists its components once
    assert "theirs" in strategies.names()
    assert strategies.load("theirs").__name__ == "RandomSearch"
    assert "nasbench.strategies.model_free.random_search:RandomSearch" in strategies.summary("theirs")


def test_a_name_that_stands_twice_is_refused(registry, tmp_path):
    """Families are folders, and no part of a name."""
    for family in ("first", "second"):
        (tmp_path / "made_for_a_test" / family).mkdir()
        write(tmp_path / "made_for_a_test" / family, "same.py", "class Same: ...\n")
    with pytest.raises(InvalidOption, match=r"two files are called same: .*first.*second"):
        registry.names()


def test_a_component_of_a_family_is_found_by_its_name(registry, tmp_path):
    (tmp_path / "made_for_a_test" / "family").mkdir()
    write(tmp_path / "made_for_a_test" / "family", "member.py", '"""A member."""\nclass Member: ...\n')
    assert registry.summary("member") == "A member."
    assert registry.load("member").__module__ == "made_for_a_test.family.member"


def test_presets_that_are_computed_do_not_stop_a_listing(registry, tmp_path):
    text = "N = 2\nclass Computed:\n    presets = {'paper': {'n': N}, **{}, N: {}}\n    other = dict(a=1)\n"
    write(tmp_path / "made_for_a_test", "computed.py", text)
    write(tmp_path / "made_for_a_test", "called.py", "class Called:\n    presets = dict(paper={})\n")
    assert registry.presets("computed") == ["paper"]
    assert registry.presets("called") == []
    assert registry.literal("computed", "other") is None


@pytest.mark.skipif(sys.platform != "linux", reason="peak memory is read from /proc")
def test_opening_a_task_takes_little_memory():
    """Less than 30 MB over numpy and h5py for the task, its optimum and all scores (the official API: gigabytes)."""
    # VmHWM starts anew with the program; ru_maxrss would hold what the process that started it had used
    code = """
import numpy, numpy.random, h5py, nasbench
def peak():
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM")) / 1024
before = peak()
task = nasbench.load_task("nb201-cifar10")
task.query(task.space.rows)
task.optimum
print(before, peak())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    before, after = map(float, done.stdout.split())
    assert 5 < after - before < 30


# --- rooms


SUITE = Path(nasbench.__file__).parent


def modules_of_the_suite():
    """Yield each module's dotted name, its package and its file; links are followed."""
    for folder in (SUITE, SUITE / "strategies", SUITE / "surrogates"):
        for path in sorted(folder.rglob("*.py")):
            parts = ("nasbench", *path.relative_to(SUITE).with_suffix("").parts)
            package = parts[:-1]
            yield ".".join(package if path.name == "__init__.py" else parts), package, path


def private_imports(package, path):
    """Yield what a module imports of a room that it does not lie in, by a name that starts with an underscore."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        for parts in (name.split(".") for name in names):
            hidden = [place for place, part in enumerate(parts) if part.startswith("_") and not part.startswith("__")]
            if parts[0] == "nasbench" and hidden and tuple(parts[: hidden[0]]) != package[: hidden[0]]:
                yield ".".join(parts)


def test_no_room_imports_another_rooms_private_modules():
    modules = list(modules_of_the_suite())
    assert len(modules) > 400
    assert {"nasbench.strategies._pools", "nasbench.surrogates._gp", "nasbench.spaces.nb201"} <= {m[0] for m in modules}
    found = [f"{name} imports {what}" for name, package, path in modules for what in private_imports(package, path)]
    assert not found, "export what rooms share from their packages: " + "; ".join(found)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("from nasbench.spaces._cell import EDGES", 1),
        ("import nasbench.spaces._cell", 1),
        ("from nasbench.surrogates import _targets", 1),
        ("from nasbench.surrogates._nets import torch_generator", 1),
        ("from nasbench.strategies._pools import pool", 0),  # of the room itself
        ("from nasbench.strategies.model_based._partition import Partition", 0),
        ("from nasbench.strategies.model_free._steps import step", 1),  # of another family
        ("from nasbench import __version__", 0),
        ("from numpy import _core", 0),
    ],
)
def test_a_private_import_is_seen(tmp_path, line, found):
    (tmp_path / "a.py").write_text(f"def late():\n    {line}\n")
    assert len(list(private_imports(("nasbench", "strategies", "model_based"), tmp_path / "a.py"))) == found
