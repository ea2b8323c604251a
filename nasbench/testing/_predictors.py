"""The contract of a performance predictor: what it may depend on, and what it must refuse."""

import io
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, cast

import numpy as np

from nasbench.arrays import Floats, Ints
from nasbench.errors import InvalidArchitecture, PredictorError
from nasbench.predictions import Batch, Prediction, Predictor, predictor_capabilities_of
from nasbench.spaces import SearchSpace
from nasbench.testing._randomness import leave_global_generators_alone, seed_globals_otherwise

Maker = Callable[[SearchSpace], Predictor]

_EPOCHS = 12
_SAME = 1e-5  # relative: sums in another order, in single precision


def check_predictor(make: Maker, space: SearchSpace, *, options: Mapping[str, Any] | None = None, n: int = 30) -> None:
    """Check that a predictor keeps the contract in ``space``.

    Args:
        make: ``make(space)`` returns a new predictor: a class, for example.
        space: space of the architectures.
        options: keyword arguments of ``make``. There are about eight fits, so choose options that make fitting quick.
        n: number of training points; more if the predictor's ``min_points`` requires it.

    A predictor with ``state`` and ``restore`` must give the same bits after being restored.

    Raises:
        AssertionError: with what was expected and what was seen.
    """
    make = partial(cast(Any, make), **options or {})
    train, score = _problem(space, max(n, predictor_capabilities_of(make(space)).min_points), seed=1)
    query, _ = _problem(space, 24, seed=2)
    predictor = make(space)
    first = _answer(predictor, train, score, query)
    _sound(first, len(query))
    _repeats(make(space), train, score, query, first)
    _learns_from_little(make(space), train, score, query)
    _any_order(predictor, query, first)
    _restores(make, space, predictor, query, first)
    _refuses(make, space, train, score)
    _refuses_strange_rows(predictor, make(space), space, train, score)
    if "curves" in predictor.needs:
        _reads_curves(make(space), train, score, query)


def _problem(space: SearchSpace, n: int, *, seed: int) -> tuple[Batch, Floats]:
    """Draw architectures, and scores that depend on their decisions and on noise."""
    rng = np.random.default_rng(seed)
    archs = space.sample(n, rng)
    weights = [np.random.default_rng(7 + i).random(int(k)) for i, k in enumerate(space.cardinality)]
    clean = np.mean([weight[archs[:, i]] for i, weight in enumerate(weights)], axis=0)
    score = 0.5 + 0.4 * clean + 0.01 * rng.standard_normal(n)
    curves = score[:, None] * np.linspace(0.5, 1, _EPOCHS) + 0.005 * rng.standard_normal((n, _EPOCHS))
    curves[:, -1] = score
    losses = np.stack([1 - curves, 1.1 - curves], axis=2)
    return Batch(archs, curves, score[:, None] + rng.standard_normal((n, 3)), losses), score


def _answer(predictor: Predictor, train: Batch, score: Floats, query: Batch) -> Prediction:
    """Fit and predict, and check that inputs and global generators are unchanged."""
    parts = (train.archs, train.curves, train.proxies, train.losses, score, query.archs, query.curves, query.losses)
    given = [part for part in parts if part is not None]
    before = [part.copy() for part in given]
    with leave_global_generators_alone("the predictor"):
        predictor.fit(train, score, np.random.default_rng(3))
        prediction = predictor.predict(query)
    same = all(np.array_equal(a, b, equal_nan=True) for a, b in zip(before, given, strict=True))
    if not same:
        raise AssertionError("the predictor writes into its input")
    return prediction


def _sound(prediction: Prediction, m: int) -> None:
    for name, values in (("mean", prediction.mean), ("std", prediction.std)):
        if values is None and name == "std":
            continue
        if not isinstance(values, np.ndarray):
            raise AssertionError(f"{name} is a {type(values).__name__}, not an array")
        if values.shape != (m,):
            raise AssertionError(f"{name} has shape {values.shape} for {m} architectures")
        if values.dtype != np.float64:
            raise AssertionError(f"{name} is {values.dtype}, not float64")
        if not np.isfinite(values).all():
            raise AssertionError(f"{name} is not finite: {values}")
    if prediction.std is not None and not (prediction.std > 0).all():
        raise AssertionError(f"std is not positive: {prediction.std.min()}")


