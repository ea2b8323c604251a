"""The contract of a search space: the laws that its methods obey."""

import json
from typing import Any

import numpy as np

from nasbench.arrays import Archs
from nasbench.errors import InvalidArchitecture, UnknownName
from nasbench.spaces import EnumeratedSpace, SearchSpace
from nasbench.testing._messages import check_nothing_shared


def check_space(space: SearchSpace, rng: np.random.Generator, *, n: int = 200) -> None:
    """Check the laws of ``space`` on ``n`` sampled architectures."""
    archs = space.sample(n, rng)
    if archs.shape != (n, len(space.decisions)):
        raise AssertionError(f"sample({n}) has shape {archs.shape}")
    if archs.dtype != space.dtype:
        raise AssertionError(f"sample returns {archs.dtype}, not {space.dtype}")
    if not space.is_valid(archs).all():
        raise AssertionError("sample returns invalid architectures")
    published = space.sample_as_published(n, rng)
    if published.shape != archs.shape:
        raise AssertionError(f"sample_as_published({n}) has shape {published.shape}")
    if not space.is_valid(published).all():
        raise AssertionError("sample_as_published returns invalid architectures")
    if len(space.decisions) != len(space.cardinality):
        raise AssertionError("decisions and cardinality differ in length")
    for law in (_coding, _moves, _canonical, _text, _encodings, _graphs, _refusals):
        law(space, archs, rng)
    if isinstance(space, EnumeratedSpace):
        _index(space, rng)
    check_nothing_shared(space, space.sample(10, rng))


def _coding(space: SearchSpace, archs: Archs, rng: np.random.Generator) -> None:
    del archs, rng
    coding, options = space.coding, space.code_options
    if [item.decision for item in coding] != list(space.decisions):
        raise AssertionError("coding names other decisions")
    n_codes = np.where(space.is_number, 1, space.cardinality).tolist()
    if [len(item.values) for item in coding] != n_codes:
        raise AssertionError("coding has more or fewer codes")
    if options:
        whole: SearchSpace = getattr(space, "inner", space)  # of one restricted to what was measured
        again = type(whole)(**json.loads(json.dumps(options)))
        if again.coding != coding:
            raise AssertionError("code_options do not make the same space again")


def _moves(space: SearchSpace, archs: Archs, rng: np.random.Generator) -> None:
    before = archs.copy()
    neighbors, owner = space.neighbors(archs)
    if not (np.diff(owner) >= 0).all():
        raise AssertionError("neighbours do not come in the order of their architectures")
    pairs = {(i, row.tobytes()) for i, row in zip(owner.tolist(), neighbors, strict=True)}
    if len(pairs) != len(neighbors):
        raise AssertionError("an architecture lists a neighbour twice")
    if any((i, row.tobytes()) in pairs for i, row in enumerate(archs)):
        raise AssertionError("an architecture is its own neighbour")
    if not space.is_valid(neighbors).all():
        raise AssertionError("neighbours are invalid")
    for name in () if space.is_number.any() else ("mutate", "mutate_as_published"):  # a number moves by any step
        children = getattr(space, name)(archs, rng)
        outside = [row.tolist() for i, row in enumerate(children) if (i, row.tobytes()) not in pairs]
        if outside:
            raise AssertionError(f"{name} leaves the neighbourhood: {outside[0]}")
    crossed = space.crossover(archs, archs[::-1].copy(), rng)
    if not space.is_valid(crossed).all():
        raise AssertionError("crossover makes invalid children")
    if not (space.crossover(archs, archs, rng) == archs).all():
        raise AssertionError("crossing an architecture with itself changes it")
    if not (archs == before).all():
        raise AssertionError("a move writes into its argument")
    single = space.mutate(archs[:1], rng)
    if single.shape != (1, archs.shape[1]):
        raise AssertionError(f"one architecture mutates to shape {single.shape}")


def _canonical(space: SearchSpace, archs: Archs, rng: np.random.Generator) -> None:
    del rng
    canonical = space.canonicalize(archs)
    if not space.is_valid(canonical).all():
        raise AssertionError("a canonical form is invalid")
    if not (space.canonicalize(canonical) == canonical).all():
        raise AssertionError("canonicalize is not idempotent")


