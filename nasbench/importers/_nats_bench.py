"""Both spaces of NATS-Bench from the official folders, and NAS-Bench-201 from its own archives: see ``_nats_files``.

Source: Dong, Liu, Musial & Gabrys 2021, "NATS-Bench: Benchmarking NAS Algorithms for Architecture
Topology and Size" (arXiv 2009.00437). What the files call ``x-valid`` is the split ``valid`` here,
``x-test`` is ``test``; ``ori-test`` is ``test`` on CIFAR-10, whose official test images are used for
nothing else, and ``valid+test`` on the data sets where ``x-valid`` and ``x-test`` are parts of it.

All of these files contain the same two classes (nats_bench 1.8, nas_201_api 2.1: ``api_utils.py``). A ``*-full`` folder
differs only in ``net_state_dict``, the trained weights. The importer skips them and needs no torch. NAS-Bench-201's
files may lack seconds and latencies; these values stay missing. Only the ``*-simple`` folders were available as
published. The other layouts were tested on files that torch wrote from them.
"""

from collections import Counter, defaultdict
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Floats
from nasbench.errors import InvalidArchitecture, SourceError
from nasbench.importers._nats_files import Item, describe_origin, find_items, name_item, read_item, read_official_number
from nasbench.registry import SPACES
from nasbench.table import Measurement, Static, TableBuilder

# Number of images behind each accuracy: every accuracy in the files is a whole number of images divided by it.
_IMAGES = {
    "cifar10-valid": {"train": 25_000, "x-valid": 25_000, "ori-test": 10_000},
    "cifar10": {"train": 50_000, "ori-test": 10_000},
    "cifar100": {"train": 50_000, "x-valid": 5_000, "x-test": 5_000, "ori-test": 10_000},
    "ImageNet16-120": {"train": 151_700, "x-valid": 3_000, "x-test": 3_000, "ori-test": 6_000},
}
_PART = 128  # number of architectures that one process reads at a time: about 30 MB
_Column = tuple[str, str, str, str]
_STATICS = {"params": ("n_params", "count", 1e6), "flop": ("flops", "count", 1e6), "latency": ("latency_s", "s", 1.0)}


def _split(dataset: str, name: str) -> str:
    """Return this suite's name of a split; raise KeyError if the data set has no such split."""
    if name not in _IMAGES[dataset]:
        raise KeyError(f"split {name} of {dataset}")
    if name == "ori-test":
        return "valid+test" if "x-test" in _IMAGES[dataset] else "test"
    return {"train": "train", "x-valid": "valid", "x-test": "test"}[name]


class NATSBenchImporter:
    """The common part of both importers; see the module's description."""

    table: ClassVar[str]
    where: ClassVar[str]
    _space: ClassVar[str]
    _title: ClassVar[str]

    def parts(self, source: Path) -> list[list[Item]]:
        """Return the items to read, grouped into parts; each part is written to a table of its own.

        Args:
            source: a folder, or one of NAS-Bench-201's archives, of which all bytes must be scanned.

        Raises:
            SourceError: the source is neither of them, or holds no results.
        """
        items = find_items(source, self.where)
        return [items[i : i + _PART] for i in range(0, len(items), _PART)]

    def read(self, part: list[Item]) -> TableBuilder:
        """Read the architectures of one part.

        Raises:
            SourceError: a file is damaged or breaks the format; the message names it.
        """
        space = SPACES.load(self._space)()
        texts: list[str] = []
        gathered = _Gathered()
        for item in part:
            text, states = read_item(item)
            gathered.add_states(len(texts), states, name_item(item))
            texts.append(text)
        try:
            archs = space.parse(texts)
        except InvalidArchitecture as error:
            raise SourceError(
                f"{name_item(part[0])} and following: {error}; is this the other NATS-Bench space?"
            ) from None
        official = np.array([float(read_official_number(item)) for item in part])
        citation, source = describe_origin(part[0])
        index = Static(dataset="all", metric="official_index", unit="none", direction="none", values=official)
        return TableBuilder(
            name=self.table,
            title=self._title,
            space=self._space,
            citation=citation,
            licence="MIT",
            source=source,
            notes=(
                "Seeds are the official ones. cifar10-valid is trained on half of the training images. valid+test is "
                "the official test set where the benchmark splits it into valid and test. train_s is the seconds of "
                "the whole training, eval_s of one evaluation. Where the records of an architecture disagree on "
                "n_params, flops or latency_s, the most frequent value stands and NAME_disagree counts the others. "
                "Top-5 training accuracy was left out."
            ),
            architectures=archs,
            cardinality=space.cardinality,
            measurements=gathered.measurements(len(texts)),
            statics=[index, *gathered.statics(len(texts))],
        )


def _group_by_split(evaluations: dict[str, float]) -> dict[str, dict[int, float]]:
    """Split names such as ``x-valid@0``; return split -> 1-based epoch -> value."""
    curves: dict[str, dict[int, float]] = {}
    for place, value in evaluations.items():
        name, _, epoch = place.partition("@")
        curves.setdefault(name, {})[int(epoch) + 1] = value
    return curves