def _repeats(predictor: Predictor, train: Batch, score: Floats, query: Batch, first: Prediction) -> None:
    """Fit to other data first, with repeated rows: only the last fit and its ``rng`` may count."""
    rows = np.concatenate([np.arange(len(train)), np.arange(len(train) // 2)])
    twice = score[rows] + np.linspace(0, 0.01, len(rows))
    with seed_globals_otherwise():
        _sound(_answer(predictor, train.take(rows), twice, query), len(query))
        again = _answer(predictor, train, score, query)
    if not _identical(first, again):
        raise AssertionError("the same data and rng give other predictions (global seeds, or an earlier fit)")


def _learns_from_little(predictor: Predictor, train: Batch, score: Floats, query: Batch) -> None:
    """Learn from repeated measurements of one architecture and of eight, and from as few points as possible."""
    least = predictor_capabilities_of(predictor).min_points
    n = min(len(train), max(24, least))
    rows = np.arange(n)
    for what, chosen in {"one": np.zeros(n, dtype=np.int64), "eight": rows % 8, "the fewest": rows[:least]}.items():
        try:
            answer = _answer(predictor, train.take(chosen), score[: len(chosen)], query)
        except Exception as error:
            raise AssertionError(f"{what} architecture(s) in {len(chosen)} training points: {error!r}") from error
        _sound(answer, len(query))


def _identical(a: Prediction, b: Prediction) -> bool:
    return all(
        (x is None and y is None) or (x is not None and y is not None and np.array_equal(x, y))
        for x, y in zip(a, b, strict=True)
    )


def _any_order(predictor: Predictor, query: Batch, first: Prediction) -> None:
    """Predict in another order, in pieces, one by one, and for no architectures."""
    m = len(query)
    order = np.random.default_rng(4).permutation(m)
    for pieces in ([order], np.split(order, [1, 2, 9]), [order[i : i + 1] for i in range(3)]):
        answers = [predictor.predict(query.take(piece)) for piece in pieces]
        asked = np.concatenate(pieces)
        _close("mean", np.concatenate([answer.mean for answer in answers]), first.mean, asked)
        if first.std is not None:
            _close("std", np.concatenate([cast(Floats, answer.std) for answer in answers]), first.std, asked)
    nothing = predictor.predict(query.take(np.arange(0))).mean
    if nothing.shape != (0,):
        raise AssertionError(f"no architectures are answered with shape {nothing.shape}")


def _close(what: str, seen: Floats, whole: Floats, asked: Ints) -> None:
    expected = whole[asked]
    worst = float((np.abs(seen - expected) / np.maximum(np.abs(expected), 1e-9)).max())
    if not (worst <= _SAME):
        raise AssertionError(f"{what} depends on the order or number of rows asked together: {worst:.1e} relative")


def _restores(make: Maker, space: SearchSpace, predictor: Any, query: Batch, first: Prediction) -> None:
    """Write the state to a file that can hold no objects, and read it into a new predictor."""
    if predictor_capabilities_of(predictor).state is None:
        return
    file = io.BytesIO()
    np.savez(file, **predictor.state())
    file.seek(0)
    other: Any = make(space)
    with (
        np.load(file, allow_pickle=False) as stored,
        seed_globals_otherwise(),
        leave_global_generators_alone("the predictor"),
    ):
        other.restore({name: stored[name] for name in stored.files})
        again = other.predict(query)
    if not _identical(first, again):
        raise AssertionError("a restored predictor answers otherwise than the one it was taken from")
    fresh: Any = make(space)
    _raises("the state of a predictor that was not fitted", fresh.state)


def _refuses(make: Maker, space: SearchSpace, train: Batch, score: Floats) -> None:
    predictor = make(space)
    _raises("a question before the first fit", lambda: predictor.predict(train))

    def fit(rows: slice, scores: Floats) -> Callable[[], None]:
        return lambda: predictor.fit(train.take(np.arange(len(train))[rows]), scores, np.random.default_rng(0))

    everything = slice(None)
    offered = predictor_capabilities_of(predictor)
    least = offered.min_points
    _raises(f"{least - 1} training point(s)", fit(slice(least - 1), score[: least - 1]))
    _raises("no training point", fit(slice(0), score[:0]))
    _raises("constant targets", fit(everything, np.full(len(score), 0.5)))
    going_on = offered.learns_from_partial_curves
    for bad in (np.inf,) if going_on else (np.nan, np.inf):
        _raises(f"a target that is {bad}", fit(everything, np.where(np.arange(len(score)) == 3, bad, score)))
    _raises("fewer targets than architectures", fit(everything, score[:-1]))
    _raises("targets in two dimensions", fit(everything, score[:, None]))
    bare = Batch(train.archs)
    if predictor.needs:
        _raises(
            f"a batch without {', '.join(predictor.needs)}",
            lambda: predictor.fit(bare, score, np.random.default_rng(0)),
        )
    _raises("a question after fits that all failed", lambda: predictor.predict(train))


def _refuses_strange_rows(fitted: Predictor, new: Predictor, space: SearchSpace, train: Batch, score: Floats) -> None:
    outside = train.archs.copy()
    outside[3, 0] = space.cardinality[0]
    strange = {
        "a row outside the space": outside,
        "rows of floats": train.archs.astype(np.float64),
        "rows of another space": train.archs[:, 1:],
        "one architecture without its axis": train.archs[0],
    }
    for what, archs in strange.items():
        wrong = replace(train, archs=archs)
        _raises(what, partial(new.fit, wrong, score, np.random.default_rng(0)))
        _raises(f"{what}, in a question,", partial(fitted.predict, wrong))


def _reads_curves(predictor: Predictor, train: Batch, score: Floats, query: Batch) -> None:
    """Predict from learning curves of every length: with gaps, single points, constant, falling, collapsed, empty."""
    going_on = predictor_capabilities_of(predictor).learns_from_partial_curves
    short = replace(train, curves=_cut(train, first=3), losses=_cut_losses(train, first=3)) if going_on else train
    known = np.where(np.arange(len(score)) % 3 == 0, np.nan, score) if going_on else score
    query = replace(query, curves=_spoilt(_cut(query, first=0)), losses=_cut_losses(query, first=0))
    first = _answer(predictor, short, known, query)
    _sound(first, len(query))
    _any_order(predictor, query, first)
    if going_on:
        _sound(_answer(predictor, short, np.full(len(score), np.nan), query), len(query))
    curves = cast(Floats, query.curves)
    for what, bad in (("infinite", np.full_like(curves, np.inf)), ("too narrow", curves[:, :-1]), ("flat", curves[0])):
        _raises(f"curves that are {what}", partial(predictor.predict, replace(query, curves=bad)))


def _cut(batch: Batch, *, first: int) -> Floats:
    """Return learning curves cut after ``first`` epochs, and after one more epoch in each following row, cyclically."""
    curves = cast(Floats, batch.curves)
    length = first + np.arange(len(curves)) % (_EPOCHS + 1 - first)
    return np.where(np.arange(_EPOCHS) < length[:, None], curves, np.nan)


def _cut_losses(batch: Batch, *, first: int) -> Floats:
    return np.where(np.isnan(_cut(batch, first=first))[:, :, None], np.nan, cast(Floats, batch.losses))


def _spoilt(curves: Floats) -> Floats:
    """Return curves [n, 12] of lengths 0 to 12 in turn with a gap, a late start, a constant, a fall and a collapse."""
    curves = curves.copy()
    curves[6, 2:4] = np.nan
    curves[7, :5] = np.nan
    curves[8, :8] = 0.5
    curves[9, :9] = np.linspace(0.8, 0.2, 9)
    curves[10, 4:10] = 0.0
    return curves


def _raises(what: str, call: Callable[[], object]) -> None:
    try:
        call()
    except (PredictorError, InvalidArchitecture):
        return
    raise AssertionError(f"{what} is accepted; expected a PredictorError")
