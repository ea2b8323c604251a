"""The messages of version 1: one JSON object a line, each answered by one."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nasbench.arrays import Archs
from nasbench.errors import InvalidArchitecture, StrategyError, make_unknown_name
from nasbench.processes._descriptions import takes_values
from nasbench.spaces import Coded, SearchSpace
from nasbench.trials import Results

VERSION = 1
_TRIAL_KEYS = ("id", "arch", "epoch")
_EXACT = 2**53  # below it, every JSON reader keeps whole numbers exact
_MOST_NAMES = 20  # of numbers that a process counts, in a run
_MOST_CHARACTERS = 80  # of what a process wrote, in an error message


def write_message(message: Mapping[str, Any]) -> bytes:
    """Return a message as one line of JSON in ASCII, with its first key first."""
    return json.dumps(message, allow_nan=False).encode("ascii")


def write_result(results: Results, row: int, text: str, objectives: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return one result as plain data; a missing score is None, and so are seconds that are unknown.

    Args:
        results: results that a strategy got.
        row: position of the result.
        text: its architecture.
        objectives: name, unit and direction of each column of scores; empty if they are unknown.
    """
    score, cost_s = [None if math.isnan(one) else one for one in results.score[row].tolist()], results.cost_s[row]
    values = {
        objective["name"]: None if one is None else (-one if objective["direction"] == "minimize" else one)
        for objective, one in zip(objectives, score, strict=False)
    }
    return {
        "id": int(results.id[row]),
        "arch": text,
        "epoch": int(results.epoch[row]),
        "score": score,
        **({"values": values} if values else {}),
        "cost_s": None if math.isnan(cost_s) else float(cost_s),
    }


def read_answer(line: bytes, allowed: Sequence[str]) -> dict[str, Any]:
    """Read an answer.

    Args:
        line: what the process wrote.
        allowed: keys that the answer may have.

    Raises:
        StrategyError: the line is not a JSON object, or has other keys.
    """
    try:
        answer = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise StrategyError(f"wrote {_show(line)}, which is not JSON ({error}); expected one JSON object") from None
    if not isinstance(answer, dict):
        raise StrategyError(f"wrote {_show(line)}; expected one JSON object, such as {{}}")
    if surplus := [key for key in answer if key not in allowed]:
        raise StrategyError(f"wrote {_show(line)}: {make_unknown_name('key', surplus[0], allowed)}")
    return answer


def read_version(answer: Mapping[str, Any]) -> bool:
    """Check the version that a process speaks, and return whether it recommends architectures itself.

    Raises:
        StrategyError: the version is another one, or missing.
    """
    version, recommends = answer.get("hello"), answer.get("recommends", False)
    if version != VERSION or isinstance(version, bool):
        raise StrategyError(f'answered {_show(answer)} to the first line; expected {{"hello": {VERSION}}}')
    if not isinstance(recommends, bool):
        raise StrategyError(f'answered "recommends": {_show(recommends)}; expected true or false')
    return recommends


def read_trials(answer: Mapping[str, Any], n: int) -> list[dict[str, Any]]:
    """Return the trials of an answer to ``{"ask": n}``, each with known keys only.

    Raises:
        StrategyError: there is no list of trials, it is longer than ``n``, or an item is no trial.
    """
    trials = answer.get("trials")
    if not isinstance(trials, list):
        raise StrategyError(
            f'answered {_show(answer)} to {{"ask": {n}}}; expected {{"trials": [{{"arch": ...}}]}} with up to {n}, '
            '{"trials": []} to wait for results, or {"finished": true}'
        )
    if len(trials) > n:
        raise StrategyError(f'answered {len(trials)} trials to {{"ask": {n}}}; expected at most {n}')
    for trial in trials:
        if not isinstance(trial, dict):
            raise StrategyError(f'asked for the trial {_show(trial)}; expected {{"arch": ...}}')
        if surplus := [key for key in trial if key not in _TRIAL_KEYS]:
            raise StrategyError(
                f"asked for the trial {_show(trial)}: {make_unknown_name('key', surplus[0], _TRIAL_KEYS)}"
            )
    return trials


