"""A task that real training answers: what a strategy asks for is trained on the user's own data, up to that epoch.

It is declared in a TOML file of one's own and named ``FILE.toml:MEMBER`` like other tasks; only it has ``train``::

    [tasks.cells]
    title = "Cells on handwritten digits"
    version = 1
    space = "nb201"
    budget_s = 600
    train = { data = "digits", recipe = "small-4", network = "nb201,channels=8,n_cells=1" }

The space ``hyper`` is declared under ``space_options``. A network of one's own that reads its codes takes an option
``space``, and is given it, or says by class attributes ``space`` and ``space_options`` which codes it reads.

With ``repeats = "fresh"`` beside it, an architecture that is asked for twice in a run is trained again from other first
weights: after its ``seeds`` come new ones.

``train`` may also name ``device``, ``seeds`` (repetitions of each training; a run sees one of them) and ``folder``.
Checkpoints are kept and shared: what was trained for one run or strategy is not trained again for another, and
processes that need the same training wait for each other. Seconds are real.

What is reported of an architecture is the mean test accuracy over all seeds of its full training, which is done when
it is asked for. Nobody knows the optimum of such a task: perfect accuracy stands in its place, and guessing for a
random architecture, so that normalised regret is the error as a share of that of a guess.
"""

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.choices import Choice
from nasbench.errors import InvalidOption, MissingExtra, make_unknown_name
from nasbench.spaces import SearchSpace
from nasbench.table import get_user_folder
from nasbench.tasks.declarations import FRESH, SAME, training_declaration
from nasbench.tasks.protocol import Expected, Optimum
from nasbench.tasks.spaces import described_decisions, space_named
from nasbench.units import HasObjectives, Objective, Scale

if TYPE_CHECKING:
    from nasbench.backends.training import FreshTrainingBackend, TrainingBackend
    from nasbench.datasets import Images
    from nasbench.tasks.table_task import TableTask
    from nasbench.training import Recipe

_KEYS: dict[str, type] = {"data": str, "recipe": str, "network": str, "device": str, "seeds": int, "folder": str}
_REQUIRED = ("data", "recipe")
_OBSERVED, _REPORTED = "valid", "test"


class _Source(NamedTuple):
    """What decides the answers besides the declaration."""

    name: str
    checksum: str


