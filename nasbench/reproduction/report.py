"""Reports of results: published numbers and ours side by side, as text, Markdown, JSON and HTML."""

import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tabulate import tabulate

from nasbench.errors import NasbenchError, make_unknown_name
from nasbench.files import write_text
from nasbench.reproduction.published_files import load_published
from nasbench.reproduction.samples import NEEDS_FILE, NEEDS_TABLE, OTHER_TABLE
from nasbench.reproduction.schema import PROVENANCES, Published
from nasbench.reproduction.verdicts import ClaimVerdict
from nasbench.statistics.intervals import LEAST_RUNS

FORMATS = ("text", "markdown", "json", "html")
_MISSING = (NEEDS_TABLE, OTHER_TABLE, NEEDS_FILE)
_STYLES = {"text": "simple", "markdown": "github", "html": "html"}
_TERMINAL = 60  # columns: a longer line below a heading would be broken in a narrow one
_COUNTED = {
    ClaimVerdict.REPRODUCED: "rows reproduced",
    ClaimVerdict.ORDERING: "in ordering only",
    ClaimVerdict.NOT: "not",
    ClaimVerdict.NONE: "cannot be judged",
}
_NOTES = (
    "ours: mean ± standard deviation over runs, [95 % interval of the mean over such runs, by Student's t; - below "
    f"{LEAST_RUNS} runs, or if all are equal]; without brackets, the exact value of a whole table. Difference: ours "
    "minus published, and in standard errors (se). (outside): the difference exceeds its tolerance, at the level .05 "
    "for all cells of the row together; (undecided): it may or may not; (shown): not judged; no remark: it is within "
    "its tolerance, by a test of equivalence at the level .05. The best interpretation was chosen after all were run."
)


def summarize_rows(results: Sequence[Mapping[str, Any]], kind: str = "text") -> str:
    """Return the verdict on each row of each table and its reason, under the best interpretation.

    As text, they are a list, which fits a narrow terminal; otherwise a table.

    Raises:
        UnknownName: another format.
    """
    if kind == "text":
        return "\n\n".join(
            f"{result['name']}: {result['summary']}\n{_list_rows(_choose_interpretation(result))}" for result in results
        )
    if kind not in _STYLES:
        raise make_unknown_name("format", kind, _STYLES)
    lines = [
        {
            "table": result["name"] if i == 0 else "",
            "row": row["label"],
            "verdict": row["verdict"],
            "why": _shorten_reason(row),
        }
        for result in results
        for i, row in enumerate(_choose_interpretation(result)["rows"])
    ]
    return _format_table(lines, kind)


def write_overview(results: Sequence[Mapping[str, Any]], kind: str = "text") -> str:
    """Return a line for each table: its verdict under the best interpretation, and the number of rows by verdict.

    Rows that are only shown have no published number that may be judged. As text, what a verdict rests on is left to
    ``summarize_rows``.

    Raises:
        UnknownName: another format.
    """
    if kind not in _STYLES:
        raise make_unknown_name("format", kind, _STYLES)
    lines = []
    for result in results:
        rows = _choose_interpretation(result)["rows"]
        verdicts = [row["verdict"] for row in rows if row["comparable"]]
        counts = {title: str(verdicts.count(verdict)) for verdict, title in _COUNTED.items()}
        counts["only shown"] = str(len(rows) - len(verdicts))
        interpretation = result["interpretation"] if len(result["interpretations"]) > 1 else ""
        verdict = result["verdict"] if kind == "text" else result["summary"]
        lines.append({"table": result["name"], "verdict": verdict, **counts, "best interpretation": interpretation})
    return _format_table(lines, kind)


