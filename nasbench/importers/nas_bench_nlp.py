"""NAS-Bench-NLP: training logs of recurrent cells on Penn Treebank and WikiText-2, one JSON file per run.

Source: Klyuchnikov et al. 2020, "NAS-Bench-NLP: Neural Architecture Search Benchmark for Natural Language
Processing", arXiv 2006.07116; the repository ``fmsnew/nas-bench-nlp-release``, folders ``train_logs_single_run``,
``train_logs_multi_runs`` and ``train_logs_wikitext-2``, unzipped. The layout is that of ``main_one_model_train.py``,
which writes the files, and of a log that ``reproduce_model.ipynb`` prints: ``recepie`` (sic: the cell, as JSON in a
text), ``recepie_id``, ``data``, the settings of training, ``train_losses``, ``val_losses``, ``test_losses`` (nats
per word: the logarithm of the perplexity), ``wall_times`` (seconds of training in each epoch) and ``num_params``.

A training run that diverged has fewer epochs, or losses that are not numbers; these values stay missing. Only the name
of a file distinguishes repeated runs, so the importer numbers the runs of a recipe under one schedule in the order of
their files. Files with equal content are the same run. The schedule's name ends with a digest of all settings.

The logs cover about 14,000 of countless recipes, so a search of the whole space would soon propose an untrained one.
The tasks ``nbnlp-ptb`` and ``nbnlp-wikitext2`` are for predictors, and for searches among the trained recipes.
"""

import hashlib
import json
import math
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np

from nasbench.arrays import Archs, Floats
from nasbench.errors import InvalidArchitecture, SourceError
from nasbench.importers._json import load_object, read_number
from nasbench.spaces.nbnlp import NASBenchNLP
from nasbench.table import Measurement, Static, TableBuilder

_LOSSES = {"train": "train_losses", "valid": "val_losses", "test": "test_losses"}
_SETTINGS = (
    *("batch_size", "emsize", "nhid", "nlayers", "dropout", "dropouth", "dropouti", "dropoute", "wdrop"),
    *("tied", "bptt", "lr", "wdecay", "epochs", "alpha", "beta", "clip"),
)
_MOST_EPOCHS = 10_000
_LEAST_PERPLEXITY = 20.0  # no perplexity is lower and no loss is higher: losses above it are perplexities
_FEWEST_PARAMS = 1e3
_Column = tuple[str, str, str, str]  # data set, recipe, split, metric


class _Run(NamedTuple):
    """One training run; ``curves`` holds [t] values from epoch 1 on, by split and metric."""

    dataset: str
    recipe: str
    epochs: int
    recipe_id: float
    curves: dict[tuple[str, str], Floats]


class NASBenchNLPLogs:
    """Reads the unzipped logs."""

    table: ClassVar[str] = "nbnlp"
    where: ClassVar[str] = (
        "unzip train_logs_single_run/logs.zip (and the other two) of https://github.com/fmsnew/nas-bench-nlp-release"
    )

    def read(self, source: Path) -> TableBuilder:
        """Read every ``log_stats_model_*.json`` below a folder, or one such file.

        Raises:
            SourceError: there are no logs, or one breaks the format or has values outside their units; names the file.
        """
        files = sorted(source.rglob("log_stats_model_*.json")) if source.is_dir() else [source]
        if not files:
            raise SourceError(f"{source} holds no files log_stats_model_*.json; {self.where}")
        archs, official, gathered = _gather_runs(files, self.where)
        _refuse_perplexities(source, gathered)
        return TableBuilder(
            name=self.table,
            title=f"NAS-Bench-NLP: learning curves of {len(archs):,} recurrent cells as language models",
            space="nbnlp",
            citation="Klyuchnikov et al., NAS-Bench-NLP, IEEE Access 2022, arXiv 2006.07116",
            licence="Apache-2.0",
            source="https://github.com/fmsnew/nas-bench-nlp-release, training logs",
            notes=(
                "Losses are nats a word, the logarithm of the perplexity, after each epoch and without dropout; those "
                "of a training that diverged are missing. train_s is the seconds of training up to each epoch, without "
                "the evaluations. n_params stands at the last epoch. Seeds number the runs of a recipe under one "
                "schedule in the order of their files. Recipes that differ in the names of nodes alone are one "
                "architecture here; official_id is the smallest of theirs."
            ),
            architectures=archs,
            cardinality=NASBenchNLP.cardinality,
            measurements=[_build_measurement(len(archs), column, runs) for column, runs in sorted(gathered.items())],
            statics=[
                Static(dataset="all", metric="official_id", unit="none", direction="none", values=official),
            ],
        )