@dataclass(frozen=True, eq=False)
class TrainingTask(HasObjectives):
    """A task that real training answers; the module says more.

    The members that every task has are documented at ``nasbench.Task``.

    Attributes:
        name: ``FILE-MEMBER``.
        title: one line.
        version: rises when anything that changes results does.
        space: the architectures.
        budget_s: default budget in real seconds of training and validation.
        how: the declaration's ``train``.
        space_options: of the space.
        place: folder in which a relative path of the data is looked for too, where the working folder has none.
        repeats: what an architecture that is asked for twice in a run shows: the ``same`` training, or a ``fresh`` one.
    """

    name: str
    title: str
    version: int
    space: SearchSpace
    budget_s: float
    how: Mapping[str, Any]
    space_options: Mapping[str, Any] = field(default_factory=dict)
    place: str = ""
    repeats: str = SAME

    def __post_init__(self) -> None:
        """Refuse contradictions at once, not in the middle of a search."""
        for key, value in self.how.items():
            if key not in _KEYS:
                raise make_unknown_name(f"key of 'train' of task '{self.name}'", key, _KEYS)
            if type(value) is not _KEYS[key]:
                raise InvalidOption(f"task '{self.name}': train.{key} = {value!r}; expected {_KEYS[key].__name__}")
        if missing := [key for key in _REQUIRED if key not in self.how]:
            raise InvalidOption(f"task '{self.name}' lacks train.{missing[0]}")
        if self.seeds < 1 or not (self.budget_s > 0 and math.isfinite(self.budget_s)):
            raise InvalidOption(f"task '{self.name}' has {self.seeds} seeds and budget_s {self.budget_s}")

    @property
    def seeds(self) -> int:
        """Repetitions of each training."""
        return int(self.how.get("seeds", 1))

    @property
    def dataset(self) -> str:
        """As the declaration writes it, options included."""
        return str(self.how["data"])

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """The validation accuracy, alone."""
        return (Objective("accuracy"),)

    @property
    def scales(self) -> dict[str, Scale]:
        """Of what is reported: an accuracy too."""
        return {_REPORTED: Scale()}

    @property
    def reported(self) -> tuple[str, ...]:
        """Labels of what is reported."""
        return (_REPORTED,)

    @property
    def epochs(self) -> tuple[int, ...]:
        """Every epoch of the recipe: a strategy may stop a training after any."""
        return tuple(range(1, self.recipe.epochs + 1))

    @cached_property
    def images(self) -> "Images":
        """What is learnt, with the test images that no strategy sees."""
        from nasbench.datasets import load_images

        return load_images(_placed(self.how["data"], self.place), np.random.default_rng(0))

    @cached_property
    def recipe(self) -> "Recipe":
        """How."""
        from nasbench.training import load_recipe

        file, comma, options = self.how["recipe"].partition(",")
        return load_recipe(
            f"{_beside(file, self.place)}{comma}{options}" if file.endswith(".toml") else file + comma + options
        )

    @property
    def declaration(self) -> dict[str, Any]:
        """All that decides its answers, besides the images."""
        about = {"name": self.name, "title": self.title, "space": self.space.name, "budget_s": self.budget_s}
        options = {"space_options": dict(self.space_options)} if self.space_options else {}
        again = {} if self.repeats == SAME else {"repeats": self.repeats}
        return {**self.how, **about, **options, **again, "recipe_sha256": self.recipe.digest()}

    @cached_property
    def tables(self) -> list[_Source]:
        """What it reads, each with ``name`` and ``checksum``."""
        return [_Source(self.how["data"], self.images.digest())]

    @cached_property
    def folder(self) -> Path:
        """Where checkpoints are kept: another recipe, network or data set has another place."""
        parts = [self.recipe.digest(), self.tables[0].checksum, self.how.get("network", "")]
        parts += [json.dumps(options)] if (options := self.space.code_options) else []
        own = hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:12]
        given = self.how.get("folder")
        return (Path(given).expanduser() if given else get_user_folder().with_name("trainings") / self.name) / own

    @property
    def places(self) -> dict[str, str]:
        """By the data's name, the folder from which its relative paths lead to data and recipe, if there are any."""
        return {self.how["data"]: begin} if (begin := self._begin()) else {}

    @property
    def restriction(self) -> str:
        """Empty: every architecture of the space can be trained."""
        return ""

    def _begin(self) -> str:
        """Return the folder from which relative paths lead to data and recipe; empty where there are none."""
        files = [str(Choice.parse(self.how["data"]).options.get("path", "")), self.how["recipe"].partition(",")[0]]
        relative = [Path(file) for file in files if file and not Path(file).expanduser().is_absolute()]
        relative = [path for path in relative if path.exists() or (self.place and (Path(self.place) / path).exists())]
        return "" if not relative else str(Path.cwd()) if relative[0].exists() else self.place

    def check(self) -> None:
        """Refuse what cannot be trained, before anything runs.

        Raises:
            NasbenchError: no such device, recipe, data set or network.
        """
        from nasbench.networks import build_network

        rng = np.random.default_rng(0)
        self._repetition(0)
        network = self.how.get("network") or self.space.name
        build_network(network, self.space.sample(1, rng), rng, space=self.space)

    @property
    def observation_noise(self) -> float:
        """0: the noise of training runs is unknown before they are repeated."""
        return 0.0

    def backend(self, rng: np.random.Generator) -> "TrainingBackend | FreshTrainingBackend":
        """Return what answers the trials of one run; ``rng`` draws which repetition it sees."""
        first = int(rng.integers(self.seeds))
        if self.repeats == SAME:
            return self._repetition(first)
        from nasbench.backends.training import FreshTrainingBackend

        return FreshTrainingBackend(lambda again: self._repetition(self._seed_of(first, again)))

    def _seed_of(self, first: int, again: int) -> int:
        """Return the seed of a training that comes after ``again`` others: the task's own, then new ones."""
        return (first + again) % self.seeds if again < self.seeds else again

    def identify(self, archs: Archs) -> Ints:
        """Return a number for each distinct architecture [n, d]; ``[n]``."""
        return np.unique(archs, axis=0, return_inverse=True)[1].reshape(-1)

    def expect(
        self,
        rng: np.random.Generator,  # noqa: ARG002 (the protocol's)
        archs: Archs,  # noqa: ARG002
        epochs: Ints,  # noqa: ARG002
        repetition: Ints | None = None,  # noqa: ARG002
    ) -> Expected | None:
        """Return None: only a training tells."""
        return None

    def _repetition(self, seed: int) -> "TrainingBackend":
        from nasbench.backends.training import TrainingBackend

        return TrainingBackend(
            self.space,
            self.images,
            recipe=self.recipe,
            rng=np.random.default_rng(seed),
            folder=self.folder / f"seed{seed}",
            network=self.how.get("network", ""),
            device=self.how.get("device", "cpu"),
        )

    def archs(self, architectures: Any, *, form: str = "") -> Archs:
        """Return architectures given in any form that the space reads; see ``SearchSpace.read``."""
        return self.space.read(architectures, form=form)

    def query(self, architectures: Any, split: str = _OBSERVED) -> Floats:
        """Return the mean accuracy over all seeds of full trainings, which are done now unless they are there; ``[n]``.

        One that fails counts as a guess.

        Args:
            architectures: [n, d] array, n strings, or n of any other form that ``space.read`` takes.
            split: ``valid`` or ``test``.

        Raises:
            InvalidArchitecture: not an architecture of the space.
            UnknownName: another split.
        """
        if split not in (_OBSERVED, _REPORTED):
            raise make_unknown_name(f"split of '{self.name}'", split, (_OBSERVED, _REPORTED))
        archs = self.space.checked(self.archs(architectures))
        accuracy = [self._repetition(seed).accuracy(archs, self.images, split) for seed in range(self.seeds)]
        guessed: Floats = np.nan_to_num(np.array(accuracy), nan=self.random_score)
        return np.asarray(guessed.mean(axis=0))

    def look_up(self, archs: Archs) -> dict[str, tuple[Floats, Scale]]:
        """Return everything that is measured of architectures [n, d], by name."""
        return {split: (self.query(archs, split), self.scale) for split in (_OBSERVED, _REPORTED)}

    def reported_of(self, archs: Archs) -> dict[str, Floats]:
        """Return what is reported of architectures [n, d]; ``[n]`` for each label."""
        return {_REPORTED: self.query(archs, _REPORTED)}

    @property
    def optimum(self) -> Optimum:
        """Perfect accuracy, of no architecture."""
        return Optimum(-1, np.empty((0, len(self.space.decisions)), dtype=np.int8), 1.0)

    @property
    def random_score(self) -> float:
        """Accuracy of guessing."""
        return 1 / len(self.images.classes)

    def require_table(self, what: str) -> "TableTask":
        """Refuse: architectures are trained when they are asked for.

        Raises:
            InvalidOption: always.
        """
        raise InvalidOption(f"{what} has no table of trained architectures; choose a task that has one")

    def describe(self) -> dict[str, Any]:
        """Return what a user must know before quoting a number."""
        return {
            "title": self.title,
            "space": f"{self.space.name}: {len(self.space.decisions)} decisions",
            **({"decisions": decisions} if (decisions := described_decisions(self.space)) else {}),
            "data": "; ".join(self.images.described()),
            "recipe": f"{self.how['recipe']}: {self.recipe.title}, {self.recipe.epochs} epochs",
            "network": self.how.get("network") or self.space.name,
            "device": self.how.get("device", "cpu"),
            "observed": f"{_OBSERVED} accuracy of one of {self.seeds} trained seeds"
            + (", another one each time that an architecture is asked for" if self.repeats == FRESH else ""),
            "reported": {_REPORTED: f"mean test accuracy over {self.seeds} seeds of the full training"},
            "unit": self.unit,
            "direction": self.direction,
            "budget_s": self.budget_s,
            "optimum": "unknown; perfect accuracy stands in its place",
            "random_architecture": self.random_score,
            "sha256": self.tables[0].checksum,
            "folder": str(self.folder),
        }