def list_missing_imports(results: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return how to get each table or file that is missing or another version: source and command, without repeats."""
    rows = [row for result in results for interpretation in result["interpretations"] for row in interpretation["rows"]]
    lines = [line for row in rows for line in row["why"].splitlines()]
    return [line for line in dict.fromkeys(lines) if line.startswith(_MISSING)]


def compose_report(
    results: Sequence[Mapping[str, Any]], kind: str = "text", *, pictures: Mapping[str, str] | None = None
) -> str:
    """Return the full report of results.

    Args:
        results: of ``reproduce``.
        kind: one of ``FORMATS``.
        pictures: name of a table -> file of its plot, which Markdown and HTML show.

    Raises:
        UnknownName: another format.
    """
    if kind == "json":
        return json.dumps(list(results), indent=1, allow_nan=False) + "\n"
    if kind not in FORMATS:
        raise make_unknown_name("format", kind, FORMATS)
    parts = [
        _format_heading("Published tables, reproduced", 1, kind),
        write_overview(results, kind),
        summarize_rows(results, kind),
    ]
    parts += [_format_text(part, kind) for part in (_NOTES, *list_missing_imports(results))]
    for result in results:
        parts += _report_table(result, kind, (pictures or {}).get(result["name"], ""))
    body = "\n\n".join(part for part in parts if part) + "\n"
    return _wrap_page(body) if kind == "html" else body


def write_report(results: Sequence[Mapping[str, Any]], folder: Path, pictures: Mapping[str, str]) -> list[Path]:
    """Write the report in each format beside the results, and return the files."""
    endings = {"text": "txt", "markdown": "md", "html": "html"}
    files = []
    for kind, ending in endings.items():
        files.append(folder / f"report.{ending}")
        write_text(files[-1], compose_report(results, kind, pictures=pictures))
    return files


def _choose_interpretation(result: Mapping[str, Any]) -> dict[str, Any]:
    return next(one for one in result["interpretations"] if one["name"] == result["interpretation"])


def _list_rows(interpretation: Mapping[str, Any]) -> str:
    """Return a line for each row, with its verdict and the reason; how to get what is missing is said once, below."""
    lines = []
    for row in interpretation["rows"]:
        reasons = [line.partition(":")[0] if line.startswith(_MISSING) else line for line in row["why"].splitlines()]
        why = "; ".join(part for part in (*reasons, row["note"]) if part)
        lines.append(f"- {row['label']}: {row['verdict']}" + (f": {why}" if why else ""))
    return "\n".join(lines)


def _shorten_reason(row: Mapping[str, Any]) -> str:
    """Return the reason for a verdict, shortened if it is very long."""
    text = str(row["why"] or row["note"]).replace("\n", "; ")
    return text if len(text) <= 160 else text[:157] + "..."


def _report_table(result: Mapping[str, Any], kind: str, picture: str) -> list[str]:
    """Return the parts about one table."""
    published = _load_declaration(result)
    title = published.title if published else result["name"]
    parts = [_format_heading(title, 2, kind), _format_text(_list_facts(result, published), kind)]
    if picture and kind != "text":
        parts.append(_format_image(picture, title, kind))
    for interpretation in result["interpretations"]:
        several = len(result["interpretations"]) > 1
        judged = f"{interpretation['rows_judged']} of {interpretation['rows_comparable']} rows judged"
        name = f"{interpretation['name']}: {interpretation['verdict']}, {judged}" if several else ""
        best = " (matches best)" if several and interpretation["name"] == result["interpretation"] else ""
        best = " (explored, not chosen)" if interpretation["explored"] else best
        parts += [_format_heading(name + best, 3, kind) if name else "", _format_text(interpretation["note"], kind)]
        lines = _make_lines(interpretation, published)
        if kind != "text":
            parts.append(_format_table(lines, kind))
            continue
        cells = [{key: value for key, value in line.items() if key != "verdict"} for line in lines if line["column"]]
        parts += [_format_table(cells, kind), _list_rows(interpretation)]
    return parts


def _load_declaration(result: Mapping[str, Any]) -> Published | None:
    """Return the table's declaration as it is now; None if the file is gone or cannot be read."""
    try:
        return load_published(result["name"])
    except NasbenchError:
        return None


def _list_facts(result: Mapping[str, Any], published: Published | None) -> str:
    runs = f"{result['runs']} runs" + (" (quick)" if result["quick"] else "")
    facts = f"Verdict: {result['summary']}. Ours: {runs}, {result['seconds']:g} s, nasbench {result['software']}."
    if published is None:
        return facts
    if published.sha256 != result["declaration_sha256"]:
        facts += f" The file of the table has changed since: run 'nasbench reproduce run {result['name']}' again."
    return f"{published.citation}. Source: {published.source}. {facts} Tolerance: {published.tolerance.reason}"


def _make_lines(interpretation: Mapping[str, Any], published: Published | None) -> list[dict[str, str]]:
    """Return a line for each cell."""
    decimals = published.decimals if published else 3
    lines = []
    for row in interpretation["rows"]:
        empty = {"column": "", "published": "", "ours": "", "difference": ""}
        cells = [_make_cell_line(name, cell, decimals) for name, cell in row["cells"].items()] or [empty]
        for i, cell in enumerate(cells):
            first = {"row": f"{row['label']} ({row['provenance']})", "verdict": f"{row['verdict']}{_explain_row(row)}"}
            lines.append({"row": first["row"] if i == 0 else "", **cell, "verdict": first["verdict"] if i == 0 else ""})
    return lines


def _explain_row(row: Mapping[str, Any]) -> str:
    text = "; ".join(part for part in (*row["why"].splitlines(), row["note"]) if part)
    return f": {text if len(text) <= 110 else text[:107] + '...'}" if text else ""


def _make_cell_line(name: str, cell: Mapping[str, Any], decimals: int) -> dict[str, str]:
    published, ours = cell["published"], cell["ours"]
    difference = ""
    if cell["difference"] is not None:
        errors = cell["standard_errors"]
        difference = f"{cell['difference']:+.{decimals}f}" + (f" ({errors:+.1f} se)" if errors is not None else "")
        difference += "" if cell["fit"] == "within" else f" ({cell['fit']})"
    return {
        "column": name,
        "published": _number(published, decimals) if published else "-",
        "ours": _number(ours, decimals) + _format_interval(ours, decimals) if ours else "-",
        "difference": difference,
    }


def _number(value: Mapping[str, Any], decimals: int) -> str:
    std = f" ± {value['std']:.{decimals}f}" if value["std"] is not None else ""
    return f"{value['mean']:.{decimals}f}{std}"


def _format_interval(ours: Mapping[str, Any], decimals: int) -> str:
    if ours["runs"] is None:
        return ""
    if ours["low"] is None:
        return " [-]"
    return f" [{ours['low']:.{decimals}f}, {ours['high']:.{decimals}f}]"


def _format_table(lines: list[dict[str, str]], kind: str) -> str:
    if kind == "markdown":  # a bar would end the cell
        lines = [{key: value.replace("|", "\\|") for key, value in line.items()} for line in lines]
    return str(tabulate(lines, headers="keys", tablefmt=_STYLES[kind], disable_numparse=True))


def _format_heading(text: str, level: int, kind: str) -> str:
    if kind == "html":
        return f"<h{level}>{html.escape(text)}</h{level}>"
    line = "=-~"[level - 1] * min(len(text), _TERMINAL)
    return f"{'#' * level} {text}" if kind == "markdown" else f"{text}\n{line}"


def _format_text(text: str, kind: str) -> str:
    return f"<p>{html.escape(text)}</p>" if kind == "html" and text else text


def _format_image(file: str, title: str, kind: str) -> str:
    alt = f"published and our distributions: {title}"
    if kind == "html":
        return f'<img src="{html.escape(file)}" alt="{html.escape(alt)}">'
    return f"![{alt}]({file})"


def _wrap_page(body: str) -> str:
    style = "body{font:15px sans-serif;margin:2em}td,th{padding:.15em .8em;text-align:left}img{max-width:100%}"
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>Published tables, reproduced</title>'
        f"<style>{style}</style></head><body>\n{body}</body></html>\n"
    )


