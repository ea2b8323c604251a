"""A space under neutral names and in random order, for contestants that may have read about the benchmark.

A language model knows which cells of NAS-Bench-201 are good. It knows them by name: so the names of operations,
decisions and values become ``a``, ``b``, ``decision 3``, ``choice 2``, and decisions and choices come in an order drawn
for each run. What remains is what the search is about: how many decisions and choices there are, which decisions
share their choices, which are ordered (their order is kept, or reversed), which depend on others, which architectures
are valid or neighbours, and the shape of the graphs. Nothing says which operation is zero or the identity, and the
space has no official numbers, texts or forms, and no sizes of networks.

Samples and moves have the distributions of the true space, but not its numbers: somebody who knows the generator and
what the true space draws from it would read the names off the first sample.

Python hides nothing from a class in the same process: it can read private attributes, the arguments of the program and
the stack. A process that only receives a description cannot.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import count
from typing import Any

import numpy as np

from nasbench.arrays import Archs, Bits, Bools, Ints, as_archs, freeze_array
from nasbench.errors import InvalidArchitecture, InvalidOption
from nasbench.spaces._enumerated import EnumeratedSpace
from nasbench.spaces._space import Coded, Graphs, SearchSpace

_COMPUTED_HERE = ("one_hot", "adjacency")  # encodings that follow from neutral rows and graphs


class OpaqueSpace(SearchSpace):
    """A space of listed choices under neutral names; ``hide_names`` makes one.

    Args:
        true: the space behind it.
        rng: draws the orders.
    """

    name = "opaque"
    zero_operations: tuple[str, ...] = ()
    identity_operations: tuple[str, ...] = ()
    lasting = False

    def __init__(self, true: SearchSpace, rng: np.random.Generator) -> None:
        self._true, d = true, len(true.decisions)
        self._order = rng.permutation(d)  # the true position of each decision
        self._position = np.argsort(self._order)
        self.decisions = tuple(f"decision {i}" for i in range(1, d + 1))
        self.cardinality = true.cardinality[self._order]
        self.dtype = true.dtype
        self.trained_once_per_class, self.n_classes = true.trained_once_per_class, true.n_classes
        self._choices, shuffled = _name_choices(true, rng)  # names by true decision and true code
        codes = np.zeros((d, int(true.cardinality.max())), dtype=true.dtype)  # true codes by true decision and code
        for at, own in enumerate(shuffled):
            codes[at, : len(own)] = own
        self._true_codes = codes[self._order]
        self._codes = np.argsort(self._pad(self._true_codes), axis=1).astype(true.dtype)
        self._neutral = self._list_names()
        self.operations = tuple(sorted((self._neutral.get(name, name) for name in true.operations), key=_by_length))
        self._seed = int(rng.integers(2**63))

    def _pad(self, codes: Archs) -> Ints:
        """Return codes with those beyond the cardinality made larger than all others, so that sorting inverts them."""
        beyond = np.arange(codes.shape[1]) >= self.cardinality[:, None]
        return np.where(beyond, codes.shape[1], codes.astype(np.int64))

    def _list_names(self) -> dict[str, str]:
        """Return the neutral name of each operation, value and vertex, by its true name."""
        names: dict[str, str] = {}
        for at, coded in enumerate(self._true.coding):
            decision = self.decisions[self._position[at]]
            for text, choice in zip(coded.texts, self._choices[at], strict=True):
                names.setdefault(text, choice)
                names[f"{coded.decision}={text}"] = f"{decision}={choice}"
        return names

    @property
    def size(self) -> float:
        """Number of valid architectures."""
        return self._true.size

    @property
    def ordered(self) -> Bools:
        """[d] whether the choices of a decision are ordered."""
        return self._true.ordered[self._order]

    @property
    def coding(self) -> tuple[Coded, ...]:
        """[d] neutral names and conditions of each decision."""
        true, found = self._true.coding, []
        places = {coded.decision: at for at, coded in enumerate(true)}
        for decision, at in zip(self.decisions, self._order.tolist(), strict=True):
            names = self._list_in_order(at)
            if not true[at].when:
                found.append(Coded(decision, names, names))
                continue
            parent = self._position[places[true[at].when]].item()
            active = frozenset(self._codes[parent, sorted(true[at].active_at)].tolist())
            among = tuple(self._list_in_order(self._order[parent].item())[code] for code in sorted(active))
            found.append(Coded(decision, names, names, self.decisions[parent], active, among))
        return tuple(found)

    def _list_in_order(self, at: int) -> tuple[str, ...]:
        """Return the names of the choices of a true decision by neutral code."""
        codes = self._true_codes[self._position[at], : self._true.cardinality[at]]
        return tuple(self._choices[at][code] for code in codes.tolist())

    def _hide(self, archs: Archs) -> Archs:
        """Translate architectures of the true space, ``[n, d]``."""
        return self._codes[np.arange(len(self.decisions)), archs[:, self._order]]

    def _reveal(self, archs: Archs) -> Archs:
        """Translate architectures of this space into the true one, ``[n, d]``.

        Raises:
            InvalidArchitecture: a row is not in this space; the message uses neutral names.
        """
        return self._translate_back(self.checked(archs))

    def _translate_back(self, archs: Archs) -> Archs:
        codes = self._true_codes[np.arange(len(self.decisions)), archs]
        return np.ascontiguousarray(codes[:, self._position])

    def _are_codes(self, archs: Archs) -> Bools:
        return np.asarray(((archs >= 0) & (archs < self.cardinality)).all(axis=1))

    def is_valid(self, archs: Archs) -> Bools:
        """Return whether each row is an architecture of this space; ``[n]``."""
        archs = as_archs(archs, len(self.decisions), self.dtype)
        valid = self._are_codes(archs)
        valid[valid] = self._true.is_valid(self._translate_back(archs[valid]))
        return valid

    def _explain_broken_rule(self, arch: Archs) -> str:
        del arch
        return "its decisions are not allowed together, or it was not measured"

    def _derive(self, rng: np.random.Generator) -> np.random.Generator:
        """Return a generator that follows from ``rng`` and from what nobody but this space knows."""
        return np.random.default_rng([self._seed, int(rng.integers(2**63))])

    def sample(self, n: int, rng: np.random.Generator) -> Archs:
        """Draw ``n`` valid architectures uniformly, with replacement; ``[n, d]``."""
        return self._hide(self._true.sample(n, self._derive(rng)))

    def sample_as_published(self, n: int, rng: np.random.Generator) -> Archs:
        """Draw from the distribution of the benchmark's own code; ``[n, d]``."""
        return self._hide(self._true.sample_as_published(n, self._derive(rng)))

    def mutate(self, archs: Archs, rng: np.random.Generator) -> Archs:
        """Move each architecture to one of its neighbours, uniformly; ``[n, d]``."""
        return self._hide(self._true.mutate(self._reveal(archs), self._derive(rng)))

    def mutate_as_published(self, archs: Archs, rng: np.random.Generator) -> Archs:
        """Mutate with the operator of the benchmark's own evolution code; ``[n, d]``."""
        return self._hide(self._true.mutate_as_published(self._reveal(archs), self._derive(rng)))

    def crossover(self, a: Archs, b: Archs, rng: np.random.Generator) -> Archs:
        """Take each decision from either parent, as the true space does; ``[n, d]``."""
        return self._hide(self._true.crossover(self._reveal(a), self._reveal(b), self._derive(rng)))

    def neighbors(self, archs: Archs) -> tuple[Archs, Ints]:
        """Return every architecture one edit away, ``[m, d]``, and the row ``[m]`` each belongs to."""
        found, owner = self._true.neighbors(self._reveal(archs))
        hidden = self._hide(found)
        order = np.lexsort((*hidden.T[::-1], owner))  # the true order would tell
        return hidden[order], owner[order]

    def canonicalize(self, archs: Archs) -> Archs:
        """Map each architecture to the representative of its isomorphism class; ``[n, d]``.

        Raises:
            InvalidArchitecture: a row is not in this space, and the true space cannot make it valid.
        """
        archs = as_archs(archs, len(self.decisions), self.dtype)
        if not self._are_codes(archs).all():
            self._refuse(archs, np.flatnonzero(~self._are_codes(archs)))
        try:
            return self._hide(self._true.canonicalize(self._translate_back(archs)))
        except InvalidArchitecture:
            self._refuse(archs, np.flatnonzero(~self.is_valid(archs)))
            raise

    def graphs(self, archs: Archs) -> Graphs:
        """Return the computation graphs with neutral operations."""
        found = self._true.graphs(self._reveal(archs))
        names = [found.vocabulary[0], *map(self._rename, found.vocabulary[1:-1]), found.vocabulary[-1]]
        order = [0, *sorted(range(1, len(names) - 1), key=lambda at: _by_length(names[at])), len(names) - 1]
        places = np.argsort(order).astype(found.operations.dtype)
        return Graphs(found.adjacency, places[found.operations], tuple(names[at] for at in order))

    def _rename(self, name: str) -> str:
        """Return the neutral name of an operation in graphs; one that is no choice of a decision gets a new name."""
        return self._neutral.setdefault(name, f"vertex {len(self._neutral)}")

    def parse(self, texts: Sequence[str]) -> Archs:
        """Read texts such as ``decision 1=b,decision 2=a``; ``[n, d]``.

        Raises:
            InvalidArchitecture: a text has another form, or a choice is unknown.
        """
        archs = np.empty((len(texts), len(self.decisions)), dtype=self.dtype)
        for row, text in zip(archs, texts, strict=True):
            pairs = [part.partition("=") for part in str(text).split(",")]
            given = {decision.strip(): choice.strip() for decision, _, choice in pairs}
            if len(given) != len(pairs) or given.keys() != set(self.decisions):
                raise self._make_malformed(str(text), "expected each decision once")
            row[:] = self._read_choices(given)
        return archs

    def read_one(self, item: Any) -> Archs:
        """Read a dictionary, decision -> name or code of its choice; ``[1, d]``.

        Raises:
            InvalidArchitecture: a choice is unknown, or the item has another form.
        """
        named = isinstance(item, Mapping) and set(item) == set(self.decisions)
        if named and all(isinstance(choice, str) for choice in item.values()):
            return np.array([self._read_choices(item)], dtype=self.dtype)
        return super().read_one(item)

    def _read_choices(self, given: Mapping[str, str]) -> list[int]:
        codes = []
        for decision, coded in zip(self.decisions, self.coding, strict=True):
            if given[decision] not in coded.texts:
                raise InvalidArchitecture(
                    f"unknown choice {given[decision]!r} of {decision} (known: {', '.join(coded.texts)})"
                )
            codes.append(coded.texts.index(given[decision]))
        return codes

    def format(self, archs: Archs) -> list[str]:
        """Write texts such as ``decision 1=b,decision 2=a``."""
        names = [coded.texts for coded in self.coding]
        return [
            ",".join(f"{decision}={own[code]}" for decision, own, code in zip(self.decisions, names, row, strict=True))
            for row in self.checked(archs).tolist()
        ]

    def _list_encoders(self) -> dict[str, Callable[[Archs], Bits]]:
        others = (name for name in self._true.encodings if name not in _COMPUTED_HERE)
        return super()._list_encoders() | {name: self._make_encoder(name) for name in others}

    def _make_encoder(self, name: str) -> Callable[[Archs], Bits]:
        """Return an encoding of the true space with its columns in random order."""

        def encode(archs: Archs) -> Bits:
            found = self._true.encode(self._translate_back(archs), name)
            return found[:, np.random.default_rng(self._seed).permutation(found.shape[1])]

        return encode


