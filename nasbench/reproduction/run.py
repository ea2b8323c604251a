"""Run a published table: judge each row under each interpretation, and keep the result as plain data."""

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
from nasbench.reproduction.schema import Interpretation, Published, Row
from nasbench.reproduction.searches import ReproductionPlan, Searches, count_evaluations
from nasbench.reproduction.verdicts import ClaimVerdict, Judged, JudgedRow, judge_overall, judge_table

FORMAT, VERSION = "nasbench-reproduction", 3


@dataclass(frozen=True)
class Lab:
    """What all rows of a published table share during a run."""

    published: Published
    columns: Columns
    searches: Searches
    plan: ReproductionPlan

    def ours(self, row: Row, interpretation: Interpretation) -> dict[str, Sample]:
        """Return our numbers for a row, by column.

        Raises:
            CannotJudge: something is missing; the message says what, and how to get it.
        """
        columns, scale = self.columns.by(interpretation), self.published.scale
        kinds: dict[str, Callable[[], dict[str, Sample]]] = {
            "search": lambda: self.searches.of(row, interpretation),
            "cells": lambda: tables.look_up_cells(columns, row, scale),
            "statistic": lambda: tables.compute_statistic(columns, row, interpretation, scale),
            "best_of": lambda: tables.compute_best_of(columns, row, interpretation, scale),
            "correlation": lambda: tables.compute_correlation(columns, row),
            "evaluations": lambda: count_evaluations(
                columns, row, self.published.strategy(row, interpretation), self.plan.runs
            ),
            "predictor": lambda: measure_predictions(columns, row, self.plan),
            "extrapolation": lambda: measure_extrapolations(self.published, row, self.plan),
            "none": lambda: _refuse_row(row.ours["reason"]),
        }
        return kinds[row.ours["kind"]]()


def _refuse_row(reason: str) -> dict[str, Sample]:
    raise CannotJudge(reason)


def reproduce(published: Published, plan: ReproductionPlan) -> dict[str, Any]:
    """Run a published table, judge it, and store the result beside the records.

    Returns:
        Plain data: the verdict, and for each interpretation the rows with the published numbers and ours.

    Raises:
        NasbenchError: invalid options or an invalid declaration.
    """
    begin = perf_counter()
    columns = Columns(published)
    lab = Lab(published, columns, Searches(published, columns, plan), plan)
    interpretations = [_read(lab, interpretation) for interpretation in published.interpretations]
    best = _choose_best(interpretations, [not interpretation.explored for interpretation in published.interpretations])
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
        "verdict": interpretations[best]["verdict"],
        "interpretation": interpretations[best]["name"],
        "interpretations": interpretations,
    }
    write_text(get_result_file(plan.out, published.name), json.dumps(result, indent=1, allow_nan=False) + "\n")
    return result


def _read(lab: Lab, interpretation: Interpretation) -> dict[str, Any]:
    """Return an interpretation with its judged rows."""
    samples: list[Mapping[str, Sample]] = []
    reasons = []
    for row in lab.published.rows:
        reason, sample = "", {}  # type: str, dict[str, Sample]
        try:
            sample = lab.ours(row, interpretation)
        except CannotJudge as error:
            reason = str(error)
        samples.append(sample)
        reasons.append(reason)
    judged = judge_table(lab.published, samples)
    rows = [_convert_row(row, reason) for row, reason in zip(judged, reasons, strict=True)]
    about = {"name": interpretation.name, "note": interpretation.note, "explored": interpretation.explored}
    return {**about, "verdict": str(judge_overall(judged)), "rows": rows}


def _choose_best(interpretations: list[dict[str, Any]], allowed: list[bool]) -> int:
    """Return the allowed interpretation that matches best: by verdict, then by the number of reproduced rows."""
    order = [str(verdict) for verdict in ClaimVerdict]

    def rank(i: int) -> tuple[int, int]:
        rows = interpretations[i]["rows"]
        return order.index(interpretations[i]["verdict"]), -sum(
            row["verdict"] == ClaimVerdict.REPRODUCED for row in rows
        )

    return min((i for i, may in enumerate(allowed) if may), key=rank)


def _convert_row(judged: JudgedRow, reason: str) -> dict[str, Any]:
    return {
        "label": judged.row.label,
        "provenance": judged.row.provenance,
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
    """Return the file that holds the result of a table."""
    return out / f"{name}.json"


def load_result(path: Path) -> dict[str, Any]:
    """Read a result that ``reproduce`` stored.

    Raises:
        RecordError: the file is something else, of another version, or damaged.
    """
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        if result["format"] != FORMAT or result["version"] != VERSION:
            raise RecordError(f"{path} is not a {FORMAT} of version {VERSION}: run the table again")
    except (OSError, ValueError, KeyError, TypeError) as error:
        if isinstance(error, NasbenchError):
            raise
        raise RecordError(f"{path} is damaged ({error!r}): delete it and run the table again") from None
    return dict(result)


def load_results(out: Path) -> list[dict[str, Any]]:
    """Read all results in a folder, sorted by name.

    Raises:
        RecordError: there is no result, or one is damaged.
    """
    paths = sorted(out.glob("*.json"))
    if not paths:
        raise RecordError(
            f"{out} holds no results; create them with 'nasbench reproduce run NAME --out {quote_word(out)}'"
        )
    return [load_result(path) for path in paths]
