"""Running a published table: every row by every reading, judged, as plain data that is kept."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import nasbench
from nasbench.errors import NasbenchError, RecordError
from nasbench.files import quote_word, write_text
from nasbench.reproduction import tables
from nasbench.reproduction.columns import Columns
from nasbench.reproduction.curves import measure_extrapolations
from nasbench.reproduction.predictors import measure_predictions
from nasbench.reproduction.samples import CannotJudge, Sample
from nasbench.reproduction.schema import Published, Reading, Row
from nasbench.reproduction.searches import ReproductionPlan, Searches, count_evaluations
from nasbench.reproduction.verdicts import ClaimVerdict, Judged, JudgedRow, judge_overall, judge_table

FORMAT, VERSION = "nasbench-reproduction", 2


@dataclass(frozen=True)
class Lab:
    """What the rows of a table share while it runs."""

    published: Published
    columns: Columns
    searches: Searches
    plan: ReproductionPlan

    def ours(self, row: Row, reading: Reading) -> dict[str, Sample]:
        """Return our numbers of a row by column.

        Raises:
            CannotJudge: something is not there; the message says what, and how to get it.
        """
        columns, scale = self.columns.by(reading), self.published.scale
        kinds: dict[str, Callable[[], dict[str, Sample]]] = {
            "search": lambda: self.searches.of(row, reading),
            "cells": lambda: tables.look_up_cells(columns, row, scale),
            "statistic": lambda: tables.compute_statistic(columns, row, reading, scale),
            "best_of": lambda: tables.compute_best_of(columns, row, reading, scale),
            "correlation": lambda: tables.compute_correlation(columns, row),
            "evaluations": lambda: count_evaluations(
                columns, row, self.published.strategy(row, reading), self.plan.runs
            ),
            "predictor": lambda: measure_predictions(columns, row, self.plan),
            "extrapolation": lambda: measure_extrapolations(self.published, row, self.plan),
            "none": lambda: _refuse_row(row.ours["reason"]),
        }
        return kinds[row.ours["kind"]]()


def _refuse_row(reason: str) -> dict[str, Sample]:
    raise CannotJudge(reason)


def reproduce(published: Published, plan: ReproductionPlan) -> dict[str, Any]:
    """Run a table, judge it, and keep the result beside the records.

    Returns:
        Plain data: the verdict, and for every reading the rows with published and our numbers.

    Raises:
        NasbenchError: options or a declaration without sense.
    """
    begin = perf_counter()
    columns = Columns(published)
    lab = Lab(published, columns, Searches(published, columns, plan), plan)
    readings = [_read(lab, reading) for reading in published.readings]
    best = _choose_best(readings, [not reading.explored for reading in published.readings])
    result = {
        "format": FORMAT,
        "version": VERSION,
        "name": published.name,
        "declaration_sha256": published.sha256,
        "software": nasbench.__version__,
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "runs": plan.runs,
        "quick": plan.quick,
        "seconds": round(perf_counter() - begin, 1),
        "verdict": readings[best]["verdict"],
        "reading": readings[best]["name"],
        "readings": readings,
    }
    write_text(get_result_file(plan.out, published.name), json.dumps(result, indent=1, allow_nan=False) + "\n")
    return result


def _read(lab: Lab, reading: Reading) -> dict[str, Any]:
    """Return a reading with its rows, judged."""
    samples: list[Mapping[str, Sample]] = []
    reasons = []
    for row in lab.published.rows:
        reason, sample = "", {}  # type: str, dict[str, Sample]
        try:
            sample = lab.ours(row, reading)
        except CannotJudge as error:
            reason = str(error)
        samples.append(sample)
        reasons.append(reason)
    judged = judge_table(lab.published, samples)
    rows = [_convert_row(row, reason) for row, reason in zip(judged, reasons, strict=True)]
    told = {"name": reading.name, "note": reading.note, "explored": reading.explored}
    return {**told, "verdict": str(judge_overall(judged)), "rows": rows}


def _choose_best(readings: list[dict[str, Any]], allowed: list[bool]) -> int:
    """Return the allowed reading that matches best: by its verdict, then by the number of rows reproduced."""
    order = [str(verdict) for verdict in ClaimVerdict]

    def rank(i: int) -> tuple[int, int]:
        rows = readings[i]["rows"]
        return order.index(readings[i]["verdict"]), -sum(row["verdict"] == ClaimVerdict.REPRODUCED for row in rows)

    return min((i for i, may in enumerate(allowed) if may), key=rank)


def _convert_row(judged: JudgedRow, reason: str) -> dict[str, Any]:
    return {
        "label": judged.row.label,
        "trust": judged.row.trust,
        "kind": judged.row.ours["kind"],
        "verdict": str(judged.verdict),
        "why": reason or judged.why,
        "note": judged.row.note,
        "cells": {name: _convert_cell(cell) for name, cell in judged.cells.items()},
    }


def _convert_cell(cell: Judged) -> dict[str, Any]:
    published, ours = cell.published, cell.ours
    return {
        "published": None if published is None else {"mean": published.mean, "std": published.std},
        "ours": None if ours is None else _convert_sample(ours),
        "tolerance": cell.tolerance,
        "difference": cell.difference,
        "standard_errors": cell.standard_errors,
        "fit": str(cell.fit),
    }


def _convert_sample(ours: Sample) -> dict[str, Any]:
    low, high = ours.interval
    known = math.isfinite(low)
    return {
        "mean": ours.mean,
        "std": ours.std,
        "runs": None if math.isinf(ours.n) else int(ours.n),
        "low": low if known else None,
        "high": high if known else None,
        "values": None if ours.values is None else [round(value, 6) for value in ours.values.tolist()],
    }


def get_result_file(out: Path, name: str) -> Path:
    """Return where the result of a table is kept."""
    return out / f"{name}.json"


def load_result(path: Path) -> dict[str, Any]:
    """Read a result that ``reproduce`` kept.

    Raises:
        RecordError: another file, or a damaged one.
    """
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        if result["format"] != FORMAT or result["version"] != VERSION:
            raise RecordError(f"{path} is no {FORMAT} of version {VERSION}: run it again")
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, NasbenchError):
            raise
        raise RecordError(f"{path} is damaged ({error!r}): delete it and run it again") from None
    return dict(result)


def load_results(out: Path) -> list[dict[str, Any]]:
    """Return every result kept in a folder, by name.

    Raises:
        RecordError: there is none, or a damaged one.
    """
    paths = sorted(out.glob("*.json"))
    if not paths:
        raise RecordError(f"{out} holds no results; 'nasbench reproduce run NAME --out {quote_word(out)}' makes them")
    return [load_result(path) for path in paths]
