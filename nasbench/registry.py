"""Finding components by name: the file name is the key, and listing imports nothing.

A component is a module with one public class in ``strategies/``, ``surrogates/``, ``nasbench/spaces/``,
``nasbench/encodings/`` or ``nasbench/importers/``, unless the file name starts with an underscore. The first two
folders are imported as ``nasbench.strategies`` and ``nasbench.surrogates``, so a user's project may have packages
called ``strategies`` and ``surrogates``. Other packages add components by entry points of the group
``nasbench.<kind>``, and ``module:Class`` names any other class.
"""

import ast
import importlib
import importlib.util
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nasbench.choices import COMMAND, Choice, options_of
from nasbench.errors import InvalidOption, MissingExtra, make_unknown_name

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint


@dataclass(frozen=True)
class Registry:
    """The components of one kind.

    Attributes:
        kind: plural noun, also the last part of the entry point group ``nasbench.<kind>``.
        singular: singular noun.
        package: dotted name of the package whose files are the components.
        unlisted: pairs of a name and ``module:Class``, for components that lists leave out.
    """

    kind: str
    singular: str
    package: str
    unlisted: tuple[tuple[str, str], ...] = ()

    @cached_property
    def _files(self) -> dict[str, Path]:
        """The files of the components by name, listed once per process."""
        spec = importlib.util.find_spec(self.package)
        folders = spec.submodule_search_locations if spec else None
        found: dict[str, Path] = {}
        for folder in map(Path, folders or ()):
            for path in sorted((*folder.glob("*.py"), *folder.glob("*/*.py"))):
                if path.stem.startswith("_") or path.parent.name.startswith("_"):
                    continue
                if path.stem in found:
                    raise InvalidOption(f"two files are called {path.stem}: {found[path.stem]} and {path}; rename one")
                found[path.stem] = path
        return dict(sorted(found.items()))

    def _module_of(self, name: str) -> str:
        """Return the dotted name of a built-in component's module, which may be in a family's folder."""
        path = self._files[name]
        family = "" if path.parent.name == self.package.rpartition(".")[2] else f".{path.parent.name}"
        return f"{self.package}{family}.{name}"

    @cached_property
    def _plugins(self) -> "dict[str, EntryPoint]":
        """The components of other packages by name, listed once per process."""
        from importlib.metadata import entry_points  # 10 ms that finding a built-in component does not need

        return {point.name: point for point in entry_points(group=f"nasbench.{self.kind}")}

    def names(self) -> list[str]:
        """Return all names, sorted, without importing any component."""
        return sorted(self._files.keys() | self._plugins.keys())

    def summary(self, name: str) -> str:
        """Return the first line of a component's documentation, without importing it."""
        path = self._files.get(name)
        if path is None:
            return f"from {self._plugins[name].value}"
        return (ast.get_docstring(_parse_file(path)) or "").partition("\n")[0]

    def manual(self, name: str) -> str:
        """Return a component's whole documentation without importing it; empty for a component of another package."""
        path = self._files.get(name)
        return (ast.get_docstring(_parse_file(path)) or "") if path else ""

    def presets(self, name: str) -> list[str]:
        """Return the names of a component's presets without importing it; computed presets are left out."""
        path = self._files.get(name)
        assigned = _find_assigned(path, "presets") if path else None
        keys = assigned.keys if isinstance(assigned, ast.Dict) else ()
        return [key.value for key in keys if isinstance(key, ast.Constant) and isinstance(key.value, str)]

    def literal(self, name: str, variable: str) -> Any:
        """Return the value that a component's file assigns to ``variable``, without importing it.

        None if there is no assignment, if the value is computed, or for a component of another package.
        """
        path = self._files.get(name)
        assigned = _find_assigned(path, variable) if path else None
        try:
            return None if assigned is None else ast.literal_eval(assigned)
        except ValueError:
            return None

    def missing_extra(self, name: str) -> str | None:
        """Return the extra to install before ``name`` can be used; None if it is ready.

        A component that needs an extra declares ``REQUIRES = {"module": "extra"}`` at its top.
        """
        requires: dict[str, str] = self.literal(name, "REQUIRES") or {}
        for module, extra in requires.items():
            if importlib.util.find_spec(module) is None:
                return extra
        return None

    def load(self, name: str) -> Any:
        """Return the class called ``name``, or ``module:Class``.

        Raises:
            UnknownName: there is no such component.
            MissingExtra: the component needs a package that is not installed.
            InvalidOption: ``module:Class`` cannot be imported.
        """
        name = dict(self.unlisted).get(name, name)
        if ":" in name:
            return self._load_foreign(name)
        if name in self._files:
            if extra := self.missing_extra(name):
                raise MissingExtra(f"'{name}'", extra)
            return _get_public_class(importlib.import_module(self._module_of(name)))
        if (point := self._plugins.get(name)) is not None:
            return point.load()
        raise make_unknown_name(self.singular, name, self.names())

    @staticmethod
    def _load_foreign(name: str) -> Any:
        module, _, attribute = name.partition(":")
        try:
            component = operator.attrgetter(attribute)(_import_module(module))
        except (ImportError, AttributeError, ValueError, TypeError) as error:
            raise InvalidOption(f"cannot load '{name}' (expected module:Class): {error}") from error
        if not callable(component):
            raise InvalidOption(f"'{name}' is a {type(component).__name__}; expected module:Class")
        return component


