"""Export to ONNX, with normalisation included, so that the network takes the data set's original pixels.

``torch.onnx.export`` writes the graph, ONNX Runtime computes logits with it, and these are compared with torch's before
the file is kept. The network accepts any number of images at once.
"""

import json
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from nasbench.errors import ExportFailed
from nasbench.export.quiet import silence_logger
from nasbench.export.session import Session
from nasbench.files import replace_atomically
from nasbench.training import Model

INPUT, OUTPUT = "images", "logits"
_TOLERANCE = 1e-3  # relative to the largest logit; rounding alone causes far smaller differences
_TOLD = ("space", "architecture", "network", "seed")


class Pixels(nn.Module):
    """A trained network that normalises its images itself.

    Args:
        model: network, with mean and standard deviation of each channel.
    """

    def __init__(self, model: Model) -> None:
        super().__init__()
        shape = (1, -1, *[1] * (len(model.shape) - 1))
        self.network = model.network
        for name in ("mean", "std"):
            values = torch.tensor(model.about["images"][name], dtype=torch.float32)
            self.register_buffer(name, values.reshape(shape))
        self.eval()

    def forward(self, images: Tensor) -> Tensor:
        """Map pixels [b, channels, ...] float32 to logits [b, classes]."""
        logits: Tensor = self.network((images - self.mean) / self.std)
        return logits


def write_onnx(model: Model, path: Path, images: np.ndarray) -> float:
    """Write an ONNX file, and return the largest difference of its logits from torch's.

    Args:
        model: model to export.
        path: the file; it is replaced only after the check has passed.
        images: [b, channels, ...] pixels to compare on.

    Raises:
        ExportFailed: torch cannot express the network in ONNX, or the answers differ.
        OSError: the file cannot be written.
    """
    network, pixels = Pixels(model), images.astype(np.float32)
    graph = _export_graph(network, torch.from_numpy(pixels[:2]))
    _describe(graph, model.about)
    with torch.no_grad():
        expected = network(torch.from_numpy(pixels)).numpy()
    with replace_atomically(path) as temporary:
        onnx.save_model(graph, temporary)
        difference = float(np.abs(Session(temporary).compute_logits(pixels) - expected).max())
        if not difference <= _TOLERANCE * max(1.0, float(np.abs(expected).max())):
            raise ExportFailed(
                f"the ONNX form of {model.about['architecture']} differs from torch by {difference:.3g} in logits of "
                f"up to {np.abs(expected).max():.3g}; it was not kept: report it with the versions of torch and onnx"
            )
    return difference


def _export_graph(network: nn.Module, sample: Tensor) -> Any:
    """Return the graph of a network for any number of images."""
    try:
        with warnings.catch_warnings(), silence_logger("torch.onnx"):
            warnings.simplefilter("ignore")  # torch's exporter warns about its own code
            program: Any = torch.onnx.export(
                network,
                (sample,),
                dynamo=True,
                verbose=False,
                input_names=[INPUT],
                output_names=[OUTPUT],
                dynamic_shapes=({0: torch.export.Dim("n")},),
            )
    except torch.onnx.OnnxExporterError as error:
        raise ExportFailed(f"torch cannot express the network in ONNX: {error}") from error
    return program.model_proto


def _describe(graph: Any, about: Mapping[str, Any]) -> None:
    """Replace the exporter's texts, which hold paths and lines of source code, by a description of the model."""
    for part in (
        graph,
        graph.graph,
        *graph.graph.node,
        *graph.graph.value_info,
        *graph.graph.input,
        *graph.graph.output,
    ):
        del part.metadata_props[:]
    for node in graph.graph.node:
        node.doc_string = ""
    texts = {name: str(about[name]) for name in _TOLD} | {"classes": json.dumps(about["images"]["classes"])}
    onnx.helper.set_model_props(graph, texts)