class _EnumeratedOpaqueSpace(OpaqueSpace, EnumeratedSpace):
    """The same with all architectures listed, in the order of their neutral codes."""

    sample = EnumeratedSpace.sample

    @cached_property
    def rows(self) -> Archs:  # type: ignore[override]
        """[N, d] every valid architecture, in index order."""
        true: Any = self._true
        hidden = self._hide(true.rows)
        return freeze_array(hidden[np.lexsort(hidden.T[::-1])])

    def _list_edits(self, archs: Archs) -> Archs:
        raise NotImplementedError("neighbours are those of the true space")


def hide_names(space: SearchSpace, rng: np.random.Generator) -> OpaqueSpace:
    """Return a space under neutral names, in an order that ``rng`` draws.

    Raises:
        InvalidOption: the space has decisions without listed choices, such as real numbers.
    """
    if space.dtype.kind != "i" or (space.cardinality < 1).any():
        raise InvalidOption(
            f"space '{space.name}' has decisions that are real numbers, or have more than 127 choices; opaque is for "
            "the other spaces"
        )
    return (_EnumeratedOpaqueSpace if isinstance(space, EnumeratedSpace) else OpaqueSpace)(space, rng)


def hide_architectures(space: OpaqueSpace, archs: Archs) -> Archs:
    """Translate architectures [n, d] of the true space into an opaque one; ``[n, d]``."""
    return space._hide(archs)