def read_whole_number(what: str, value: Any, *, least: int) -> int:
    """Return a whole number of an answer.

    Raises:
        StrategyError: it is something else, below ``least``, or so large that not every JSON reader keeps it.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < _EXACT:
        raise StrategyError(f"wrote {what} {_show(value)}; expected a whole number from {least}")
    return value


def read_arch(space: SearchSpace, given: Any) -> Archs:
    """Read one architecture: a text, a row of numbers, or the value of each decision by its name; ``[1, d]``.

    Raises:
        StrategyError: it has another form, or is not in the space.
    """
    try:
        if isinstance(given, str):
            return space.checked(space.read([given]))
        if isinstance(given, dict):
            return space.checked(space.read([given]) if takes_values(space) else _read_values(space, given))
        if isinstance(given, list) and all(_is_number(value) for value in given):
            return space.checked(space.read_rows(np.array([given])))
    except InvalidArchitecture as error:
        raise StrategyError(f"asked for an architecture outside the space: {error}") from None
    raise StrategyError(
        f"asked for the architecture {_show(given)}; expected a text, {{decision: value}} or a row of numbers"
    )


def read_archs(space: SearchSpace, answer: Mapping[str, Any]) -> Archs:
    """Read the architectures that a process recommends; ``[k, d]``, at least one.

    Raises:
        StrategyError: there are none, or one of them is not in the space.
    """
    given = answer.get("recommend")
    if not isinstance(given, list) or not given:
        raise StrategyError(
            f'answered {_show(answer)} to {{"tell": ...}}; expected {{"recommend": [ARCHITECTURE, ...]}}'
        )
    return np.concatenate([read_arch(space, item) for item in given])


def name_message(message: Mapping[str, Any]) -> str:
    """Return a short text of a message, which is the same in every run."""
    key, value = next(iter(message.items()))
    shown = json.dumps(value) if isinstance(value, int) else "[...]"
    return f'{{"{key}": {shown}{", ..." if len(message) > 1 else ""}}}'


def read_usage(answer: Mapping[str, Any], known: Mapping[str, float]) -> dict[str, float]:
    """Return what a process says that it has used up so far: number by name.

    Args:
        answer: of the process.
        known: what it said before.

    Raises:
        StrategyError: it is something else, a number is negative, or there are too many names in all.
    """
    usage: dict[str, float] = answer.get("usage", {})
    fine = isinstance(usage, dict) and len(known.keys() | usage.keys()) <= _MOST_NAMES
    if not fine or not all(_is_number(value) and value >= 0 for value in usage.values()):
        raise StrategyError(
            f'wrote "usage": {_show(usage)}; expected totals so far, such as {{"tokens": 1200}}, of at most '
            f"{_MOST_NAMES} kinds in a run"
        )
    return {**known, **usage}


def _read_values(space: SearchSpace, given: Mapping[str, Any]) -> Archs:
    """Read the value of each decision of a space whose decisions are listed; ``[1, d]``.

    A decision that is inactive under its condition is left out.
    """
    coding = {coded.decision: coded for coded in space.coding}
    if unknown := [name for name in given if name not in coding]:
        raise InvalidArchitecture(str(make_unknown_name("decision", unknown[0], coding)))
    codes = {name: _find_code(coding[name], value) for name, value in given.items()}
    for name in coding:
        active = _is_active(name, coding, codes)
        if active != (name in given):
            state = (
                f"has no value of '{name}'" if active else f"has a value of '{name}', which is inactive: leave it out"
            )
            raise InvalidArchitecture(f"{_show(given)} {state}")
    row = space.read_rows(np.array([[codes.get(name, 0) for name in coding]]))
    return row if len(given) == len(coding) else space.canonicalize(row)


def _is_active(name: str, coding: Mapping[str, Coded], codes: Mapping[str, int]) -> bool:
    """Whether a decision is active by its condition and those of the decisions that it depends on."""
    when = coding[name].when
    return not when or (codes.get(when) in coding[name].active_at and _is_active(when, coding, codes))


def _find_code(coded: Coded, value: Any) -> int:
    """Return the code of a value of a decision.

    Raises:
        InvalidArchitecture: the decision has no such value.
    """
    if str(value) not in coded.texts:
        raise InvalidArchitecture(str(make_unknown_name(f"value of '{coded.decision}'", value, coded.texts)))
    return coded.texts.index(str(value))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < _EXACT


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is not a JSON number; write null")


def shorten(text: str, most: int = _MOST_CHARACTERS) -> str:
    """Return at most ``most`` characters of a text and an ellipsis, with ``?`` for what cannot be printed."""
    shown = "".join(character if character.isprintable() else "?" for character in text[:most])
    return shown if len(text) <= most else f"{shown}..."


def _show(value: Any) -> str:
    """Return the beginning of what a process wrote, for error messages."""
    return shorten(value.decode("utf-8", "replace") if isinstance(value, bytes) else json.dumps(value))
