"""Tasks answered by a surrogate: a model predicts every architecture of the space from trained ones."""

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from nasbench.arrays import Archs, Floats, Ints
from nasbench.errors import InvalidOption, make_unknown_name
from nasbench.spaces import EnumeratedSpace, SearchSpace
from nasbench.tasks.declarations import (
    FRESH,
    SAME,
    surrogate_files,
)
from nasbench.tasks.noise import average_among_best
from nasbench.tasks.protocol import Expected, Optimum
from nasbench.tasks.spaces import described_decisions
from nasbench.tasks.surrogate.backend import SurrogateBackend
from nasbench.tasks.surrogate.model import COST, NOISE, OBSERVED, Surrogate
from nasbench.units import HasObjectives, Objective, Scale

if TYPE_CHECKING:
    from nasbench.tasks.table_task import TableTask

_SAMPLE = 1000  # architectures that stand for a space which cannot be listed
_CLOSE = 1e-6  # relative: the last digits of a prediction by a network or kernel depend on the batch


@dataclass(frozen=True, eq=False)
class SurrogateTask(HasObjectives):
    """A task answered by a model that was fitted to a table, for every architecture of the space, trained or not.

    The members that every task has are documented at ``nasbench.Task``.

    Attributes:
        name: ``surrogate-NAME``; the suffix ``:mean`` means without noise, ``:fresh`` with new noise each time.
        surrogate: the model.
        noisy: whether a strategy sees the noise of one trained seed.
        repeats: noise that an architecture shows when a run asks for it again: the ``same``, or ``fresh`` noise.
    """

    name: str
    surrogate: Surrogate
    noisy: bool = True
    version: int = 1
    repeats: str = SAME

    def __post_init__(self) -> None:
        """Refuse fresh noise for a task without noise."""
        if self.repeats == FRESH and not self.noisy:
            raise InvalidOption(f"task '{self.name}' shows expected values without noise; repeats cannot be fresh")

    @property
    def title(self) -> str:
        """One line."""
        return str(self.surrogate.spec["title"])

    @property
    def space(self) -> SearchSpace:
        """The searched space."""
        return self.surrogate.space

    @property
    def dataset(self) -> str:
        """Data set of the observed metric."""
        return str(self.surrogate.spec["observed"]["dataset"])

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """The predicted metric as the only objective."""
        return (Objective(str(self.surrogate.spec["observed"]["metric"]), *self.surrogate.scale),)

    @property
    def scales(self) -> dict[str, Scale]:
        """Unit and direction of each reported value, by its label."""
        told = self.surrogate.spec.get("scales", {})
        return {label: Scale(*told[label]) if label in told else self.scale for label in self.reported}

    @property
    def budget_s(self) -> float:
        """Default budget in simulated seconds: that of the task to which it was fitted."""
        return float(self.surrogate.spec["budget_s"])

    @property
    def reported(self) -> tuple[str, ...]:
        """Labels of the reported values; the first one defines regret."""
        return tuple(self.surrogate.spec["reported"])

    @property
    def epochs(self) -> tuple[int, ...]:
        """The last epoch only: a surrogate answers complete training runs."""
        return (int(self.surrogate.spec["observed"]["last_epoch"]),)

    @property
    def fitted_to(self) -> str:
        """Name of the task to which it was fitted."""
        return str(self.surrogate.spec["source"]["task"])

    @property
    def declaration(self) -> dict[str, Any]:
        """Everything that decides the answers, besides the file."""
        again = {} if self.repeats == SAME else {"repeats": self.repeats}
        return {"surrogate": str(self.surrogate.spec["name"]), "noisy": self.noisy, **again}

    @property
    def tables(self) -> list["Surrogate"]:
        """The surrogate, with ``name`` and ``checksum``."""
        return [self.surrogate]

    @property
    def places(self) -> dict[str, str]:
        """The file, by the surrogate's name, if it is not in the user's folder."""
        path = self.surrogate.path
        return {} if path is None or path in surrogate_files() else {self.surrogate.name: str(path.resolve())}

    @property
    def restriction(self) -> str:
        """Empty: every architecture of the space is predicted."""
        return ""

    def check(self) -> None:
        """Do nothing: opening the surrogate has checked all that a search needs."""

    @cached_property
    def observation_noise(self) -> float:
        """Standard deviation of what one query shows around what is expected of its architecture, among good ones."""
        if not self.noisy:
            return 0.0
        space = self.space
        archs = space.rows if isinstance(space, EnumeratedSpace) else space.sample(_SAMPLE, np.random.default_rng(0))
        return average_among_best(self.surrogate.predict(OBSERVED, archs), self.surrogate.predict(NOISE, archs))

    def backend(self, rng: np.random.Generator) -> SurrogateBackend:
        """Return the backend that answers the trials of one run; ``rng`` draws the noise of each architecture."""
        return SurrogateBackend(self.surrogate, rng, noisy=self.noisy, fresh=self.repeats == FRESH)

    def identify(self, archs: Archs) -> Ints:
        """Return a number for each architecture [n, d], equal for those that share an answer; ``[n]``."""
        return np.unique(self.surrogate.representative(archs), axis=0, return_inverse=True)[1].reshape(-1)

    def expect(
        self,
        rng: np.random.Generator,
        archs: Archs,
        epochs: Ints,  # noqa: ARG002 (there is one)
        repetition: Ints | None = None,
    ) -> Expected:
        """Return what ``backend(rng)`` answers; see ``Task``."""
        stored = bool(self.surrogate.known)
        score, cost_s = self.backend(rng).predict(archs if stored else self.surrogate.representative(archs), repetition)
        n = len(score)
        tolerance = 0.0 if stored else _CLOSE
        return Expected(score[:, None], cost_s, np.zeros(n), np.zeros(n, dtype=np.bool_), tolerance=tolerance)

    def archs(self, architectures: Any, *, form: str = "") -> Archs:
        """Return architectures [n, d] from any form that the space reads; see ``SearchSpace.read``."""
        return self.space.read(architectures, form=form)

    def query(self, architectures: Any, split: str = "") -> Floats:
        """Return the expected metric of many architectures, without noise; ``[n]`` in its unit and sign.

        Args:
            architectures: [n, d] array, n strings, or n of any other form that ``space.read`` takes.
            split: a reported label, or the observed split; default: the observed one.

        Raises:
            InvalidArchitecture: not an architecture of the space.
            UnknownName: a split that the surrogate does not predict.
        """
        observed = self.surrogate.spec["observed"]["split"]
        if split not in ("", observed, *self.reported):
            raise make_unknown_name(f"split of '{self.name}'", split, {observed, *self.reported})
        quantity, scale = (f"report/{split}", self.scales[split]) if split in self.reported else (OBSERVED, self.scale)
        return _signed(scale, self.surrogate.predict(quantity, self.archs(architectures)))

    def look_up(self, archs: Archs) -> dict[str, tuple[Floats, Scale]]:
        """Return everything that is predicted of architectures [n, d], by name."""
        observed = {f"{self.surrogate.spec['observed']['split']} (observed)": (self.query(archs), self.scale)}
        reported = {label: (self.query(archs, label), self.scales[label]) for label in self.reported}
        return (
            observed
            | reported
            | {
                "standard deviation of a seed": (self.surrogate.predict(NOISE, archs), self.scale),
                "cost_s": (self.surrogate.predict(COST, archs), Scale("s", "minimize")),
            }
        )

    def reported_of(self, archs: Archs) -> dict[str, Floats]:
        """Return the reported values of architectures [n, d]; ``[n]`` for each label."""
        return {label: self.query(archs, label) for label in self.reported}

    @property
    def optimum(self) -> Optimum:
        """Best known architecture by the first reported label; in a space that cannot be enumerated, not proven."""
        best = self.surrogate.spec["best_known"]
        return Optimum(-1, self.space.read_rows(np.array([best["arch"]])), float(best["score"]))

    @property
    def random_score(self) -> float:
        """Expected reported score of a uniformly drawn architecture: where normalised regret is 1."""
        return float(self.surrogate.spec["best_known"]["random"])

    def require_table(self, what: str) -> "TableTask":
        """Raise an error: a surrogate has no table.

        Raises:
            InvalidOption: always; the message names the task of the table.
        """
        raise InvalidOption(
            f"{what} is a surrogate and has no table of trained architectures; choose the task to which it was fitted, "
            f"'{self.fitted_to}'"
        )

    def describe(self) -> dict[str, Any]:
        """Return what a user must know before quoting a number."""
        spec, best = self.surrogate.spec, self.optimum
        seen = spec["observed"]
        noise = {
            ":mean": "expected value",
            SAME: "with the noise of one seed, fixed for a run and an architecture",
            FRESH: "with the noise of one seed, drawn again each time an architecture is asked for",
        }[self.repeats if self.noisy else ":mean"]
        return {
            "title": self.title,
            "space": f"{self.space.name}: {self.space.shown_size} architectures of {len(self.space.decisions)} decisions",
            **({"decisions": decisions} if (decisions := described_decisions(self.space)) else {}),
            "fitted_to": f"{self.fitted_to}, version {spec['source']['version']}",
            "predictors": spec["chosen_by"],
            "quantities": {name: made["kind"] for name, made in spec["quantities"].items()},
            "observed": f"predicted {seen['split']} {seen['metric']} on {seen['dataset']}, {seen['recipe']}; {noise}",
            "reported": dict.fromkeys(self.reported, "predicted mean over seeds"),
            "unit": self.scales[self.reported[0]].unit,
            "direction": self.scales[self.reported[0]].direction,
            "validation": spec["validation"],
            "budget_s": self.budget_s,
            "best_known": {"architecture": self.space.format(best.arch)[0], self.reported[0]: best.score},
            "best_known_how": spec["best_known"]["how"],
            "random_architecture": self.random_score,
            "citation": spec["citation"],
            "licence": spec["licence"],
            "source_tables": spec["source"]["tables"],
            "sha256": self.surrogate.checksum,
            "file": str(self.surrogate.path),
        }


def _signed(scale: Scale, scores: Floats) -> Floats:
    """Convert scores to values of the metric, or back; a value of 0 has no sign."""
    return scores if scale.sign > 0 else 0.0 - scores
