"""NAS-Bench-NLP recipes: recurrent cells with up to 24 nodes, seven operations and up to three hidden states.

Source: Klyuchnikov et al. 2020, "NAS-Bench-NLP: Neural Architecture Search Benchmark for Natural Language
Processing", arXiv 2006.07116, and ``custom_rnn.py`` of its repository ``fmsnew/nas-bench-nlp-release``. A recipe names
nodes; each has an operation and inputs: ``x``, the hidden states ``h_prev_0`` to ``h_prev_2`` of the previous step,
or other nodes. The nodes ``h_new_0`` to ``h_new_2`` are the new hidden states; the first of them is the cell's output.

Columns are, for each node in the order of the recipe, the operation and three inputs, then the nodes that are the new
hidden states; 0 means none. The names of nodes are therefore lost, and ``parse`` moves a node behind its inputs
if the recipe lists it before them. The text is the recipe as JSON. The benchmark compares recipes by their text and
defines no isomorphism: ``canonicalize`` returns its argument unchanged.

An edit changes one decision and gives a valid recipe: an operation, an input, one more or one less input of a node
that takes several, or the node of a hidden state; or it appends or drops a last node whose only input is ``x``.
Sampling is not uniform over recipes, because their number is unknown: ``sample`` draws the number of nodes and of
hidden states, then every choice uniformly. The space has no index; the release trained about 14,000 recipes, drawn by
its own generator.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from nasbench.arrays import Archs, Bools, Ints, as_archs
from nasbench.spaces._product import list_single_edits
from nasbench.spaces._space import Graphs, SearchSpace

_NODES, _INPUTS, _HIDDEN = 24, 3, 3
_WIDTH = 1 + _INPUTS  # columns of a node
_X, _FIRST_HIDDEN, _FIRST_NODE = 1, 2, 2 + _HIDDEN  # digits of inputs
_OPERATIONS = (
    "linear",
    "blend",
    "elementwise_prod",
    "elementwise_sum",
    "activation_tanh",
    "activation_sigm",
    "activation_leaky_relu",
)
# Fewest and most inputs by the digit of the operation; digit 0 means no node.
_FEWEST = np.array([0, 1, 3, 2, 2, 1, 1, 1])
_MOST = np.array([0, 3, 3, 3, 3, 1, 1, 1])
_UNARY = np.flatnonzero(_FEWEST == 1).astype(np.int8)
_VOCABULARY = (
    "input",
    "x",
    *(f"h_prev_{k}" for k in range(_HIDDEN)),
    *_OPERATIONS,
    "absent",
    *(f"h_new_{k}" for k in range(_HIDDEN)),
    "output",
)
_ABSENT, _NEW_LABEL = _VOCABULARY.index("absent"), _VOCABULARY.index("h_new_0")
_OPERATION_LABEL = np.array([_ABSENT, *(_VOCABULARY.index(name) for name in _OPERATIONS)], dtype=np.int8)

_TRIES = 32  # number of edits drawn at a time


def _split_parts(archs: Archs) -> tuple[Archs, Archs, Archs]:
    """Return the operations ``[n, 24]``, their inputs ``[n, 24, 3]`` and the new hidden states ``[n, 3]``."""
    nodes = archs[:, : _NODES * _WIDTH].reshape(len(archs), _NODES, _WIDTH)
    return nodes[..., 0], nodes[..., 1:], archs[:, _NODES * _WIDTH :]


def _is_gapless(digits: Archs) -> Bools:
    """Return where no positive digit follows a 0 along the last axis; ``[n, ...]``."""
    there = digits > 0
    return np.asarray((there[..., 1:] <= there[..., :-1]).all(axis=-1))


def _grow_recipe(arch: Archs) -> Archs:
    """Append a node with the only input ``x`` to one recipe ``[1, 99]``; ``[4, 99]``, or no rows if it is full."""
    n_nodes = int((_split_parts(arch)[0] > 0).sum())
    grown = np.repeat(arch, len(_UNARY) if n_nodes < _NODES else 0, axis=0)
    if n_nodes < _NODES:
        grown[:, n_nodes * _WIDTH], grown[:, n_nodes * _WIDTH + 1] = _UNARY, _X
    return grown


def _shrink_recipe(arch: Archs) -> Archs:
    """Drop the last node of one recipe ``[1, 99]`` if its only input is ``x``; ``[1, 99]``, or no rows.

    The result is not a valid recipe if the node is a hidden state.
    """
    operations, inputs, _ = _split_parts(arch)
    last = int((operations > 0).sum()) - 1
    if inputs[0, last].tolist() != [_X, 0, 0]:
        return arch[:0]
    shrunk = arch.copy()
    shrunk[:, last * _WIDTH : (last + 1) * _WIDTH] = 0
    return shrunk


class NASBenchNLP(SearchSpace):
    """Recurrent cells; not enumerated, so there is no ``index``."""

    name = "nbnlp"
    operations = _OPERATIONS
    decisions = (
        *(f"node_{v}_{part}" for v in range(_NODES) for part in ("op", "in_1", "in_2", "in_3")),
        *(f"h_new_{k}" for k in range(_HIDDEN)),
    )
    cardinality = np.array(
        [c for v in range(_NODES) for c in (1 + len(_OPERATIONS), *[_FIRST_NODE + v] * _INPUTS)]
        + [1 + _NODES] * _HIDDEN
    )

    @property
    def size(self) -> float:
        """Unknown (``inf``)."""
        return math.inf

    def is_valid(self, archs: Archs) -> Bools:
        """Return whether each row is a valid recipe; ``[n]``."""
        archs = as_archs(archs, len(self.decisions))
        valid = np.asarray((archs.view(np.uint8) < self.cardinality).all(axis=1))
        operations, inputs, new = _split_parts(archs[valid])
        n_nodes, n_inputs, n_new = ((part > 0).sum(axis=-1) for part in (operations, inputs, new))
        fits = _is_gapless(operations) & _is_gapless(inputs).all(axis=1) & _is_gapless(new)
        fits &= ((n_inputs >= _FEWEST[operations]) & (n_inputs <= _MOST[operations])).all(axis=1)
        fits &= (n_new > 0) & (new <= n_nodes[:, None]).all(axis=1)
        for k in range(_HIDDEN):
            fits &= ~(inputs == _FIRST_HIDDEN + k).any(axis=(1, 2)) | (n_new > k)
            fits &= ((new[:, :k] != new[:, k, None]) | (new[:, k, None] == 0)).all(axis=1)
        valid[valid] = fits
        return valid

    def sample(self, n: int, rng: np.random.Generator) -> Archs:
        """Draw ``n`` recipes: first the number of nodes and hidden states, then every choice uniformly; ``[n, 99]``."""
        n_nodes = rng.integers(1, _NODES + 1, size=n)
        n_new = rng.integers(1, np.minimum(n_nodes, _HIDDEN) + 1)
        operations = rng.integers(1, len(_FEWEST), size=(n, _NODES))
        n_inputs = rng.integers(_FEWEST[operations], _MOST[operations] + 1)
        sources = rng.integers(0, (1 + n_new[:, None] + np.arange(_NODES))[..., None], size=(n, _NODES, _INPUTS))
        # Sources count x, then the existing hidden states, then the earlier nodes.
        inputs = sources + _X + np.where(sources > n_new[:, None, None], _HIDDEN - n_new[:, None, None], 0)
        inputs[np.arange(_INPUTS) >= n_inputs[..., None]] = 0
        order = np.argsort(rng.random((n, _NODES)) + (np.arange(_NODES) >= n_nodes[:, None]), axis=1)[:, :_HIDDEN] + 1
        new = np.where(np.arange(_HIDDEN) < n_new[:, None], order, 0)
        nodes = np.concatenate([operations[..., None], inputs], axis=2)
        nodes[np.arange(_NODES) >= n_nodes[:, None]] = 0
        archs: Archs = np.concatenate([nodes.reshape(n, _NODES * _WIDTH), new], axis=1).astype(np.int8)
        return archs

    def _apply_edit(self, arch: Archs) -> Archs:
        """Return all recipes one edit away from one recipe ``[1, 99]``; ``[m, 99]``."""
        edits = np.concatenate([list_single_edits(arch, self.cardinality)[0], _grow_recipe(arch), _shrink_recipe(arch)])
        valid: Archs = edits[self.is_valid(edits)]
        return valid

    def neighbors(self, archs: Archs) -> tuple[Archs, Ints]:
        """Return every recipe one edit away, ``[m, 99]``, and the row ``[m]`` each belongs to."""
        archs = self.checked(archs)
        edited = [self._apply_edit(archs[i : i + 1]) for i in range(len(archs))]
        owner = np.repeat(np.arange(len(archs)), [len(edits) for edits in edited])
        return np.concatenate([archs[:0], *edited]), owner

    def mutate(self, archs: Archs, rng: np.random.Generator) -> Archs:
        """Move each recipe to one of its neighbours, uniformly; ``[n, 99]``."""
        archs = self.checked(archs)
        return np.concatenate([archs[:0], *(self._mutate_one(archs[i : i + 1], rng) for i in range(len(archs)))])

    def _mutate_one(self, arch: Archs, rng: np.random.Generator) -> Archs:
        """Draw edits of one recipe ``[1, 99]`` until one is valid; trying them all takes twenty times as long."""
        others = np.concatenate([_grow_recipe(arch), _shrink_recipe(arch)])
        ends = np.cumsum(self.cardinality - 1)  # single edits, column by column
        while True:  # terminates: some edit is always valid, such as x to h_prev_0 or back
            drawn = rng.integers(0, ends[-1] + len(others), size=_TRIES)
            edits = np.repeat(arch, _TRIES, axis=0)
            single = np.flatnonzero(drawn < ends[-1])
            column = np.searchsorted(ends, drawn[single], side="right")
            step = 1 + drawn[single] - (ends[column] - self.cardinality[column] + 1)
            edits[single, column] = (edits[single, column] + step) % self.cardinality[column]
            edits[drawn >= ends[-1]] = others[drawn[drawn >= ends[-1]] - ends[-1]]
            valid = np.flatnonzero(self.is_valid(edits))
            if len(valid):
                return edits[valid[:1]]

    def canonicalize(self, archs: Archs) -> Archs:
        """Return the recipes unchanged; ``[n, 99]``."""
        return self.checked(archs).copy()

    def graphs(self, archs: Archs) -> Graphs:
        """Return graphs of 33 vertices: input, x, old hidden states, nodes, new hidden states, output.

        The graph contains neither the order of a node's inputs nor repeated inputs.
        """
        archs = self.checked(archs)
        n, (operations, inputs, new) = len(archs), _split_parts(archs)
        first, last = _FIRST_NODE, _FIRST_NODE + _NODES + _HIDDEN
        n_new = (new > 0).sum(axis=1)[:, None]
        adjacency = np.zeros((n, last + 1, last + 1), dtype=np.uint8)
        adjacency[:, 0, _X] = 1
        adjacency[:, 0, _FIRST_HIDDEN:first] = np.arange(_HIDDEN) < n_new
        row, node, place = np.nonzero(inputs)
        adjacency[row, inputs[row, node, place], first + node] = 1
        row, k = np.nonzero(new)
        adjacency[row, first + new[row, k] - 1, first + _NODES + k] = 1
        adjacency[row, first + _NODES + k, last] = 1
        labels = np.full((n, last + 1), _ABSENT, dtype=np.int8)
        labels[:, :_FIRST_HIDDEN] = np.arange(_FIRST_HIDDEN)
        labels[:, _FIRST_HIDDEN:first] = np.where(np.arange(_HIDDEN) < n_new, np.arange(_FIRST_HIDDEN, first), _ABSENT)
        labels[:, first : first + _NODES] = _OPERATION_LABEL[operations]
        labels[:, first + _NODES : last] = np.where(new > 0, np.arange(_NEW_LABEL, _NEW_LABEL + _HIDDEN), _ABSENT)
        labels[:, last] = len(_VOCABULARY) - 1
        return Graphs(adjacency, labels, _VOCABULARY)

    def parse(self, texts: Sequence[str]) -> Archs:
        """Read recipes as JSON.

        Raises:
            InvalidArchitecture: a text is not a JSON object of nodes, an operation or input is unknown, nodes form a
                circle, or there are more nodes, inputs or hidden states than the space allows.
        """
        archs = np.zeros((len(texts), len(self.decisions)), dtype=np.int8)
        for row, text in zip(archs, texts, strict=True):
            try:
                recipe = json.loads(text)
                _write(recipe, row)
            except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
                raise self._make_malformed(str(text), str(error)) from None
        for text, arch, valid in zip(texts, archs, self.is_valid(archs), strict=True):
            if not valid:
                raise self._make_malformed(str(text), self._find_broken_rule(arch))
        return archs

    def _explain_broken_rule(self, arch: Archs) -> str:
        operations, inputs, new = (part[0] for part in _split_parts(arch[None]))
        n_nodes, n_inputs = int((operations > 0).sum()), (inputs > 0).sum(axis=1)
        wrong = np.flatnonzero((n_inputs < _FEWEST[operations]) | (n_inputs > _MOST[operations]))
        if not (_is_gapless(operations) and _is_gapless(inputs).all()):
            return "nodes and their inputs must be listed without gaps, with empty ones (0) last"
        if len(wrong):
            name = _OPERATIONS[operations[wrong[0]] - 1] if operations[wrong[0]] else "no operation"
            fewest, most = _FEWEST[operations[wrong[0]]], _MOST[operations[wrong[0]]]
            return f"node {wrong[0]} is {name} with {n_inputs[wrong[0]]} inputs; it takes {fewest} to {most}"
        if not new[0]:
            return "no node is the new hidden state h_new_0"
        if not _is_gapless(new):
            return "there is a new hidden state h_new_2, but no h_new_1"
        if new.max() > n_nodes:
            return f"a hidden state is node {new.max() - 1}, but there are {n_nodes} nodes, counted from 0"
        named = new[new > 0]
        if len(set(named.tolist())) < len(named):
            return "two hidden states are the same node"
        return f"an input is a hidden state of the previous step that no node computes; there are {len(named)}"

    def read_one(self, item: Any) -> Archs:
        """Read a recipe given as a dictionary; ``[1, 99]``."""
        is_recipe = isinstance(item, Mapping) and set(item) != set(self.decisions)
        return self.parse([json.dumps(item, default=str)]) if is_recipe else super().read_one(item)

    def format(self, archs: Archs) -> list[str]:
        """Write recipes as JSON; nodes that are not hidden states get the names ``node_0`` and so on."""
        return [json.dumps(_read_recipe(arch)) for arch in self.checked(archs)]


def _sort_nodes(recipe: Mapping[str, Any]) -> list[str]:
    """Return the names of the nodes in the order of the recipe, but each after its inputs."""
    waiting, done = list(recipe), dict.fromkeys(["x", *(f"h_prev_{k}" for k in range(_HIDDEN))])
    order: list[str] = []
    while waiting:
        ready = next((name for name in waiting if all(source in done for source in recipe[name]["input"])), None)
        if ready is None:
            raise ValueError(f"an input of node '{waiting[0]}' is unknown or depends on the node itself")
        waiting.remove(ready)
        done[ready] = None
        order.append(ready)
    return order


def _write(recipe: Any, row: Archs) -> None:
    """Write a recipe into one row ``[99]`` of zeros.

    Raises:
        ValueError, TypeError, KeyError, AttributeError: the object is not a recipe.
    """
    if not isinstance(recipe, dict) or not 1 <= len(recipe) <= _NODES:
        raise ValueError(f"expected an object of 1 to {_NODES} nodes")
    digits = {"x": _X} | {f"h_prev_{k}": _FIRST_HIDDEN + k for k in range(_HIDDEN)}
    if reserved := digits.keys() & recipe.keys():
        raise ValueError(f"a node has the name '{min(reserved)}', which is reserved for an input")
    for v, name in enumerate(_sort_nodes(recipe)):
        operation, inputs = recipe[name]["op"], recipe[name]["input"]
        if operation not in _OPERATIONS or not isinstance(inputs, list) or len(inputs) > _INPUTS:
            raise ValueError(
                f"node '{name}' is {operation!r} of {inputs!r:.60}: unknown operation, or more than {_INPUTS} inputs"
            )
        row[v * _WIDTH] = 1 + _OPERATIONS.index(operation)
        row[v * _WIDTH + 1 : v * _WIDTH + 1 + len(inputs)] = [digits[source] for source in inputs]
        digits[name] = _FIRST_NODE + v
        if name.startswith("h_new_") and name.removeprefix("h_new_").isdecimal():
            k = int(name.removeprefix("h_new_"))
            if k >= _HIDDEN:
                raise ValueError(f"'{name}': there are at most {_HIDDEN} hidden states")
            row[_NODES * _WIDTH + k] = 1 + v


def _read_recipe(arch: Archs) -> dict[str, dict[str, Any]]:
    operations, inputs, new = (part[0].tolist() for part in _split_parts(arch[None]))
    hidden = {node: f"h_new_{k}" for k, node in enumerate(new) if node}
    names = ["x", *(f"h_prev_{k}" for k in range(_HIDDEN))]
    names += [hidden.get(1 + v, f"node_{v}") for v in range(_NODES)]
    return {
        names[_FIRST_NODE - _X + v]: {
            "op": _OPERATIONS[operation - 1],
            "input": [names[digit - _X] for digit in inputs[v] if digit],
        }
        for v, operation in enumerate(operations)
        if operation
    }
