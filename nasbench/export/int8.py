"""Static post-training quantisation to int8, for CPUs.

Weights become int8, each output channel with its own scale, activations uint8 with ranges seen on training images
(Jacob et al. 2018, arXiv 1712.05877; Krishnamoorthi 2018, arXiv 1806.08342), by ONNX Runtime's quantiser: batch
normalisation is first folded into the convolutions. Weights use 7 bits, since CPUs without VNNI add two
products in 16 bits, which would overflow with 8-bit weights.
"""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from onnxruntime.quantization import CalibrationDataReader, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from nasbench.export.onnx import INPUT
from nasbench.export.quiet import silence_logger
from nasbench.files import replace_atomically

_AT_ONCE = 32  # images: calibration keeps all of their activations in memory


class _Images(CalibrationDataReader):
    """Provides images for calibration."""

    def __init__(self, images: np.ndarray) -> None:
        self._parts: Iterator[np.ndarray] = (
            images[first : first + _AT_ONCE].astype(np.float32) for first in range(0, len(images), _AT_ONCE)
        )

    def get_next(self) -> dict[str, Any] | None:
        """Return the next images, None after the last ones."""
        part = next(self._parts, None)
        return None if part is None else {INPUT: part}


def quantize_onnx(source: Path, path: Path, images: np.ndarray) -> None:
    """Write an int8 form of an ONNX file that ``write_onnx`` wrote.

    Args:
        source: the file.
        path: the new one.
        images: [n, channels, ...] training images that show the range of every activation.

    Raises:
        OSError: the file cannot be written.
    """
    with tempfile.TemporaryDirectory(prefix="nasbench-int8-") as folder, replace_atomically(path) as temporary:
        folded = Path(folder) / "folded.onnx"
        with silence_logger(""):  # it recommends a step that has just been done
            quant_pre_process(str(source), str(folded), skip_symbolic_shape=True)
            quantize_static(
                str(folded),
                str(temporary),
                _Images(images),
                per_channel=True,
                reduce_range=True,
                activation_type=QuantType.QUInt8,
                weight_type=QuantType.QInt8,
            )
