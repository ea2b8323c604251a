"""Export a trained network, and compare size, latency and accuracy of all forms; kept as ``export.json``."""

import json
import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch

from nasbench.datasets import Images, load_images
from nasbench.errors import RecordError
from nasbench.export.int8 import quantize_onnx
from nasbench.export.onnx import Pixels, write_onnx
from nasbench.export.session import Session
from nasbench.files import write_text
from nasbench.threads import limit_to_one_thread
from nasbench.training import Model, read_model
from nasbench.training.latencies import BATCH_SIZES
from nasbench.training.machine import time_answer
from nasbench.training.model import has_model, list_versions

_COMPARED, _CALIBRATION = 64, 256  # images
Answer = Callable[[np.ndarray], np.ndarray]
"""Maps pixels [n, channels, ...] to logits [n, classes]."""


def find_models(paths: Sequence[Path]) -> list[Path]:
    """Return the folders of trained networks: the given folders, or all within them.

    Raises:
        RecordError: one of the given folders holds no trained network.
    """
    folders: list[Path] = []
    for path in paths:
        found = [path] if has_model(path) else sorted(at.parent for at in path.glob("**/model.json"))
        if not found:
            raise RecordError(f"no trained network in {path}; 'nasbench train' keeps them in its --out")
        folders += found
    return list(dict.fromkeys(folders))


def export_model(folder: Path, *, data: str = "", int8: bool = True) -> dict[str, Any]:
    """Write ``model.onnx`` and ``model.int8.onnx`` beside a trained network, and compare all forms.

    Latencies and accuracies are measured with one thread of the CPU. The report is also written to ``export.json``.

    Args:
        folder: folder of the network.
        data: label of the data set on which it was trained, if its files have moved; empty for the recorded label.
        int8: whether to quantise as well.

    Returns:
        ``forms``: for ``torch``, ``onnx``, ``int8`` their ``file``, ``bytes``, ``accuracy`` by split and
        ``latency_s`` by batch size; ``difference``: largest difference of a logit between torch and ONNX.

    Raises:
        RecordError: the folder holds no network, or the data are not those on which it was trained.
        ExportFailed: the ONNX form answers differently.
        OSError: a file cannot be written.
    """
    model = read_model(folder)
    images = _load_images(model, data)
    shown = images.parts["train"].images[np.random.default_rng(0).permutation(len(images.parts["train"].labels))]
    with limit_to_one_thread():
        difference = write_onnx(model, folder / "model.onnx", shown[:_COMPARED])
        forms = {"torch": _form(folder / "model.pt", _load_torch_model(model), images)}
        forms["onnx"] = _form(folder / "model.onnx", Session(folder / "model.onnx").compute_logits, images)
        if int8:
            quantize_onnx(folder / "model.onnx", folder / "model.int8.onnx", shown[:_CALIBRATION])
            forms["int8"] = _form(
                folder / "model.int8.onnx", Session(folder / "model.int8.onnx").compute_logits, images
            )
    report = {
        "forms": forms,
        "difference": difference,
        "calibration_images": min(_CALIBRATION, len(shown)) if int8 else 0,
        "machine": f"one thread of CPU {platform.machine()}",
        "versions": list_versions() | {"onnx": onnx.__version__, "onnxruntime": onnxruntime.__version__},
    }
    write_text(folder / "export.json", json.dumps(report, indent=1, allow_nan=False) + "\n")
    return report


def _load_images(model: Model, label: str) -> Images:
    """Return the data a network was trained on, split as they were."""
    told = model.about["images"]
    data = load_images(label or told["data"], np.random.default_rng(0))
    if data.digest() != told["sha256"]:
        raise RecordError(
            f"the network in {model.folder} was trained on other data than {data.name}; name the right data set by "
            "--data"
        )
    number, of = told["fold"]
    return data.fold(number, of, np.random.default_rng(0)) if of else data


def _load_torch_model(model: Model) -> Answer:
    network = Pixels(model)

    def logits(images: np.ndarray) -> np.ndarray:
        with torch.inference_mode():
            parts = torch.from_numpy(images.astype(np.float32)).split(max(BATCH_SIZES))
            answer: np.ndarray = torch.cat([network(part) for part in parts]).numpy()
        return answer

    return logits


def _form(file: Path, answer: Answer, images: Images) -> dict[str, Any]:
    """Return size, accuracy and latency of one form."""
    accuracy = {
        split: float((answer(part.images).argmax(axis=1) == part.labels).mean())
        for split, part in images.parts.items()
        if split != "train"
    }
    latency = {}
    for size in BATCH_SIZES:
        pixels = np.zeros((size, *images.shape), dtype=np.float32)
        latency[str(size)] = time_answer(lambda pixels=pixels: answer(pixels))._asdict()  # type: ignore[misc]
    return {"file": str(file), "bytes": file.stat().st_size, "accuracy": accuracy, "latency_s": latency}
