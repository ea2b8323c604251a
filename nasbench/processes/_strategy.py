"""A strategy that is a process: the command is started for each run, and answers each message with one."""

import os
import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from nasbench.arrays import Archs
from nasbench.choices import COMMAND
from nasbench.errors import InvalidOption, SearchFinished, StrategyError
from nasbench.options import Positive, Text
from nasbench.processes._descriptions import describe_space
from nasbench.processes._ledger import TrialLedger
from nasbench.processes._line_process import AnswerOverdue, LineProcess, ProcessFailed
from nasbench.processes._messages import (
    VERSION,
    name_message,
    read_answer,
    read_archs,
    read_trials,
    read_usage,
    read_version,
    shorten,
    write_message,
)
from nasbench.spaces import SearchSpace
from nasbench.trials import Results, Trials

_MOST_LINES = 12  # of standard error that an error message shows
_MOST_CHARACTERS = 160  # of each of these lines
_LONGEST_REASON = 1000  # characters; a name or an architecture of a process may have a million
_Returned = TypeVar("_Returned")


class CommandStrategy:
    """Ask a process for trials: ``cmd:COMMAND``, with options ``cmd,timeout=600:COMMAND``.

    The process starts with the first message, and ``close`` ends it. Whatever it does wrong is a ``StrategyError`` that
    says what was seen, what was expected, and what the process last wrote on standard error.

    Args:
        space: the search space.
        rng: draws the seed that the process gets, and the examples of architectures.
        command: program and arguments, quoted as in a shell; no shell interprets them.
        timeout: seconds within which each answer must arrive.
        epochs: epochs that a trial may be trained to, rising.
        task_facts: what is known of the task: its objectives, and the limits of the run.

    Attributes:
        usage: what the process has used up so far, by the names that it gives: tokens, for example.

    Raises:
        InvalidOption: there is no command, or no such program.
    """

    def __init__(
        self,
        space: SearchSpace,
        rng: np.random.Generator,
        *,
        command: Text = "",
        timeout: Positive = 60.0,
        epochs: Sequence[int] = (),
        task_facts: Mapping[str, Any] | None = None,
    ) -> None:
        self._space, self._command, self._timeout_s = space, command, timeout
        self._argv = _split_command(command)
        _check_program(self._argv)
        self._epochs, self._facts = tuple(epochs), dict(task_facts or {})
        self._rng, self._seed = rng, int(rng.integers(2**31))
        self._ledger = TrialLedger(space, self._epochs)
        self._process: LineProcess | None = None
        self._to_answer, self._failure = "nothing yet", ""
        self._recommends, self._recommended = False, space.no_archs
        self.usage: dict[str, float] = {}

    @staticmethod
    def list_files(options: Mapping[str, Any]) -> list[Path]:
        """Return the files that a command names, also as ``--option=FILE``."""
        named = [part for word in _split_command(options.get("command", "")) for part in (word, word.partition("=")[2])]
        return [Path(name) for name in dict.fromkeys(named) if _is_file(name)]

    @property
    def recommend(self) -> Callable[[], Archs]:
        """The method that returns the process's recommendation; no attribute if the process gives none.

        A process says so in its first answer, so it is started here.
        """
        self._guard(self._start)
        if not self._recommends:
            raise AttributeError("the process recommends nothing itself")
        return lambda: self._recommended

    def ask(self, n: int) -> Trials:
        """Return up to ``n`` trials of the process.

        Raises:
            SearchFinished: the process has finished.
            StrategyError: the process failed, or broke the rules.
        """
        return self._guard(lambda: self._ask(n))

    def tell(self, results: Results) -> None:
        """Pass results on to the process.

        Raises:
            StrategyError: the process failed, or broke the rules.
        """
        self._guard(lambda: self._tell(results))

    def close(self) -> None:
        """End the process, if there is one, with everything that it has started."""
        if self._process:
            self._process.end(farewell=write_message({"end": True}))

    def _ask(self, n: int) -> Trials:
        answer = self._exchange({"ask": n}, "trials", "finished")
        if answer.get("finished") is True:
            raise SearchFinished(f"the process '{self._command}' has finished")
        return self._ledger.admit(read_trials(answer, n))

    def _tell(self, results: Results) -> None:
        told = self._ledger.settle(results, self._facts.get("objectives", ()))
        answer = self._exchange({"tell": told}, "recommend")
        if "recommend" in answer and not self._recommends:
            raise StrategyError('answered "recommend"; expected "recommends": true in its answer to the first line')
        if self._recommends:
            self._recommended = read_archs(self._space, answer)

    def _start(self) -> None:
        """Start the process, and introduce the search to it; nothing happens if it has been started."""
        if self._process is not None:
            return
        self._process = LineProcess(self._argv, self._timeout_s)
        hello = {"hello": VERSION, "seed": self._seed, "space": describe_space(self._space, self._rng)}
        hello |= {"epochs": list(self._epochs)} if self._epochs else {}
        hello |= {"task": self._facts} if self._facts else {}
        self._recommends = read_version(self._exchange(hello, "hello", "recommends"))

    def _exchange(self, message: Mapping[str, Any], *keys: str) -> dict[str, Any]:
        """Send a message, and return the answer, which may have these keys and ``usage``."""
        self._start()
        assert self._process is not None
        self._to_answer = name_message(message)
        answer = read_answer(self._process.exchange(write_message(message)), [*keys, "usage"])
        self.usage = read_usage(answer, self.usage)
        return answer

    def _guard(self, act: Callable[[], _Returned]) -> _Returned:
        """Return what ``act`` returns; after an error, end the process and say what it last wrote.

        Raises:
            StrategyError: the process failed now or before, or broke the rules.
        """
        try:
            if self._failure:
                raise StrategyError(self._failure)
            return act()
        except ProcessFailed as error:
            longer = f" ({COMMAND},timeout=SECONDS:... gives it longer)" if isinstance(error, AnswerOverdue) else ""
            why = f"{error}{longer}; it was to answer {self._to_answer}"
        except StrategyError as error:
            why = str(error)
        if not self._failure:
            self._failure = self._explain(why)
        raise StrategyError(self._failure)

    def _explain(self, why: str) -> str:
        """End the process, and return an error message whose first line says everything that matters."""
        errors = []
        if self._process:
            self._process.end()
            errors = [line[:_MOST_CHARACTERS] for line in self._process.last_errors[-_MOST_LINES:]]
        last = f"; last on standard error: {errors[-1]}" if errors else "; standard error is empty"
        return "\n".join(
            [f"'{self._command}' {shorten(why, _LONGEST_REASON)}{last}", *(f"    | {line}" for line in errors[:-1])]
        )


def _split_command(command: str) -> list[str]:
    """Return program and arguments.

    Raises:
        InvalidOption: there are none, a quotation does not end, or there are line breaks and the like.
    """
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise InvalidOption(f"command {command!r}: {error}; quote arguments as in a shell") from None
    if not words or not command.isprintable():
        raise InvalidOption(
            f"command {command!r}; expected a program and its arguments, as in 'cmd:python my_agent.py'"
        )
    return words


def _is_file(name: str) -> bool:
    """Return whether an argument names a file; one that is too long for a path does not."""
    return os.path.isfile(name)  # noqa: PTH113  Path.is_file raises an error for long names


def _check_program(argv: Sequence[str]) -> None:
    """Check that a program can be run.

    Raises:
        InvalidOption: there is no such program.
    """
    if shutil.which(argv[0]):
        return
    if _is_file(argv[0]) and os.sep in argv[0]:
        raise InvalidOption(f"{argv[0]} is not executable; run 'chmod +x {argv[0]}', or name its interpreter first")
    raise InvalidOption(
        f"there is no program {argv[0]!r}; expected one of your PATH, or a path such as ./my_agent (no shell runs the "
        "command, so that pipes, variables and ~ mean nothing)"
    )