def _import_module(name: str) -> Any:
    """Import a module; find one of ours under its name in older records by the last part of that name."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        room, _, component = name.removeprefix("nasbench.").partition(".")
        for registry in (STRATEGIES, PREDICTORS):
            if registry.package == f"nasbench.{room}" and component in registry.names():
                return importlib.import_module(registry._module_of(component))
        raise


@cache
def _parse_file(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _find_assigned(path: Path, variable: str) -> ast.expr | None:
    """Return the expression that a file assigns to ``variable``, at its top or in a class; None without one."""
    top = _parse_file(path).body
    inside = (node for item in top if isinstance(item, ast.ClassDef) for node in item.body)
    for node in (*top, *inside):
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(getattr(target, "id", "") == variable for target in targets):
            return node.value  # type: ignore[attr-defined, no-any-return]
    return None


def _get_public_class(module: Any) -> type:
    own = [
        item
        for name, item in vars(module).items()
        if isinstance(item, type) and item.__module__ == module.__name__ and not name.startswith("_")
    ]
    if len(own) != 1:
        raise InvalidOption(f"{module.__name__} defines {len(own)} public classes; a component defines one")
    return own[0]


SPACES = Registry("spaces", "space", "nasbench.spaces")
IMPORTERS = Registry("importers", "importer", "nasbench.importers")
STRATEGIES = Registry(
    "strategies", "strategy", "nasbench.strategies", unlisted=((COMMAND, "nasbench.processes:CommandStrategy"),)
)
PREDICTORS = Registry("predictors", "predictor", "nasbench.surrogates")
ENCODINGS = Registry("encodings", "encoding", "nasbench.encodings")
NETWORKS = Registry("networks", "network", "nasbench.networks")
DATASETS = Registry("datasets", "data set", "nasbench.datasets")
PROXIES = Registry("proxies", "proxy", "nasbench.proxies")
ACQUISITIONS = Registry("acquisitions", "acquisition", "nasbench.acquisitions")
METRICS = Registry("metrics", "metric", "nasbench.metrics")
PLOTS = Registry("plots", "plot", "nasbench.comparison.plots")


def sources_of(choice: Choice, registry: Registry, task: str) -> list[str]:
    """Return the other tasks and folders of records that a choice learns from when ``task`` is searched.

    A component that learns from other tasks has a static method ``sources(task, options)``.

    Raises:
        NasbenchError: a component, option or source does not exist or does not fit.
    """
    component, options = choice.resolve(registry)
    if registry is STRATEGIES:
        with_target(component, options, task)
    sources = _sources_function(component)
    return list(sources(task, options)) if sources else []


def _sources_function(component: Any) -> Callable[[str, Mapping[str, Any]], Sequence[str]] | None:
    """Return the function by which a component names its sources; None if it has none."""
    found: Callable[[str, Mapping[str, Any]], Sequence[str]] | None = getattr(component, "sources", None)
    return found


def with_target(component: Any, options: Mapping[str, Any], task: str) -> dict[str, Any]:
    """Return a strategy's options, with the searched task as ``target`` if it has sources and this option.

    Raises:
        InvalidOption: another target was given: its ``others`` would include the searched task.
    """
    if not _sources_function(component) or "target" not in options_of(component):
        return dict(options)
    if options.get("target") not in (None, "", task):
        raise InvalidOption(f"target={options['target']!r}, but '{task}' is searched; leave the option out")
    return {**options, "target": task}


def with_run(component: Any, options: Mapping[str, Any], number: int) -> dict[str, Any]:
    """Return a strategy's options, with the number of the run as ``run`` if it has this option and no value for it."""
    if "run" not in options_of(component) or options.get("run") is not None:
        return dict(options)
    return {**options, "run": number}


def with_epochs(component: Any, options: Mapping[str, Any], epochs: Sequence[int]) -> dict[str, Any]:
    """Return a strategy's options, with the epochs that a task answers as ``epochs`` if it has this option.

    Raises:
        InvalidOption: other epochs were given.
    """
    if "epochs" not in options_of(component):
        return dict(options)
    if options.get("epochs") not in (None, (), tuple(epochs)):
        raise InvalidOption(f"epochs={options['epochs']!r}, but the task has {tuple(epochs)}; leave the option out")
    return {**options, "epochs": tuple(epochs)}


def with_observation_noise(component: Any, options: Mapping[str, Any], noise: Callable[[], float]) -> dict[str, Any]:
    """Return a strategy's options, with a task's noise of one query as ``observation_noise`` if that was left open.

    ``noise`` is called only where it is wanted: a task has to read its scores to know it.
    """
    if "observation_noise" not in options_of(component) or options.get("observation_noise") is not None:
        return dict(options)
    return {**options, "observation_noise": noise()}


def with_task_facts(
    component: Any, options: Mapping[str, Any], facts: Callable[[], Mapping[str, Any]]
) -> dict[str, Any]:
    """Return a strategy's options, with what it may know of its task as ``task_facts`` if it has this option.

    Raises:
        InvalidOption: other facts were given.
    """
    if "task_facts" not in options_of(component):
        return dict(options)
    if options.get("task_facts") is not None:
        raise InvalidOption("task_facts is filled in by a comparison; leave the option out")
    return {**options, "task_facts": facts()}
