"""The public face: what ``nasbench`` offers, how light it is, and what it says beside Google's package of its name."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import nasbench

PACKAGE = Path(nasbench.__file__).parent


def python(code, **options):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, **options)


@pytest.mark.parametrize("package", ["", "tasks", "table"])
def test_every_name_of_the_stub_exists_and_completes(package):
    """The stub is the one list of public names; it is read here without lazy_loader."""
    stub = ast.parse((PACKAGE / package / "__init__.pyi").read_text(encoding="utf-8"))
    names = {alias.name for node in stub.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    module = getattr(nasbench, package) if package else nasbench
    assert names <= set(dir(module))
    assert names <= set(module.__all__)
    assert all(getattr(module, name) is not None for name in names)


def test_what_the_documentation_promises_is_public():
    promised = {"Limits", "Checkpoints", "verify", "Record", "PredictionRecord", "Leaderboard", "PredictionLeaderboard"}
    assert promised <= set(dir(nasbench))
    with pytest.raises(AttributeError, match="no_such_name"):
        nasbench.no_such_name  # noqa: B018


def test_importing_loads_only_the_standard_library_and_the_loader():
    done = python("import sys; before = set(sys.modules); import nasbench; print(*(set(sys.modules) - before))")
    tops = {name.partition(".")[0] for name in done.stdout.split()}
    assert tops - set(sys.stdlib_module_names) == {"nasbench", "lazy_loader"}


def test_all_names_can_be_imported_at_once():
    """The scientific Python way to find broken lazy imports."""
    done = python("import nasbench; print('loaded')", env=os.environ | {"EAGER_IMPORT": "1"})
    assert done.stdout == "loaded\n", done.stderr


def test_google_s_package_of_the_same_name_is_named(tmp_path):
    """It installs ``nasbench/api.py``; installed before ours, it lies in our folder."""
    shutil.copytree(PACKAGE, tmp_path / "nasbench", ignore=shutil.ignore_patterns("data", "__pycache__"))
    code = "import nasbench; print(nasbench.__file__)"
    env = os.environ | {"PYTHONPATH": str(tmp_path)}
    assert str(tmp_path) in python(code, cwd=tmp_path, env=env).stdout
    (tmp_path / "nasbench/api.py").write_text("import tensorflow\n")
    refused = python(code, cwd=tmp_path, env=env)
    assert refused.returncode == 1
    assert "Google's package 'nasbench'" in refused.stderr
    assert "pip uninstall nasbench" in refused.stderr


def test_the_command_line_names_google_s_package_where_it_replaced_ours(tmp_path):
    """Installed after ours, it replaces ``nasbench/__init__.py`` with its own, which is empty."""
    shutil.copytree(PACKAGE, tmp_path / "nasbench", ignore=shutil.ignore_patterns("data", "__pycache__"))
    (tmp_path / "nasbench/__init__.py").write_text("")
    done = python(
        "from nasbench.cli import entry; entry()", cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path)}
    )
    assert done.returncode == 1
    assert "Google's package 'nasbench'" in done.stderr
    assert "Traceback" not in done.stderr
