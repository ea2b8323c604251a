"""Digests of the code that determines what a strategy or predictor does, one for each module, without importing any.

This code is the module of its class and of its base classes, and everything that they import, recursively and inside
functions too. Within the suite, only modules that compute are followed: modules that answer trials are verified by
checksum and trial by trial instead, and finding, checking and reporting change no number. Of other packages, only the
user's own modules are read: the package of the class, or the modules beside it if the class is in a single file.
Libraries are recorded by their versions.
"""

import ast
import hashlib
import inspect
import sys
import textwrap
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, cast

from nasbench.records.syntax import walk_running, write_behaviour

ANSWERING = frozenset({"tasks", "table", "backends", "importers", "datasets", "training", "export"})
"""Rooms that answer trials: declarations and checksums of tables are recorded, scores and costs of trials compared."""
REPORTING = frozenset({"cli", "comparison", "evaluation", "metrics", "records", "reports", "reproduction", "testing"})
"""Rooms that run, record and report."""
CHECKING = frozenset({"registry", "choices", "options", "errors", "files", "jobs", "measuring", "units"})
"""Modules that find components, check options, and deal with the machine."""

_SUITE = "nasbench"
_ROOT = Path(__file__).parent.parent.parent
_LENGTH = 12  # hexadecimal digits of a digest: 48 bits, for some hundred modules
_DATA = (".npz", ".npy", ".json", ".toml")


class _Place(NamedTuple):
    """Where modules that count are, besides those of the suite.

    Attributes:
        root: the folder of the user's top-level modules and packages.
        package: the only package there that counts; empty if everything there counts.
        script: the file of the module ``__main__``; None without one.
    """

    root: Path
    package: str
    script: Path | None = None


def digest_code(component: Any, *modules: str) -> dict[str, str]:
    """Compute a digest of every module that determines what a class does, sorted by the name of the module.

    A class without a file, such as one defined in a notebook, is digested itself together with its base classes; if its
    source is unknown, it has no digest. Data files beside a module that it names count as part of it.

    Args:
        component: the class.
        modules: further modules of the suite that count.
    """
    place = _place_of(component)
    bases = getattr(component, "__mro__", (component,))
    names = {getattr(base, "__module__", "") for base in bases}
    found = _follow({*modules, *(name for name in names if _find(name, place))}, place)
    digests = {name: _digest(name, place) for name in found}
    if component.__module__ not in found:
        digests |= _digest_text(component)
    return dict(sorted(digests.items()))


def digest_files(paths: Iterable[Path]) -> dict[str, str]:
    """Compute a digest of the content of each file, by its path as written."""
    return {str(path): _digest_content(path, _stamp(path)) for path in paths}


@cache
def _digest_content(path: Path, stamp: tuple[int, int]) -> str:
    del stamp
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").hexdigest()
    return hashlib.sha256(f"{path}\n{content}".encode()).hexdigest()[:_LENGTH]


def _follow(names: Iterable[str], place: _Place | None) -> set[str]:
    """Return modules with everything that they import, recursively."""
    found, waiting = set[str](), list(names)
    while waiting:
        name = waiting.pop()
        if name not in found and _decides(name):
            found.add(name)
            waiting.extend(_imports(name, place))
    return found


def _decides(name: str) -> bool:
    """Whether a module counts; the top-level package, which loads names on use, and excluded rooms do not."""
    top, _, rest = name.partition(".")
    room = rest.partition(".")[0]
    return top != _SUITE or room not in {""} | ANSWERING | REPORTING | CHECKING


def _place_of(component: Any) -> _Place | None:
    """Return where the modules of a user's class are; None for a class of the suite or without a file."""
    name = getattr(component, "__module__", "")
    file = getattr(sys.modules.get(name), "__file__", None)
    if name.partition(".")[0] == _SUITE or file is None or not file.endswith(".py"):
        return None
    path = Path(file).resolve()
    if name == "__main__":
        return _Place(path.parent, "", path)
    depth = name.count(".") + (path.name == "__init__.py")
    root = path.parents[depth]
    installed = root.name in ("site-packages", "dist-packages")
    return _Place(root, name.partition(".")[0] if installed else "")


@cache
def _find(name: str, place: _Place | None) -> Path | None:
    """Return the file of a module of the suite or of the user; None for all others."""
    top = name.partition(".")[0]
    if top == _SUITE:
        root = _ROOT
    elif place is None or (place.package and top != place.package):
        return None
    elif name == "__main__":
        return place.script
    else:
        root = place.root
    base = root.joinpath(*name.split("."))
    candidates = (base / "__init__.py", base.parent / f"{base.name}.py")
    return next((path for path in candidates if path.is_file()), None) if name else None


