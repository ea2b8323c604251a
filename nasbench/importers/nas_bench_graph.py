"""NAS-Bench-Graph, from the PyPI package ``nas-bench-graph`` (THUMNLab; Apache-2.0).

For nine graph data sets it holds the validation and test performance (mean of three seeds), the latency and the
number of parameters of 26,206 architectures (2,021 for Proteins), by their official hash.
"""

from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from nasbench.arrays import Floats
from nasbench.errors import SourceError
from nasbench.importers._source import open_source
from nasbench.importers._unpickle import load_plain
from nasbench.spaces.nbgraph import NASBenchGraph
from nasbench.table import Measurement, Static, TableBuilder

_DATASETS = ("arxiv", "citeseer", "computers", "cora", "cs", "photo", "physics", "proteins", "pubmed")
_FIELDS = {"valid_perf", "perf", "latency", "para"}


class NASBenchGraphLight:
    """Reads the nine ``light/*.bench`` pickles of the package."""

    table: ClassVar[str] = "nbgraph"
    where: ClassVar[str] = "get it with: pip download --no-deps nas-bench-graph==1.4.0"

    def read(self, source: Path) -> TableBuilder:
        """Read the wheel, the installed package, or its data folder.

        Raises:
            SourceError: the package is another one, a hash is unknown, or values are outside their units.
        """
        members = {name: f"light/{name}.bench" for name in _DATASETS}
        files = open_source(source, list(members.values()), self.where)
        space = NASBenchGraph()
        place = {official: row for row, official in enumerate(space.hashes(space.rows).tolist())}
        measurements, statics = [], []
        for dataset in _DATASETS:
            columns = _read_columns(load_plain(files[members[dataset]], f"{dataset}.bench"), place, dataset)
            measurements += [
                _build_performance(columns["valid_perf"], dataset, "valid"),
                _build_performance(columns["perf"], dataset, "test"),
            ]
            for metric, unit, values in (
                ("latency_s", "s", columns["latency"]),
                ("n_params", "count", np.round(_read_millions(columns["para"], dataset) * 1e6, 3)),
            ):
                statics.append(Static(dataset=dataset, metric=metric, unit=unit, direction="minimize", values=values))
        return TableBuilder(
            name=self.table,
            title="NAS-Bench-Graph: 26,206 graph neural networks, nine data sets, validation and test",
            space="nbgraph",
            citation="Qin, Zhang, Wang, Zhang & Zhu, NAS-Bench-Graph, NeurIPS 2022, arXiv 2206.09166",
            licence="Apache-2.0",
            source="PyPI nas-bench-graph 1.4.0, nas_bench_graph/light/*.bench",
            notes=(
                "Performance is the mean of three trained seeds, which the source does not give apart; so is the "
                "number of parameters, where seeds chose other hidden sizes. It is accuracy, ROC-AUC for proteins. "
                "Recipe 'tuned': hyperparameters were tuned per data set by the authors; epoch 1 stands for the whole "
                "training, whose length the source does not give. Proteins has 2,021 architectures: five operations."
            ),
            architectures=space.rows,
            cardinality=space.cardinality,
            measurements=measurements,
            statics=statics,
        )


def _read_columns(loaded: Any, place: dict[int, int], dataset: str) -> dict[str, Floats]:
    if not isinstance(loaded, dict):
        raise SourceError(f"{dataset}.bench holds {type(loaded).__name__}, expected a dictionary")
    columns = {key: np.full(len(place), np.nan) for key in _FIELDS}
    for official, entry in loaded.items():
        if official not in place or not isinstance(entry, dict) or entry.keys() != _FIELDS:
            raise SourceError(
                f"{dataset}.bench: entry {official!r} is not an architecture with fields {sorted(_FIELDS)}"
            )
        try:
            for key, value in entry.items():
                columns[key][place[official]] = value
        except (TypeError, ValueError):
            raise SourceError(f"{dataset}.bench: {key} of entry {official} is {value!r}, expected a number") from None
    return columns


def _build_performance(values: Floats, dataset: str, split: str) -> Measurement:
    if not np.nanmax(values) <= 1.0:
        raise SourceError(f"{dataset}.bench: {split} performance up to {np.nanmax(values)} is not a fraction")
    return Measurement(
        dataset=dataset,
        recipe="tuned",
        split=split,
        metric="roc_auc" if dataset == "proteins" else "accuracy",
        unit="fraction",
        direction="maximize",
        values=values[:, None, None],
        seeds=np.array([0]),
        epochs=np.array([1]),
    )


def _read_millions(values: Floats, dataset: str) -> Floats:
    if not 1e-3 < np.nanmax(values) < 1e3:
        raise SourceError(f"{dataset}.bench: {np.nanmax(values)} is not a number of parameters in millions")
    return values
