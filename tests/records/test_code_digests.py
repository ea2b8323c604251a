"""What counts as a change of code: what decides behaviour, wherever it lies, and nothing else."""

import ast
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import nasbench
from nasbench.choices import Choice
from nasbench.errors import RecordError
from nasbench.records import code_digests, syntax
from nasbench.records.code_digests import digest_code
from nasbench.records.named_code import digest_choice
from nasbench.registry import PREDICTORS, STRATEGIES

SUITE = Path(nasbench.__file__).parent


def behaviour_of(text):
    return syntax.write_behaviour(ast.parse(text))


SOURCE = '''"""A module."""
from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from collections.abc import Sequence
WIDTH: int = 3
"""How wide it is."""
def area(n: int, *, w=WIDTH) -> "int":
    """Return an area."""
    return n * w + len(f"{n}-{w!r:>{n}}" "x" f"y{n=}")
class Empty:
    """Nothing."""
'''
SAME = '''
# A comment.
"""Another module, its imports for checkers otherwise."""

from typing import TYPE_CHECKING
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
WIDTH: int = (3)


def area(
    n: int,
    *,
    w=WIDTH,
) -> "int":
    return (n * w) + len(f'{n}-{w!r:>{n}}xy{n=}')


class Empty:
    pass
'''


def test_layout_comments_and_documentation_change_nothing():
    assert behaviour_of(SOURCE) == behaviour_of(SAME)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("n * w", "w * n"),
        ("= 3", "= 3.0"),
        ("w=WIDTH", "w=None"),
        ("!r", "!s"),
        ('"x"', '"z"'),
        ("class Empty", "class Full"),
        ("return n", "n"),
        ("WIDTH: int = 3", "WIDTH: float = 3"),
        ("return n * w", "n += 1\n    return n * w"),
    ],
)
def test_what_decides_behaviour_changes_it(before, after):
    assert before in SOURCE
    assert behaviour_of(SOURCE) != behaviour_of(SOURCE.replace(before, after))


WRITES = """
import ast, hashlib, importlib.util, json, pathlib, sys
spec = importlib.util.spec_from_file_location("syntax", sys.argv[1] + "/records/syntax.py")
syntax = importlib.util.module_from_spec(spec)
spec.loader.exec_module(syntax)
texts = [sys.argv[2], *(path.read_text(encoding="utf-8") for path in sorted(pathlib.Path(sys.argv[1]).rglob("*.py")))]
print(json.dumps([hashlib.sha256(syntax.write_behaviour(ast.parse(text)).encode()).hexdigest() for text in texts]))
"""


def digests_by(python):
    """Return the digests of a text and of the suite's files as an interpreter writes them; None without it."""
    if not (program := shutil.which(python)):
        return None
    environment = os.environ | {"PYENV_VERSION": python.removeprefix("python")}  # where pyenv's shims are
    command = [program, "-c", WRITES, str(SUITE), SOURCE]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    return None if done.returncode == 127 else json.loads(done.stdout)


@pytest.mark.parametrize("python", ["python3.11", "python3.12", "python3.13", "python3.14"])
def test_every_version_of_python_writes_the_same(python):
    """Of all files of the suite, and of text that each version parses in its own way."""
    digests = digests_by(python)
    if digests is None:
        pytest.skip(f"{python} is not on this machine")
    assert len(digests) > 200
    assert digests == digests_by(sys.executable)


@pytest.fixture
def copy(tmp_path, monkeypatch):
    """The suite's sources in another folder, real folders in place of links, as a wheel installs them."""
    ignored = shutil.ignore_patterns("*.pyc", "*.h5", "*.toml")
    shutil.copytree(SUITE, tmp_path / "nasbench", ignore=ignored)
    monkeypatch.setattr(code_digests, "_ROOT", tmp_path)
    code_digests._find.cache_clear()
    code_digests._resolve.cache_clear()
    yield tmp_path / "nasbench"
    code_digests._find.cache_clear()
    code_digests._resolve.cache_clear()


def edit(path, before, after):
    text = path.read_text(encoding="utf-8")
    assert before in text
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def test_a_copy_in_another_folder_is_the_same(request):
    strategy = digest_choice(Choice.parse("bananas"), STRATEGIES)
    request.getfixturevalue("copy")
    assert digest_choice(Choice.parse("bananas"), STRATEGIES) == strategy


def changed_by(choice, registry, path, *edits):
    before = digest_choice(Choice.parse(choice), registry)
    for pair in edits:
        edit(path, *pair)
    after = digest_choice(Choice.parse(choice), registry)
    assert before.keys() == after.keys()
    return {name for name in before if before[name] != after[name]}


LAYOUT = ("import numpy as np\n", "import numpy as np  # arrays\n\n\n\n")


