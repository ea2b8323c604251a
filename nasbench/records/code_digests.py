"""Which code decides what a strategy or predictor does: a digest of each module of it, without importing any.

That is the module of its class and of its base classes, and what they import, in functions too, and so on. Of the suite
only what computes is followed: what answers a trial is compared with what was recorded by checksum and trial for trial,
and finding, checking and reporting change no number. Of other packages only the user's own modules are read: the
package of the class, or, where that is a single file, the modules beside it. Libraries are recorded by their versions.
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
"""Modules that find components, check what they are given, and know the machine."""

_SUITE = "nasbench"
_ROOT = Path(__file__).parent.parent.parent
_LENGTH = 12  # hexadecimal digits of a digest: 48 bits, for some hundred modules
_DATA = (".npz", ".npy", ".json", ".toml")


class _Place(NamedTuple):
    """Where modules lie that count, besides the suite's.

    Attributes:
        root: the folder of the user's top-level modules and packages.
        package: the one package that counts there; empty where all that lies there does.
        script: the file of the module ``__main__``, None where there is none.
    """

    root: Path
    package: str
    script: Path | None = None


def digest_code(component: Any, *modules: str) -> dict[str, str]:
    """Return a digest of every module that decides what a class does, by the module's name, sorted.

    A class without a file, as typed in a notebook, stands for itself and its base classes; where there is no source,
    nothing is known of it. Files that a module reads from beside itself count as part of it.

    Args:
        component: the class.
        modules: of the suite that count too.
    """
    place = _place_of(component)
    bases = getattr(component, "__mro__", (component,))
    names = {getattr(base, "__module__", "") for base in bases}
    found = _follow({*modules, *(name for name in names if _find(name, place))}, place)
    digests = {name: _digest(name, place) for name in found}
    if component.__module__ not in found:
        digests |= _digest_text(component)
    return dict(sorted(digests.items()))


def _follow(names: Iterable[str], place: _Place | None) -> set[str]:
    """Return modules with all that they import, over and over."""
    found, waiting = set[str](), list(names)
    while waiting:
        name = waiting.pop()
        if name not in found and _decides(name):
            found.add(name)
            waiting.extend(_imports(name, place))
    return found


def _decides(name: str) -> bool:
    """Whether a module counts: the suite's own name alone, which loads on use, and rooms that are left out do not."""
    top, _, rest = name.partition(".")
    room = rest.partition(".")[0]
    return top != _SUITE or room not in {""} | ANSWERING | REPORTING | CHECKING


def _place_of(component: Any) -> _Place | None:
    """Return where a class's own modules lie; None for the suite's, and for a class without a file."""
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
    """Return the file of a module of the suite or of the user's; None for all others."""
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
    """Return what changes when a file is edited while this process runs."""
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
    """Return the digest of what a file does, and the files beside it that it names, such as weights."""
    del stamp
    tree = _parse(path)
    named: set[str] = set()
    if b"__file__" in path.read_bytes():
        texts = (node.value for node in walk_running(tree) if isinstance(node, ast.Constant))
        named = {text for text in texts if isinstance(text, str) and text.endswith(_DATA)}
    data = [path.parent / name for name in sorted(named) if (path.parent / name).is_file()]
    return hashlib.sha256(write_behaviour(tree).encode()).hexdigest(), data


def _digest_text(component: Any) -> dict[str, str]:
    """Return the digest of a class whose module has no file; empty where Python does not know its source."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(component)))
    except (OSError, TypeError, SyntaxError):
        return {}
    name = f"{component.__module__}:{component.__qualname__}"
    return {name: hashlib.sha256(write_behaviour(tree).encode()).hexdigest()[:_LENGTH]}


def _imports(name: str, place: _Place | None) -> set[str]:
    """Return the modules, of the suite and the user's, that define what a module imports."""
    path = cast(Path, _find(name, place))
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    found = (_resolve(dotted, place) for dotted in _references(path, _stamp(path), package))
    return {module for module in found if module}


@cache
def _references(path: Path, stamp: tuple[int, int], package: str) -> set[str]:
    """Return the dotted names of what is imported, and of the attributes that are read of it."""
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
    """Return the module that a statement imports from, which may be relative to its package."""
    if not node.level:
        return node.module or ""
    parts = package.split(".")[: package.count(".") + 2 - node.level]
    return ".".join([*parts, *([node.module] if node.module else [])])


def _chain(node: ast.expr) -> list[str]:
    """Return the names in ``a.b.c``; one that does not start with a name starts with nothing."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    return [node.id if isinstance(node, ast.Name) else "", *reversed(parts)]


@cache
def _resolve(dotted: str, place: _Place | None) -> str:
    """Return the module that defines what a dotted name means; empty for what is neither the suite's nor the user's."""
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
    """Return what a package offers that it imports from elsewhere, also on first use; empty for a single module.

    What it imports on first use stands there or in its stub, for type checkers.
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