def _text(space: SearchSpace, archs: Archs, rng: np.random.Generator) -> None:
    del rng
    texts = space.format(archs)
    if not (space.parse(texts) == archs).all():
        raise AssertionError("parse does not invert format")
    for name, form in (("text", texts), ("an array of text", np.array(texts)), ("lists", archs.tolist())):
        if not (space.read(form) == archs).all():
            raise AssertionError(f"read does not take {name}")
    if not (space.read([texts[0], archs[1].tolist()]) == archs[:2]).all():
        raise AssertionError("read does not take several forms at once")
    if len(set(texts)) != len(np.unique(archs, axis=0)):
        raise AssertionError("two architectures share a text")


def _encodings(space: SearchSpace, archs: Archs, rng: np.random.Generator) -> None:
    del rng
    for encoding in space.encodings:
        features = space.encode(archs, encoding)
        if features.ndim != 2:
            raise AssertionError(f"encoding {encoding} has shape {features.shape}")
        if not (space.encode(archs[:1], encoding) == features[:1]).all():
            raise AssertionError(f"encoding {encoding} depends on the batch")
        if space.encode(archs[:0], encoding).shape != (0, features.shape[1]):
            raise AssertionError(f"{encoding} refuses no architectures")
    one_hot = space.encode(archs, "one_hot")
    if not (space.dtype.kind == "f" or (one_hot.sum(axis=1) == len(space.decisions)).all()):
        raise AssertionError("one_hot does not set one bit a decision")
    try:
        space.encode(archs, "no such encoding")
    except UnknownName:
        return
    raise AssertionError("an unknown encoding is accepted")


def _graphs(space: SearchSpace, archs: Archs, rng: np.random.Generator) -> None:
    del rng
    graphs = space.graphs(archs)
    n, v = graphs.operations.shape
    if graphs.adjacency.shape != (n, v, v):
        raise AssertionError(f"adjacency {graphs.adjacency.shape} for operations {(n, v)}")
    if np.tril(graphs.adjacency).any():
        raise AssertionError("vertices are not in topological order")
    if not (graphs.operations < len(graphs.vocabulary)).all():
        raise AssertionError("an operation is outside the vocabulary")
    if not (graphs.operations[:, 0] == 0).all():
        raise AssertionError("the first vertex is not the input")
    if not (graphs.operations[:, -1] == len(graphs.vocabulary) - 1).all():
        raise AssertionError("the last vertex is not the output")


def _refusals(space: SearchSpace, archs: Archs, rng: np.random.Generator) -> None:
    outside = archs[:3].copy()
    outside[1, 0] = space.cardinality[0]
    if space.is_valid(outside).tolist() != [True, False, True]:
        raise AssertionError("is_valid misses a decision out of range")
    strange: tuple[Any, ...] = (archs[0], archs[:, :-1], archs + 0.5, outside, archs[:1] - np.int8(100))
    for wrong in strange:
        try:
            space.mutate(wrong, rng)
        except InvalidArchitecture:
            continue
        raise AssertionError(f"mutate accepts {wrong.dtype} {wrong.shape} {wrong.tolist()[:2]}")
    for text in ("", "nonsense", "|", space.format(archs[:1])[0] + "x"):
        try:
            space.parse([text])
        except InvalidArchitecture:
            continue
        raise AssertionError(f"parse accepts {text!r}")


def _index(space: EnumeratedSpace, rng: np.random.Generator) -> None:
    everything = np.arange(int(space.size))
    if not (space.index(space.unindex(everything)) == everything).all():
        raise AssertionError("unindex does not invert index")
    drawn = rng.choice(everything, size=50)
    one_by_one = [space.index(space.rows[i : i + 1])[0] for i in drawn]
    if one_by_one != drawn.tolist():
        raise AssertionError("index of one architecture differs from that of many")
    for wrong in (-1, int(space.size)):
        try:
            space.unindex(np.array([wrong]))
        except InvalidArchitecture:
            continue
        raise AssertionError(f"unindex accepts {wrong}")
