"""The trials of a process: which it has asked for, how far they have come, and which it waits for."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nasbench.arrays import Archs
from nasbench.errors import StrategyError
from nasbench.processes._messages import read_arch, read_whole_number, write_result
from nasbench.spaces import SearchSpace
from nasbench.trials import FULL_TRAINING, Results, Trials


@dataclass(slots=True)
class _AskedArchitecture:
    """An architecture [1, d], its text, the epoch asked for, and whether its result is awaited."""

    arch: Archs
    text: str
    epoch: float
    is_running: bool = True


class TrialLedger:
    """Checks the trials that a process asks for against those that it asked for before.

    Args:
        space: the search space.
        epochs: epochs that a trial may be trained to, rising; empty if they are unknown.
    """

    def __init__(self, space: SearchSpace, epochs: Sequence[int]) -> None:
        self._space, self._epochs = space, tuple(epochs)
        self._last = self._epochs[-1] if self._epochs else math.inf
        self._asked: dict[int, _AskedArchitecture] = {}
        self._next_id = 0

    def admit(self, given: Sequence[Mapping[str, Any]]) -> Trials:
        """Check trials, and return them.

        Raises:
            StrategyError: an architecture is not in the space, or an id or epoch breaks the rules.
        """
        admitted = [self._admit(trial) for trial in given]
        archs = [self._asked[number].arch for number, _ in admitted]
        return Trials(
            np.array([number for number, _ in admitted], dtype=np.int64),
            np.concatenate(archs) if archs else self._space.no_archs,
            np.array([epoch for _, epoch in admitted], dtype=np.int64),
        )

    def settle(self, results: Results, objectives: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Note results, and return them as plain data."""
        told = []
        for row, number in enumerate(results.id.tolist()):
            trial = self._asked[number]
            trial.is_running = False
            told.append(write_result(results, row, trial.text, objectives))
        return told

    def _admit(self, given: Mapping[str, Any]) -> tuple[int, int]:
        """Check a trial and note it; return its id and its epoch."""
        number = read_whole_number("the id", given["id"], least=0) if "id" in given else self._next_id
        epoch = self._read_epoch(number, given["epoch"]) if "epoch" in given else FULL_TRAINING
        until = self._last if epoch == FULL_TRAINING else epoch
        known = self._asked.get(number)
        if known is None:
            if "arch" not in given:
                raise StrategyError(f"asked for trial {number} without an architecture, and there is no such trial yet")
            arch = read_arch(self._space, given["arch"])
            self._asked[number] = _AskedArchitecture(arch, self._space.format(arch)[0], until)
            self._next_id = max(self._next_id, number + 1)
        else:
            self._check_resumed(number, known, given, until)
            known.epoch, known.is_running = until, True
        return number, epoch

    def _read_epoch(self, number: int, given: Any) -> int:
        epoch = read_whole_number(f"the epoch of trial {number}:", given, least=1)
        if self._epochs and epoch not in self._epochs:
            shown = ", ".join(map(str, self._epochs[:12])) + (f", ... {self._last}" if len(self._epochs) > 12 else "")
            raise StrategyError(f"asked for epoch {epoch} of trial {number}; the task answers after epoch {shown}")
        return epoch

    def _check_resumed(self, number: int, known: _AskedArchitecture, given: Mapping[str, Any], until: float) -> None:
        """Check that a known id continues the same architecture, after its result, to a later epoch.

        Raises:
            StrategyError: it does not.
        """
        if known.is_running:
            raise StrategyError(f"asked for trial {number} twice before its result; expected a new id for each trial")
        if "arch" in given and (read_arch(self._space, given["arch"]) != known.arch).any():
            raise StrategyError(f"used the id {number} again, which is {known.text}; expected a new id for each trial")
        if until <= known.epoch:
            raise StrategyError(
                f"asked for trial {number} again until epoch {until:g}, and it was trained until {known.epoch:g}; "
                "expected a later epoch, or a new id"
            )