class _Gathered:
    """Collects the results of architectures and builds columns from them."""

    def __init__(self) -> None:
        self._values: dict[_Column, dict[tuple[int, int], dict[int, float]]] = defaultdict(dict)
        self._statics: dict[tuple[str, str], dict[int, list[float]]] = defaultdict(lambda: defaultdict(list))

    def add_states(self, row: int, states: dict[int, dict[str, Any]], name: str) -> None:
        """Add all results of one architecture.

        Args:
            row: the row of the architecture.
            states: its data, by the number of epochs of the recipe.
            name: its name in error messages.

        Raises:
            SourceError: a result breaks the format; the message names it.
        """
        what = "its results"
        try:
            for epochs, state in states.items():
                for (dataset, seed), result in state["all_results"].items():
                    what = f"results of {dataset}, seed {seed}, epochs{epochs}"
                    self.add(row, f"epochs{epochs}", str(dataset), int(seed), result)
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise SourceError(f"{name}: {what} break the format: {error!r}") from error

    def add(self, row: int, recipe: str, dataset: str, seed: int, result: dict[str, Any]) -> None:
        """Add the result of one training run."""
        last = int(result["epochs"])
        place, key = (dataset, recipe), (row, seed)
        curve = {int(epoch) + 1: value / 100 for epoch, value in result["train_acc1es"].items()}
        self._values[(*place, "train", "accuracy")][key] = curve
        self._values[(*place, "train", "loss")][key] = {int(e) + 1: v for e, v in result["train_losses"].items()}
        if result["train_times"] is not None:
            self._values[(*place, "train", "train_s")][key] = {last: float(sum(result["train_times"].values()))}
        for source, metric in (("eval_acc1es", "accuracy"), ("eval_losses", "loss")):
            for name, curve in _group_by_split(result[source]).items():
                whole = 100.0 if metric == "accuracy" else 1.0
                scaled = {epoch: value / whole for epoch, value in curve.items()}
                self._values[(*place, _split(dataset, name), metric)][key] = scaled
        for name, curve in _group_by_split(result["eval_times"]).items():
            self._values[(*place, _split(dataset, name), "eval_s")][key] = {last: float(np.mean(list(curve.values())))}
        for source, (metric, _, scale) in _STATICS.items():
            value = result[source]
            values = value if isinstance(value, list) else [value]
            self._statics[dataset, metric][row] += [float(v) * scale for v in values if v is not None]

    def measurements(self, n: int) -> list[Measurement]:
        """Return a column for each measured metric, on the union of its seeds and epochs."""
        return [
            self._build_measurement(n, column, entries)
            for column, entries in self._values.items()
            if any(entries.values())
        ]

    def _build_measurement(
        self, n: int, column: _Column, entries: dict[tuple[int, int], dict[int, float]]
    ) -> Measurement:
        dataset, recipe, split, metric = column
        seeds = sorted({seed for _, seed in entries})
        epochs = sorted(set().union(*entries.values()))
        values = np.full((n, len(seeds), len(epochs)), np.nan)
        for (row, seed), curve in entries.items():
            at = slice(None) if len(curve) == len(epochs) else np.searchsorted(epochs, sorted(curve))
            values[row, seeds.index(seed), at] = [curve[epoch] for epoch in sorted(curve)]
        is_accuracy = metric == "accuracy"
        return Measurement(
            dataset=dataset,
            recipe=recipe,
            split=split,
            metric=metric,
            unit={"accuracy": "fraction", "loss": "nats"}.get(metric, "s"),
            direction="maximize" if is_accuracy else "minimize",
            values=values if is_accuracy else values.astype(np.float32),
            seeds=np.array(seeds),
            epochs=np.array(epochs),
            denominator=_count_images(dataset, split) if is_accuracy else 0,
        )

    def statics(self, n: int) -> list[Static]:
        """Return the most frequent value of each static metric, and the number of records that disagree with it."""
        columns = []
        units = {metric: unit for metric, unit, _ in _STATICS.values()}
        for (dataset, metric), by_row in self._statics.items():
            values: Floats = np.full(n, np.nan)
            others: Floats = np.full(n, np.nan)
            for row, seen in by_row.items():
                if seen:
                    values[row], count = Counter(seen).most_common(1)[0]
                    others[row] = len(seen) - count
            if np.isnan(values).all():
                continue
            shared = {"dataset": dataset, "direction": "minimize"}
            columns.append(Static(**shared, metric=metric, unit=units[metric], values=values))
            columns.append(Static(**shared, metric=f"{metric}_disagree", unit="count", values=others))
        return columns


def _count_images(dataset: str, split: str) -> int:
    """Return the number of images behind an accuracy."""
    return next(n for name, n in _IMAGES[dataset].items() if name == split or _split(dataset, name) == split)
