"""The contract of a contestant that is a process: one line for each line, and the same run for the same seed."""

from typing import Any, NamedTuple

import numpy as np

from nasbench.choices import COMMAND, Choice
from nasbench.errors import StrategyError
from nasbench.processes import CommandStrategy
from nasbench.registry import SPACES
from nasbench.simulation import Budget, History, Simulation
from nasbench.spaces import SearchSpace
from nasbench.testing._strategies import EPOCHS, Landscape


class _Setting(NamedTuple):
    """Simulated workers, share of training runs that crash, number of objectives, epochs of a trial."""

    n_workers: int = 1
    crashes: float = 0.0
    n_objectives: int = 1
    epochs: tuple[int, ...] = EPOCHS

    def __str__(self) -> str:
        """Return the setting in words."""
        return f"{self.n_workers} worker(s), {self.crashes:.0%} crashes, {self.n_objectives} objective(s)"


_SETTINGS = (_Setting(epochs=EPOCHS[-1:]), _Setting(crashes=0.3, n_objectives=2), _Setting(3, 0.3))


def check_contestant(
    command: str, space: SearchSpace | None = None, *, n_trials: int = 20, timeout: float = 60.0
) -> None:
    """Check that a command keeps the contract of a contestant, before it takes part in a comparison.

    It is started six times: with one and several workers, one and two objectives, with training runs that crash, and
    with the same seed twice. A contestant that cannot repeat a run may compete, but its record cannot be verified.

    Args:
        command: the command, as in ``cmd:COMMAND``, with or without ``cmd:``.
        space: the searched space; by default that of NAS-Bench-201.
        n_trials: number of trials of each run.
        timeout: seconds within which each answer must arrive.

    Raises:
        AssertionError: with what was expected and what was seen.
        InvalidOption: there is no such program.
    """
    space = SPACES.load("nb201")() if space is None else space
    given = Choice.parse(command if command.startswith((f"{COMMAND}:", f"{COMMAND},")) else f"{COMMAND}:{command}")
    options = {"timeout": timeout, **given.options}
    for setting in _SETTINGS:
        first, again = (_search(options, space, setting, n_trials) for _ in range(2))
        if first.arch.tobytes() != again.arch.tobytes() or first.epoch.tolist() != again.epoch.tolist():
            raise AssertionError(
                f"the same seed gives another run with {setting}; take all random numbers from the seed of the first "
                "line"
            )


def _search(options: dict[str, Any], space: SearchSpace, setting: _Setting, n_trials: int) -> History:
    """Search once, and end the process.

    Raises:
        AssertionError: the process broke the rules.
    """
    facts = {
        "objectives": [
            {"name": f"objective_{i}", "unit": "none", "direction": "maximize"} for i in range(setting.n_objectives)
        ],
        "budget": {"trials": n_trials},
        "workers": setting.n_workers,
    }
    backend = Landscape(space, crashes=setting.crashes, n_objectives=setting.n_objectives)
    strategy = CommandStrategy(space, np.random.default_rng(0), epochs=setting.epochs, task_facts=facts, **options)
    try:
        budget = Budget(trials=n_trials)
        return Simulation(strategy, backend, space, budget=budget, n_workers=setting.n_workers).run()
    except StrategyError as error:
        raise AssertionError(f"with {setting}: {error}") from error
    finally:
        strategy.close()
