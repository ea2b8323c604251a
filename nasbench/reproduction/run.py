"""Run a published table: judge each row under each interpretation, and keep the result as plain data."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter
from typing import Any

import nasbench
from nasbench.errors import NasbenchError, RecordError
from nasbench.files import quote_word, write_text
from nasbench.reproduction import tables
from nasbench.reproduction.cells import Fit, Judged
from nasbench.reproduction.columns import Columns
from nasbench.reproduction.curves import measure_extrapolations
from nasbench.reproduction.predictors import measure_predictions
from nasbench.reproduction.samples import CannotJudge, Sample
from nasbench.reproduction.schema import Interpretation, Published, Row
from nasbench.reproduction.searches import ReproductionPlan, Searches, count_evaluations
from nasbench.reproduction.verdicts import ClaimVerdict, JudgedRow, JudgedTable, judge_table

FORMAT, VERSION = "nasbench-reproduction", 4
"""The version is that of the rules of the verdicts too: results that were judged by others are not mixed."""


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
    judged = [_judge(lab, interpretation) for interpretation in published.interpretations]
    explored = [interpretation.explored for interpretation in published.interpretations]
    best = choose_best([table for table, _ in judged], explored)
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
        "verdict": str(judged[best][0].verdict),
        "summary": summarize_verdict(judged[best][0], len(explored) - sum(explored)),
        "interpretation": published.interpretations[best].name,
        "interpretations": [
            _convert_table(published, interpretation, *table)
            for interpretation, table in zip(published.interpretations, judged, strict=True)
        ],
    }
    write_text(get_result_file(plan.out, published.name), json.dumps(result, indent=1, allow_nan=False) + "\n")
    return result


def _judge(lab: Lab, interpretation: Interpretation) -> tuple[JudgedTable, list[str]]:
    """Return the judged table under an interpretation, and for each row what it lacks."""
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
    return judge_table(lab.published, samples), reasons


def choose_best(tables: Sequence[JudgedTable], explored: Sequence[bool]) -> int:
    """Return the interpretation that matches best: with the fewest rows not reproduced, then the most rows reproduced.

    Then the most cells within. An undecided row is nearer to the paper than one that is not reproduced.
    """

    def rank(i: int) -> tuple[int, int, int]:
        judged = tables[i].judged
        within = sum(cell.fit is Fit.WITHIN for row in tables[i].rows for cell in row.cells.values())
        return judged.count(ClaimVerdict.NOT), -judged.count(ClaimVerdict.REPRODUCED), -within

    return min((i for i, excluded in enumerate(explored) if not excluded), key=rank)


def summarize_verdict(table: JudgedTable, tried: int) -> str:
    """Return the verdict on a table with all that it rests on: judged rows, and interpretations tried.

    Args:
        table: the table under the interpretation that matches best.
        tried: number of interpretations among which it is the best.
    """
    parts = [f"{len(table.judged)} of {table.n_comparable} rows judged"] if table.n_comparable else []
    if tried > 1:
        parts.append(f"best of {tried} interpretations")
    chosen = [row.row for row in table.rows if row.row.tried > 1 and row.verdict is not ClaimVerdict.NONE]
    parts += [f"row '{row.label}': best of {row.tried}" for row in chosen]
    why = f": {table.why}" if table.why else ""
    return f"{table.verdict}{why}" + (f" ({'; '.join(parts)})" if parts else "")


def _convert_table(
    published: Published, interpretation: Interpretation, table: JudgedTable, reasons: Sequence[str]
) -> dict[str, Any]:
    return {
        "name": interpretation.name,
        "note": interpretation.note,
        "explored": interpretation.explored,
        "verdict": str(table.verdict),
        "why": table.why,
        "rows_judged": len(table.judged),
        "rows_comparable": table.n_comparable,
        "rows": [_convert_row(published, row, reason) for row, reason in zip(table.rows, reasons, strict=True)],
    }


def _convert_row(published: Published, judged: JudgedRow, reason: str) -> dict[str, Any]:
    row = judged.row
    limits = published.find_range(row)
    return {
        "label": row.label,
        "provenance": row.provenance,
        "kind": row.ours["kind"],
        "verdict": str(judged.verdict),
        "comparable": judged.comparable,
        "headline": row.label in published.headline,
        "tried": row.tried,
        "why": reason or judged.why,
        "note": row.note,
        "cells": {name: _convert_cell(cell, limits) for name, cell in judged.cells.items()},
    }


def _convert_cell(cell: Judged, limits: tuple[float, float]) -> dict[str, Any]:
    published, ours = cell.published, cell.ours
    return {
        "published": None if published is None else {"mean": published.mean, "std": published.std},
        "ours": None if ours is None else _convert_sample(ours, limits),
        "tolerance": cell.tolerance,
        "difference": cell.difference,
        "standard_errors": cell.standard_errors,
        "p_within": cell.p_within,
        "p_outside": cell.p_outside,
        "fit": str(cell.fit),
    }


def _convert_sample(ours: Sample, limits: tuple[float, float]) -> dict[str, Any]:
    """Return a sample as plain data; the ends of its interval are possible values."""
    low, high = (
        (None, None) if ours.interval is None else (min(max(end, limits[0]), limits[1]) for end in ours.interval)
    )
    return {
        "mean": ours.mean,
        "std": ours.std,
        "runs": None if ours.is_exact else int(ours.n),
        "low": low,
        "high": high,
        "values": None if ours.values is None else [round(value, 6) for value in ours.values.tolist()],
    }


def get_result_file(out: Path, name: str) -> Path:
    """Return the file that holds the result of a table."""
    return out / f"{name}.json"


def load_result(path: Path) -> dict[str, Any]:
    """Read a result that ``reproduce`` stored.

    Raises:
        RecordError: there is no such file, it is something else, was judged by other rules, or is damaged.
    """
    again = f"'nasbench reproduce run {path.stem} --out {quote_word(path.parent)}'"
    if not path.exists():
        raise RecordError(f"{path.parent} holds no result of '{path.stem}'; create it with {again}")
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
        if result["format"] != FORMAT:
            raise RecordError(f"{path} is not a {FORMAT}: run the table again")
        if result["version"] != VERSION:
            raise RecordError(
                f"{path} was judged by the rules of version {result['version']}; expected version {VERSION}. Run "
                f"{again} again: finished runs are kept"
            )
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
