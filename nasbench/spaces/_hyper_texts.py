"""Configurations as texts and as dictionaries from names to values."""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from nasbench.arrays import Archs
from nasbench.spaces._hyper_declared import Decision, Value, clean_text, clean_value, write_value
from nasbench.spaces._space import SearchSpace


class ConfigurationTexts(SearchSpace):
    """The part of a hyperparameter space that reads and writes.

    Attributes:
        declared: [d] the decisions.
    """

    declared: tuple[Decision, ...]

    @cached_property
    def _columns(self) -> dict[str, int]:
        return {name: at for at, name in enumerate(self.decisions)}

    @cached_property
    def _digits(self) -> dict[str, tuple[int, dict[str | float, int]]]:
        """Column of each name, and the digit of each value as a text and, where possible, as a number."""
        found = {}
        for at, item in enumerate(self.declared):
            if item.is_number:
                continue
            digits: dict[str | float, int] = {
                float(v): i for i, v in enumerate(item.values) if not isinstance(v, str | bool) and v == v
            }
            digits.update({str(value): i for i, value in enumerate(item.values)})  # Python's True besides TOML's true
            digits.update({text: i for i, text in enumerate(item.texts)})  # exact matches take precedence
            found[item.name] = (at, digits)
        return found

    def parse(self, texts: Sequence[str]) -> Archs:
        """Read texts such as ``lr=0.1,op=conv3x3``: each active decision once, in any order; any notation of numbers.

        Raises:
            InvalidArchitecture: a text has another form, a decision or value is unknown, or a decision is missing or
                inactive.
        """
        written = []
        for text in map(str, texts):
            parts = (pair.partition("=") for pair in text.split(","))
            written.append([(name.strip(), value.strip()) for name, _, value in parts])
        return self._read_rows(written, list(map(str, texts)))

    def read_one(self, item: Any) -> Archs:
        """Read a dictionary from decision names to values, or a configuration of ConfigSpace; ``[1, d]``.

        None stands for an inactive decision, or for the text "None" where an active decision lists it. Names and
        values that hold what the text form reserves, and values such as tuples, are read as ``from_optuna`` lists them.

        Raises:
            InvalidArchitecture: a decision or value is unknown, a decision is missing or inactive, or the item has
                another form.
        """
        if not isinstance(item, Mapping):
            return super().read_one(item)
        pairs = [
            (self._find_name(str(name)), value)
            for name, value in item.items()
            if not _is_absent(value) or (value is None and self._lists_none(self._find_name(str(name))))
        ]
        return self._read_rows([pairs], [repr(item)])

    def _find_name(self, name: str) -> str:
        """Return the decision that another tool's name means; an unknown name unchanged."""
        clean = clean_text(name)
        return clean if name not in self._columns and clean in self._columns else name

    def _lists_none(self, name: str) -> bool:
        """Return whether the text "None" is a value of a decision."""
        return name in self._digits and "None" in self._digits[name][1]

    def _read_rows(self, written: Sequence[Sequence[tuple[str, Any]]], texts: Sequence[str]) -> Archs:
        """Build configurations ``[n, d]`` from names and values; ``texts`` name them in error messages."""
        archs = np.zeros((len(texts), len(self.decisions)), dtype=self.dtype)
        given, optional = np.zeros(archs.shape, dtype=np.bool_), np.zeros(archs.shape, dtype=np.bool_)
        for row, (pairs, arch) in enumerate(zip(written, archs, strict=True)):
            for name, value in pairs:
                at, code = self._find_code(texts[row], name, value)
                if given[row, at]:
                    raise self._make_malformed(texts[row], f"'{name}' appears twice")
                arch[at], given[row, at], optional[row, at] = code, True, value is None
        active = self.find_active(archs)
        archs[optional & ~active], given[optional & ~active] = 0, False
        wrong = np.argwhere(given != active)
        if len(wrong):
            row, at = wrong[0]
            why = f"{self._explain_inactive(at, archs[row])}: leave it out" if given[row, at] else "is missing"
            raise self._make_malformed(texts[row], f"'{self.decisions[at]}' {why}")
        return archs

    def _explain_inactive(self, at: int, arch: Archs) -> str:
        """Return why a decision is inactive in a row [d]."""
        parent = self.declared[at].parent
        return f"is inactive ('{self.decisions[parent]}' is {self.declared[parent].texts[int(arch[parent])]})"

    def _find_code(self, text: str, name: str, value: Any) -> tuple[int, float]:
        if name not in self._columns:
            raise self._make_malformed(text, f"unknown decision '{name}' (known: {', '.join(self.decisions)})")
        at, digits = self._digits[name]
        plain = value.item() if isinstance(value, np.generic) else value
        known = write_value(plain) if isinstance(plain, bool) else plain
        known = known if isinstance(known, str | int | float) else clean_value(known)
        readings = (known, _number(known), write_value(known), clean_value(known))
        digit = next((digits[reading] for reading in readings if reading in digits), -1)
        if digit < 0:
            raise self._make_malformed(text, f"unknown value '{value}' of '{name}' (known: {self._show_decision(at)})")
        return at, digit

    def _show_decision(self, at: int) -> str:
        texts = self.declared[at].texts
        return ", ".join(texts[:8]) + (f", ... {texts[-1]}" if len(texts) > 8 else "")

    def format(self, archs: Archs) -> list[str]:
        """Write as ``lr=0.1,op=conv3x3,depth=3``, in the order of the declaration, without inactive decisions."""
        archs = self.checked(archs)
        starts = np.cumsum(self.cardinality) - self.cardinality
        return [
            ",".join(self.operations[at] for at in row[active].tolist())
            for row, active in zip(archs + starts, self.find_active(archs), strict=True)
        ]

    def to_dicts(self, archs: Archs) -> list[dict[str, Value]]:
        """Return the values of the active decisions of each configuration by name, which ``read`` takes."""
        archs = self.checked(archs)
        active = self.find_active(archs)
        return [
            {self.decisions[at]: _get_value(self.declared[at], row[at]) for at in np.flatnonzero(own).tolist()}
            for row, own in zip(archs.tolist(), active, strict=True)
        ]


def _get_value(item: Decision, code: float) -> Value:
    """Return the value that a code means."""
    return float(code) if item.kind == "real" else item.values[int(code)]


def _is_absent(value: Any) -> bool:
    """Return whether a value stands for an inactive decision in a data frame or a dictionary."""
    return value is None or (isinstance(value, float | np.floating) and math.isnan(value)) or repr(value) == "<NA>"


def _number(text: Any) -> float:
    try:
        return float(text)
    except (ValueError, TypeError):
        return math.nan