def _gather_runs(
    files: Iterable[Path], where: str
) -> tuple[Archs, Floats, dict[_Column, dict[tuple[int, int], tuple[int, Floats]]]]:
    """Return the distinct recipes [n, 99], their official numbers [n], and column -> (row, seed) -> (epochs, curve)."""
    rows: dict[bytes, int] = {}
    numbers: dict[int, float] = {}
    runs: dict[tuple[int, str, str], dict[str, _Run]] = defaultdict(dict)
    for path in files:
        loaded = load_object(path, where)
        arch, run = _read(path, loaded, where)
        row = rows.setdefault(arch.tobytes(), len(rows))
        numbers[row] = min(run.recipe_id, numbers.get(row, math.inf))
        digest = hashlib.sha256(json.dumps(loaded, sort_keys=True).encode()).hexdigest()
        runs[row, run.dataset, run.recipe].setdefault(digest, run)
    gathered: dict[_Column, dict[tuple[int, int], tuple[int, Floats]]] = defaultdict(dict)
    for (row, dataset, recipe), distinct in runs.items():
        for seed, run in enumerate(distinct.values()):
            for (split, metric), curve in run.curves.items():
                if not np.isnan(curve).all():
                    gathered[dataset, recipe, split, metric][row, seed] = (run.epochs, curve)
    archs: Archs = np.frombuffer(b"".join(rows), dtype=np.int8).reshape(len(rows), -1).copy()
    return archs, np.array([numbers[row] for row in range(len(rows))]), gathered


def _read(path: Path, loaded: dict[str, Any], where: str) -> tuple[Archs, _Run]:
    """Check one log; return its recipe ``[1, 99]`` and its run in the units of the schema."""
    try:
        arch = NASBenchNLP().parse([loaded["recepie"]])
        epochs = int(read_number(loaded["epochs"]))
        curves = {(split, "loss"): _read_curve(loaded, name) for split, name in _LOSSES.items()}
        seconds = _read_curve(loaded, "wall_times")
        n_params = read_number(loaded["num_params"])
        dataset = Path(str(loaded["data"])).name
        recipe = _name_recipe(loaded)
        recipe_id = read_number(loaded["recepie_id"])
    except InvalidArchitecture as error:
        raise SourceError(f"{path}: {error}") from None
    except (KeyError, TypeError, ValueError) as error:
        raise SourceError(f"{path} breaks the format: {error!r}; {where}") from None
    lengths = {len(curve) for curve in (*curves.values(), seconds)}
    if not 1 <= epochs <= _MOST_EPOCHS or len(lengths) > 1 or max(lengths) > epochs:
        raise SourceError(f"{path}: lists of {sorted(lengths)} values in a training run of {epochs} epochs")
    for label, values in (*curves.items(), ("wall_times", seconds)):
        if (values < 0).any():
            raise SourceError(f"{path}: {label} {values[values < 0][0]:g} is below 0")
    if not n_params >= _FEWEST_PARAMS:
        raise SourceError(f"{path}: num_params is {n_params:g}, expected a plain number")
    curves["train", "train_s"] = np.cumsum(seconds)
    curves["train", "n_params"] = np.array([math.nan] * (epochs - 1) + [n_params])
    return arch, _Run(dataset, recipe, epochs, recipe_id, curves)


def _read_curve(loaded: dict[str, Any], name: str) -> Floats:
    """Return a list of numbers ``[t]``, with nan where a value is not finite."""
    if not isinstance(loaded[name], list):
        raise TypeError(f"{name} is {type(loaded[name]).__name__}, expected a list")
    values = np.array([read_number(value) for value in loaded[name]], dtype=np.float64)
    return np.where(np.isfinite(values), values, np.nan)


def _name_recipe(loaded: dict[str, Any]) -> str:
    """Return a name such as ``epochs50-1a2b3c4d`` from all settings of training."""
    settings = json.dumps({name: loaded[name] for name in _SETTINGS}, sort_keys=True)
    return f"epochs{int(loaded['epochs'])}-{hashlib.sha256(settings.encode()).hexdigest()[:8]}"


def _refuse_perplexities(source: Path, gathered: dict[_Column, dict[tuple[int, int], tuple[int, Floats]]]) -> None:
    for (dataset, _, split, metric), runs in gathered.items():
        least = min(float(np.nanmin(curve)) for _, curve in runs.values())
        if metric == "loss" and least > _LEAST_PERPLEXITY:
            raise SourceError(
                f"{source}: the smallest {split} loss on {dataset} is {least:g}: these are perplexities; expected "
                "their logarithms"
            )


def _build_measurement(n: int, column: _Column, runs: dict[tuple[int, int], tuple[int, Floats]]) -> Measurement:
    """Return a column ``[n, s, t]``, nan where there is no measurement."""
    dataset, recipe, split, metric = column
    epochs = next(epochs for epochs, _ in runs.values())
    n_seeds = 1 + max(seed for _, seed in runs)
    values = np.full((n, n_seeds, epochs), np.nan)
    for (row, seed), (_, curve) in runs.items():
        values[row, seed, : len(curve)] = curve
    kept = np.arange(epochs) if metric != "n_params" else np.array([epochs - 1])
    return Measurement(
        dataset=dataset,
        recipe=recipe,
        split=split,
        metric=metric,
        unit={"loss": "nats", "train_s": "s", "n_params": "count"}[metric],
        direction="minimize",
        values=values[:, :, kept] if metric == "n_params" else values.astype(np.float32),
        seeds=np.arange(n_seeds),
        epochs=kept + 1,
    )
