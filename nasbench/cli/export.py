"""Export trained networks to ONNX and int8, with checks.

Every exported form is compared with the network in torch, and measured.
"""

import importlib.util
from pathlib import Path
from typing import Annotated, Any

import typer

from nasbench.cli._show import milliseconds, print_json, print_table
from nasbench.errors import MissingExtra


def command(
    models: Annotated[
        list[Path], typer.Argument(help="Folders written by 'nasbench train' (its --out, or one network in it).")
    ],
    data: Annotated[str, typer.Option(help="The data set that they were trained on, if it has been moved.")] = "",
    int8: Annotated[bool, typer.Option(help="Also quantise to int8 for processors.")] = True,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Write model.onnx and model.int8.onnx beside each network; show size, accuracy and latency of every form."""
    for module, extra in (("torch", "train"), ("onnxscript", "export"), ("onnxruntime", "export")):
        if importlib.util.find_spec(module) is None:
            raise MissingExtra("exporting networks", extra)
    from nasbench.export import export_model, find_models

    reports = {str(folder): export_model(folder, data=data, int8=int8) for folder in find_models(models)}
    if as_json:
        print_json(reports)
        return
    rows = [
        (folder if form == "torch" else "", form, *_cells(told))
        for folder, report in reports.items()
        for form, told in report["forms"].items()
    ]
    columns = ("model", "form", "kB", "valid %", "test %", "ms/1", "ms/256")
    print_table("Exported, on one thread of the processor", columns, rows)
    worst = max(report["difference"] for report in reports.values())
    print(f"logits of ONNX differ from torch's by {worst:.1e} at most; everything is in export.json beside each model")


def _cells(told: dict[str, Any]) -> list[str]:
    accuracy = [f"{100 * told['accuracy'][split]:.2f}" for split in ("valid", "test")]
    latency = [milliseconds(told["latency_s"][size]) for size in ("1", "256")]
    return [f"{told['bytes'] / 1000:.1f}", *accuracy, *latency]