def _stamp(path: Path) -> tuple[int, int]:
    """Return a stamp that changes if the file is edited while this process runs."""
    status = path.stat()
    return status.st_mtime_ns, status.st_size


def _parse(path: Path) -> ast.Module:
    return _parse_content(path, _stamp(path))


@cache
def _parse_content(path: Path, stamp: tuple[int, int]) -> ast.Module:
    del stamp
    return ast.parse(path.read_bytes())


def _digest(name: str, place: _Place | None) -> str:
    path = cast(Path, _find(name, place))
    code, data = _read_behaviour(path, _stamp(path))
    digest = hashlib.sha256(f"{name}\n{code}".encode())
    for file in data:
        digest.update(file.name.encode() + file.read_bytes())
    return digest.hexdigest()[:_LENGTH]


@cache
def _read_behaviour(path: Path, stamp: tuple[int, int]) -> tuple[str, list[Path]]:
    """Return the digest of a file's behaviour, and the data files beside it that it names, such as weights."""
    del stamp
    tree = _parse(path)
    named: set[str] = set()
    if b"__file__" in path.read_bytes():
        texts = (node.value for node in walk_running(tree) if isinstance(node, ast.Constant))
        named = {text for text in texts if isinstance(text, str) and text.endswith(_DATA)}
    data = [path.parent / name for name in sorted(named) if (path.parent / name).is_file()]
    return hashlib.sha256(write_behaviour(tree).encode()).hexdigest(), data


def _digest_text(component: Any) -> dict[str, str]:
    """Return the digest of a class whose module has no file; empty if its source is unknown."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(component)))
    except (OSError, TypeError, SyntaxError):
        return {}
    name = f"{component.__module__}:{component.__qualname__}"
    return {name: hashlib.sha256(write_behaviour(tree).encode()).hexdigest()[:_LENGTH]}


def _imports(name: str, place: _Place | None) -> set[str]:
    """Return the modules, of the suite and of the user, that define what a module imports."""
    path = cast(Path, _find(name, place))
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = (_resolve(dotted, place) for dotted in _references(path, _stamp(path), package))
    return {module for module in found if module}


@cache
def _references(path: Path, stamp: tuple[int, int], package: str) -> set[str]:
    """Return the dotted names of all imports, and of the attributes that are read from them."""
    del stamp
    found: set[str] = set()
    bound: dict[str, str] = {}
    nodes = list(walk_running(_parse(path)))
    for node in nodes:
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
            tops = {alias.name.partition(".")[0] for alias in node.names if not alias.asname}
            bound |= {top: top for top in tops} | {alias.asname: alias.name for alias in node.names if alias.asname}
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            bound |= {alias.asname or alias.name: f"{base}.{alias.name}" for alias in node.names}
    chains = (_chain(node) for node in nodes if isinstance(node, ast.Attribute))
    found |= {".".join((bound[first], *rest)) for first, *rest in chains if first in bound}
    return found | set(bound.values())


def _absolute(node: ast.ImportFrom, package: str) -> str:
    """Return the absolute name of the module that a statement imports from."""
    if not node.level:
        return node.module or ""
    parts = package.split(".")[: package.count(".") + 2 - node.level]
    return ".".join([*parts, *([node.module] if node.module else [])])


def _chain(node: ast.expr) -> list[str]:
    """Return the names in ``a.b.c``; the first is empty if the expression does not start with a name."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return [node.id if isinstance(node, ast.Name) else "", *reversed(parts)]


@cache
def _resolve(dotted: str, place: _Place | None) -> str:
    """Return the module that defines a dotted name; empty if it belongs neither to the suite nor to the user."""
    module, *rest = dotted.split(".")
    if _find(module, place) is None:
        return ""
    for name in rest:
        if _find(f"{module}.{name}", place):
            module = f"{module}.{name}"
        elif origin := _exports(_find(module, place), module).get(name):
            return _resolve(origin, place)
        else:
            break
    return module


@cache
def _exports(path: Path, package: str) -> dict[str, str]:
    """Return the names that a package re-exports, also lazily: name -> origin; empty for a single module.

    Lazy imports are declared in the module or in its stub, for type checkers.
    """
    if path.name != "__init__.py":
        return {}
    stub = path.with_suffix(".pyi")
    trees = [_parse(path), *([_parse(stub)] if stub.is_file() else [])]
    return {
        alias.asname or alias.name: f"{_absolute(node, package)}.{alias.name}"
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