def load_training_task(name: str) -> TrainingTask:
    """Open ``FILE.toml:MEMBER`` whose declaration has ``train``.

    Raises:
        InvalidOption: a missing key or a value of the wrong type.
        UnknownName: a key that such a task does not have, or an unknown space.
        MissingExtra: torch is not installed.
    """
    import importlib.util

    if importlib.util.find_spec("torch") is None:
        raise MissingExtra("a task that trains", "train")
    values = training_declaration(name)
    space = space_named(values["space"], values.get("space_options", {}))
    if space.code_options and not values.get("space_options"):
        raise InvalidOption(
            f"task '{values['name']}' lacks space_options: its space '{space.name}' is what they declare"
        )
    return TrainingTask(
        name=values["name"],
        title=values["title"],
        version=values["version"],
        space=space,
        budget_s=float(values["budget_s"]),
        how=values["train"],
        space_options=values.get("space_options", {}),
        repeats=values.get("repeats", SAME),
        place=str(Path(name.rpartition(":")[0]).expanduser().resolve().parent),
    )


def recorded_training_task(entry: Mapping[str, Any]) -> TrainingTask:
    """Make a task of what a record says of it; data and a recipe of one's own must still be where they were."""
    declared = entry["declaration"]
    return TrainingTask(
        name=declared["name"],
        title=declared["title"],
        version=entry["version"],
        space=space_named(declared["space"], declared.get("space_options", {})),
        budget_s=float(declared["budget_s"]),
        how={key: declared[key] for key in _KEYS if key in declared},
        space_options=declared.get("space_options", {}),
        repeats=declared.get("repeats", SAME),
        place=next(iter(entry.get("places", {}).values()), ""),
    )


def _placed(data: str, place: str) -> str:
    """Return a data set's label with a relative path in ``place`` where the working folder lacks it."""
    choice = Choice.parse(data)
    given = choice.options.get("path", "")
    if not isinstance(given, str) or _beside(given, place) == given:
        return data
    return Choice(choice.name, choice.preset, {**choice.options, "path": _beside(given, place)}).label


def _beside(file: str, place: str) -> str:
    """Return a path in ``place`` where it is not in the working folder but there."""
    path = Path(file).expanduser()
    return str(Path(place) / path) if place and not path.exists() and (Path(place) / path).exists() else file