def describe_published(published: Published) -> str:
    """Return everything that a file of published results says, for people."""
    about = [("citation", published.citation), ("version", published.paper_version), ("source", published.source)]
    about += [("runs", f"{published.runs}, quick {published.quick_runs}"), *published.protocol.items()]
    about += [("tolerance", published.tolerance.reason)]
    about += [("headline", ", ".join(published.headline))] if published.headline else []
    about += [
        ("interpretation", f"{one.name}: {one.note}" if one.note else one.name) for one in published.interpretations
    ]
    lines = [published.title, "", *(f"{key:<14} {value}" for key, value in about)]
    rows = [
        {"row": row.label, "provenance": row.provenance, "ours": _format_ours(row.ours)}
        | {name: _format_published(row.published.get(name), published.decimals) for name in published.shown}
        for row in published.rows
    ]
    legend = "; ".join(f"{key}: {value}" for key, value in PROVENANCES.items())
    return "\n".join([*lines, "", str(tabulate(rows, headers="keys", disable_numparse=True)), "", legend]) + "\n"


def _format_published(cell: Any, decimals: int) -> str:
    return _number({"mean": cell.mean, "std": cell.std}, decimals) if cell else "-"


def _format_ours(ours: Mapping[str, Any]) -> str:
    what = next(
        (str(ours[key]) for key in ("strategy", "predictor", "statistic", "method", "n", "reason") if key in ours), ""
    )
    return f"{ours['kind']}: {what}" if what else str(ours["kind"])