def reveal_architectures(space: OpaqueSpace, archs: Archs) -> Archs:
    """Translate architectures [n, d] of an opaque space into the true one; ``[n, d]``.

    Raises:
        InvalidArchitecture: a row is not in the opaque space; the message uses its names.
    """
    return space._reveal(archs)


def _name_choices(space: SearchSpace, rng: np.random.Generator) -> tuple[list[list[str]], list[list[int]]]:
    """Return, for each true decision, the names of its choices by code, and its codes in neutral order.

    Decisions with the same choices share names and order: letters, other letters for other choices. The choices of any
    other decision are numbered.
    """
    groups: dict[tuple[str, ...], list[int]] = {}
    for at, coded in enumerate(space.coding):
        groups.setdefault(coded.values, []).append(at)
    letters = map(_write_letters, count())
    names: list[list[str]] = [[] for _ in space.decisions]
    orders: list[list[int]] = [[] for _ in space.decisions]
    values = list(groups)
    for place in rng.permutation(len(values)).tolist():  # in random order, or letters would tell which came first
        members, k = groups[values[place]], len(values[place])
        order = rng.permutation(k)
        if space.ordered[members].any():
            order = np.arange(k) if order[0] < order[-1] else np.arange(k)[::-1]
        neutral = [next(letters) for _ in range(k)] if len(members) > 1 else [f"choice {i}" for i in range(1, k + 1)]
        own = [neutral[i] for i in np.argsort(order).tolist()]
        for at in members:
            names[at], orders[at] = own, order.tolist()
    return names, orders


def _write_letters(number: int) -> str:
    """Return a, b, ... z, aa, ab, ... for 0, 1, ..."""
    text = ""
    number += 1
    while number:
        number, digit = divmod(number - 1, 26)
        text = chr(ord("a") + digit) + text
    return text


def _by_length(name: str) -> tuple[int, str]:
    """Return a key that sorts ``b`` before ``aa``, and ``choice 2`` before ``choice 10``."""
    return len(name), name
