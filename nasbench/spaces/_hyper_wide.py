"""A space of named decisions with real numbers, or with more values than int8 counts: rows of float64.

Imported only where such a space is declared; ``hyper`` documents the declaration.
"""

import math
from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from nasbench.arrays import Archs, Bools, Floats, Ints, as_archs, freeze_array
from nasbench.spaces._hyper_scale import N_PARTS, NumberScale
from nasbench.spaces._space import Graphs
from nasbench.spaces.hyper import HyperSpace

_STEPS = (0.2, 0.05, 0.01)  # of a scale: distances of the neighbours of a number, on both sides
_DEVIATION = 0.2  # standard deviation of a mutated number, as in ConfigSpace's neighbours


class WideHyperSpace(HyperSpace):
    """A hyperparameter space whose rows are float64: see ``HyperSpace``."""

    dtype = np.dtype(np.float64)

    def __init__(
        self, decisions: Mapping[str, Any] | None = None, conditions: Sequence[Mapping[str, Any]] = ()
    ) -> None:
        super().__init__(decisions, conditions)
        self.scales = {at: NumberScale(item) for at, item in enumerate(self.declared) if item.is_number}
        self._listed = np.array([at for at in range(len(self.declared)) if at not in self.scales], dtype=np.int64)

    def find_active(self, archs: Archs) -> Bools:
        """Return [n, d] which decisions are active in rows with digits in range."""
        active = np.ones(archs.shape, dtype=np.bool_)
        for at in self._order:
            if at in self._active_at:
                parent = self.declared[at].parent
                active[:, at] = active[:, parent] & self._active_at[at][archs[:, parent].astype(np.int64)]
        return active

    def _check_digits(self, archs: Archs) -> Bools:
        """Return whether the listed decisions of each row hold a digit, and no number is nan; ``[n]``."""
        digits = archs[:, self._listed]
        whole = (digits >= 0) & (digits < self.cardinality[self._listed]) & (digits == np.floor(digits))
        return np.asarray(whole.all(axis=1) & np.isfinite(archs).all(axis=1))

    def is_valid(self, archs: Archs) -> Bools:
        """Return whether active decisions hold a digit or number in range, and inactive ones 0; ``[n]``."""
        archs = as_archs(archs, len(self.decisions), self.dtype)
        valid = self._check_digits(archs)
        rows = archs[valid]
        inside = self._are_inside(rows)
        valid[valid] = np.where(self.find_active(rows), inside, rows == 0).all(axis=1)
        return valid

    def _are_inside(self, archs: Archs) -> Bools:
        """Return [n, d] whether each number is in its range; True for listed decisions."""
        inside = np.ones(archs.shape, dtype=np.bool_)
        for at, scale in self.scales.items():
            inside[:, at] = scale.is_valid(archs[:, at])
        return inside

    def canonicalize(self, archs: Archs) -> Archs:
        """Set inactive decisions to 0; ``[n, d]``.

        Raises:
            InvalidArchitecture: a digit or an active number is out of range.
        """
        archs = as_archs(archs, len(self.decisions), self.dtype)
        good = self._check_digits(archs)
        if good.all():
            active = self.find_active(archs)
            good = np.asarray((self._are_inside(archs) | ~active).all(axis=1))
        if not good.all():
            self._refuse(archs, np.flatnonzero(~good))
        return np.where(active, archs, 0.0)

    def _settle(self, archs: Archs, before: Bools, rng: np.random.Generator | None = None) -> Archs:
        """Set inactive decisions to 0, and give numbers a value that an edit made active.

        Args:
            archs: [n, d] rows with digits in range.
            before: [n, d] which decisions were active before the edit.
            rng: draws the new numbers; None for the middle of their scale.
        """
        active = self.find_active(archs)
        for at, scale in self.scales.items():
            new = np.flatnonzero(active[:, at] & ~before[:, at])
            drawn = np.full(len(new), scale.middle) if rng is None else scale.place(rng.random(len(new)))
            archs[new, at] = drawn
        return np.where(active, archs, 0.0)

    def sample(self, n: int, rng: np.random.Generator) -> Archs:
        """Draw ``n`` configurations: uniform over the listed choices, each number uniform on its scale; ``[n, d]``."""
        drawn = rng.random((n, len(self.decisions)))
        archs = np.empty(drawn.shape)
        for at, shares in enumerate(self._cumulative):
            scale = self.scales.get(at)
            u = drawn[:, at]
            archs[:, at] = np.searchsorted(shares[:-1], u, "right") if scale is None else scale.place(u)
        return self.canonicalize(archs)

    def _edit(self, arch: Archs, at: int) -> Archs:
        """Return every edit [k, d] of one decision of a row [d], before dependent decisions are settled."""
        item, here, scale = self.declared[at], arch[at], self.scales.get(at)
        if scale is not None:
            position = scale.measure(arch[at : at + 1])[0]
            moved = scale.place(position + np.array([sign * step for step in _STEPS for sign in (-1, 1)]))
        elif item.kind == "categorical":
            moved = np.arange(len(item.values), dtype=np.float64)
        else:
            moved = np.array([here - 1, here + 1])
            moved = moved[(moved >= 0) & (moved < len(item.values))]
        moved = np.unique(moved[moved != here])
        edits = np.repeat(arch[None], len(moved), axis=0)
        edits[:, at] = moved
        return edits

    def neighbors(self, archs: Archs) -> tuple[Archs, Ints]:
        """Return every configuration one edit away, ``[m, d]``, and the row ``[m]`` that each belongs to.

        A number has neighbours 1, 5 and 20 % of its scale below and above.
        """
        archs = self.checked(archs)
        found, owner = [self.no_archs], []
        for row, (arch, active) in enumerate(zip(archs, self.find_active(archs), strict=True)):
            edits = np.concatenate([self.no_archs, *(self._edit(arch, at) for at in np.flatnonzero(active).tolist())])
            found.append(self._settle(edits, np.broadcast_to(active, edits.shape)))
            owner.append(np.full(len(edits), row))
        return np.concatenate(found), np.concatenate([np.empty(0, dtype=np.int64), *owner])

    def mutate(self, archs: Archs, rng: np.random.Generator) -> Archs:
        """Change one active decision of each configuration, drawn uniformly; ``[n, d]``.

        A categorical decision takes another value, an ordinal or listed integer the value before or after, and a
        number a normal step with a fifth of its scale as standard deviation. Numbers that become active are drawn.
        """
        archs = self.checked(archs)
        before = self.find_active(archs)
        children = archs.copy()
        can_move = before & self._can_change
        drawn = np.where(can_move, rng.random(archs.shape), -1.0).argmax(axis=1)
        u, normal = rng.random(len(archs)), rng.normal(0.0, _DEVIATION, len(archs))
        for at in np.unique(drawn[can_move.any(axis=1)]).tolist():
            rows = np.flatnonzero((drawn == at) & can_move[:, at])
            children[rows, at] = self._move(at, archs[rows, at], u[rows], normal[rows])
        return self._settle(children, before, rng)

    @cached_property
    def _can_change(self) -> Bools:
        """[d] whether a decision has more than one value."""
        return np.array([item.kind == "real" or len(item.values) > 1 for item in self.declared])

    def _move(self, at: int, codes: Floats, u: Floats, normal: Floats) -> Floats:
        """Return another code for each one: by a uniform number, or a normal step on the scale."""
        scale, last = self.scales.get(at), len(self.declared[at].values) - 1
        if scale is not None:
            start = scale.measure(codes)
            target = start + normal
            target = np.abs(np.where(target > 1, 2 - target, target))  # reflected at the ends
            moved = scale.place(target)
            beside = np.where(codes < scale.high, codes + 1, codes - 1)  # a whole number moves by one at least
            return moved if scale.is_real else np.where(moved == codes, beside, moved)
        if self.declared[at].kind == "categorical":
            return np.asarray((codes + 1 + np.floor(u * last)) % (last + 1))
        up = np.where(codes == 0, 1, np.where(codes == last, -1, np.where(u < 0.5, -1, 1)))
        return np.asarray(codes + up)

    def crossover(self, a: Archs, b: Archs, rng: np.random.Generator) -> Archs:
        """Take each decision from either parent; one that is active in one parent only, from that one; ``[n, d]``."""
        a, b = self.checked(a), self.checked(b)
        from_a = rng.random(a.shape) < 0.5
        in_a, in_b = self.find_active(a), self.find_active(b)
        from_a = np.where(in_a == in_b, from_a, in_a)
        # a listed decision keeps its draw, as a parent's choice decides about others
        return self._settle(np.where(from_a, a, b), in_a | in_b, rng)

    def measure(self, archs: Archs) -> Floats:
        """Return [n, d] the position of each decision on its scale, from 0 to 1; 0 where it is inactive."""
        archs = self.checked(archs)
        found = archs / np.maximum(self.cardinality - 1, 1)
        active = self.find_active(archs)
        for at, scale in self.scales.items():
            rows = np.flatnonzero(active[:, at])
            found[:, at] = 0.0
            found[rows, at] = scale.measure(archs[rows, at])
        return found

    def place(self, positions: Floats) -> Archs:
        """Return the configurations at positions [n, d] in the unit cube; inactive decisions are 0."""
        archs = np.minimum(np.floor(positions * self.cardinality), np.maximum(self.cardinality - 1, 0)) + 0.0
        for at, scale in self.scales.items():
            archs[:, at] = scale.place(positions[:, at])
        return np.where(self.find_active(archs), archs, 0.0)

    @cached_property
    def is_number(self) -> Bools:
        """[d] whether a decision is one number on a scale."""
        return freeze_array(np.array([item.is_number for item in self.declared]))

    def graphs(self, archs: Archs) -> Graphs:
        """Return graphs as ``HyperSpace`` does; the label of a number is the sixteenth of its scale."""
        archs = self.checked(archs)
        codes = archs.astype(np.int64)
        positions = self.measure(archs)
        for at in self.scales:
            codes[:, at] = np.minimum((positions[:, at] * N_PARTS).astype(np.int64), N_PARTS - 1)
        return self._build_graphs(codes, self.find_active(archs))

    def _list_labels(self) -> list[list[str]]:
        scales = {at: NumberScale(item) for at, item in enumerate(self.declared) if item.is_number}
        return [
            [scales[at].name_part(part) for part in range(N_PARTS)] if at in scales else list(item.texts)
            for at, item in enumerate(self.declared)
        ]

    def _list_encoders(self) -> dict[str, Any]:
        return {"one_hot": self._encode_one_hot, "adjacency": self._encode_adjacency}

    def _encode_one_hot(self, archs: Archs) -> npt.NDArray[Any]:
        """Return bits for categorical decisions, a position for ordered ones, and a bit "active" where it depends."""
        positions, active = self.measure(archs), self.find_active(archs)
        parts = []
        for at, item in enumerate(self.declared):
            if item.kind == "categorical":
                parts.append((archs[:, at, None] == np.arange(len(item.values))) & active[:, at, None])
            else:
                parts.append(positions[:, at, None])
                if item.parent >= 0:
                    parts.append(active[:, at, None])
        return np.concatenate([part.astype(np.float64) for part in parts], axis=1)

    def _find_code(self, text: str, name: str, value: Any) -> tuple[int, float]:
        at = self._columns.get(name, -1)
        scale = self.scales.get(at)
        if scale is None:
            return super()._find_code(text, name, value)
        plain = value.item() if isinstance(value, np.generic) else value
        try:
            code = math.nan if isinstance(plain, bool) else scale.read(float(plain))
        except (TypeError, ValueError, OverflowError):
            code = math.nan
        if math.isnan(code):
            raise self._make_malformed(text, f"value '{value}' of '{name}' is not {self._show_decision(at)}")
        return at, code

    def _show_decision(self, at: int) -> str:
        item = self.declared[at]
        if item.kind == "real":
            return f"a number from {item.low!r} to {item.high!r}"
        if at in self.scales:
            return f"a whole number from {item.values[0]} to {item.values[-1]}"
        return super()._show_decision(at)

    def _explain_broken_rule(self, arch: Archs) -> str:
        if not self._check_digits(arch[None])[0]:
            at = int(np.flatnonzero(~np.isfinite(arch) | ((self.cardinality > 0) & (arch != np.floor(arch))))[0])
            wanted = self._show_decision(at) if at in self.scales else f"a digit from 0 to {self.cardinality[at] - 1}"
            return f"decision '{self.decisions[at]}' is {arch[at]:g}, expected {wanted}"
        active, inside = self.find_active(arch[None])[0], self._are_inside(arch[None])[0]
        outside = np.flatnonzero(active & ~inside)
        if len(outside):
            at = int(outside[0])
            return f"decision '{self.decisions[at]}' is {arch[at]:g}, expected {self._show_code_range(at)}"
        return super()._explain_broken_rule(arch)

    def _show_code_range(self, at: int) -> str:
        return self._show_decision(at) if self.scales[at].is_real else f"a digit from 0 to {self.cardinality[at] - 1}"

    def format(self, archs: Archs) -> list[str]:
        """Write as ``lr=0.001,op=conv3x3``; reading a real number gives the same number again."""
        archs = self.checked(archs)
        return [
            ",".join(f"{self.decisions[at]}={self._write_code(at, row[at])}" for at in np.flatnonzero(active).tolist())
            for row, active in zip(archs, self.find_active(archs), strict=True)
        ]

    def _write_code(self, at: int, code: float) -> str:
        scale = self.scales.get(at)
        return self._texts[at][int(code)] if scale is None else scale.write(code)

    @cached_property
    def _texts(self) -> list[tuple[str, ...]]:
        return [() if item.is_number else item.texts for item in self.declared]