@pytest.mark.parametrize(
    ("choice", "registry", "helper", "module"),
    [
        ("regularized_evolution", STRATEGIES, "strategies/_configured.py", "nasbench.strategies._configured"),
        ("gin", PREDICTORS, "surrogates/_targets.py", "nasbench.surrogates._targets"),
        # an encoding and a predictor by name, and what a package offers that a module of it defines
        ("functional_gp", PREDICTORS, "encodings/path_bag.py", "nasbench.encodings.path_bag"),
        ("bananas", STRATEGIES, "surrogates/_targets.py", "nasbench.surrogates._targets"),
        ("random_search", STRATEGIES, "spaces/_space.py", "nasbench.spaces._space"),
    ],
)
def test_helpers_count_and_their_layout_does_not(copy, choice, registry, helper, module):
    assert module in digest_choice(Choice.parse(choice), registry)
    assert changed_by(choice, registry, copy / helper, LAYOUT, ('"""', '"""More on that. ')) == set()
    assert changed_by(choice, registry, copy / helper, ("import numpy as np", "CHANGED = 1; import numpy as np")) == {
        module
    }


def test_what_answers_and_what_reports_does_not_count(copy):
    edit(copy / "tasks" / "load.py", '"""\n\n', '"""\nCHANGED = 1\n')
    modules = digest_choice(Choice.parse("warm_start"), STRATEGIES)
    assert {"nasbench.strategies._two_phase", "nasbench.simulation", "nasbench.trials"} <= modules.keys()
    assert not [name for name in modules if name.startswith(("nasbench.tasks", "nasbench.table", "nasbench.comp"))]


def test_weights_beside_a_module_count(copy):
    weights = copy / "surrogates" / "_curves" / "lc_pfn.npz"
    before = digest_code(PREDICTORS.load("lc_pfn"))
    weights.write_bytes(weights.read_bytes()[:-1] + b"?")
    after = digest_code(PREDICTORS.load("lc_pfn"))
    assert {name for name in before if before[name] != after[name]} == {"nasbench.surrogates._curves.pfn"}


def test_a_record_is_not_continued_with_another_helper(copy, tmp_path):
    def compare(runs, *, out):
        return nasbench.compare("nbgraph-cora", "regularized_evolution", runs=runs, out=tmp_path / out)

    compare(1, out="record")
    edit(copy / "strategies" / "_configured.py", "import numpy as np", "CHANGED = 1; import numpy as np")
    with pytest.raises(RecordError, match=r"regularized_evolution: nasbench\.strategies\._configured changed since"):
        compare(2, out="record")
    edit(copy / "spaces" / "nbgraph.py", "import numpy as np", "CHANGED = 1; import numpy as np")
    with pytest.raises(RecordError, match=r"nbgraph-cora: nasbench\.spaces\.nbgraph changed since"):
        compare(2, out="record")


def test_an_evaluation_is_not_continued_with_another_helper(copy, tmp_path):
    def evaluate(runs):
        options = {"train_sizes": 20, "runs": runs, "test_size": 20, "out": tmp_path / "record"}
        return nasbench.evaluate("nbgraph-cora", "bayesian_linear_regression", **options)

    evaluate(1)
    edit(copy / "surrogates" / "_predictor.py", "import numpy as np", "CHANGED = 1; import numpy as np")
    with pytest.raises(RecordError, match=r"bayesian_linear_regression: nasbench\.surrogates\._predictor changed"):
        evaluate(2)


def test_the_users_own_modules_count(tmp_path, monkeypatch):
    """A package's modules and those beside a single file; what else is installed does not."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "__init__.py").write_text("from own.steps import step\n")
    (tmp_path / "own" / "steps.py").write_text("def step():\n    return 1\n")
    (tmp_path / "beside.py").write_text("import json\n")
    (tmp_path / "not_used.py").write_text("")
    (tmp_path / "alone.py").write_text(
        "import numpy as np\nimport nasbench\nfrom own import step\n"
        "from nasbench.strategies.model_free.random_search import RandomSearch\n"
        "class Mine(RandomSearch):\n    def ask(self, n):\n        import beside\n"
        "        return nasbench.full_trainings\n"
    )
    digests = digest_code(STRATEGIES.load("alone:Mine"))
    assert {name for name in digests if not name.startswith("nasbench.")} == {"alone", "beside", "own.steps"}
    assert {"nasbench.strategies.model_free.random_search", "nasbench.trials"} <= digests.keys()


def test_a_class_without_a_file_stands_for_itself():
    namespace = {"__name__": "no_file"}
    exec("class Typed:\n    pass", namespace)
    assert digest_code(namespace["Typed"]) == {}
