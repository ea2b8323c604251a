"""ONNX Runtime on one thread of the processor."""

from pathlib import Path

import numpy as np
import onnxruntime

_AT_ONCE = 256  # images


class Session:
    """Answers from an ONNX file.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        self._input = self._session.get_inputs()[0].name

    def compute_logits(self, images: np.ndarray) -> np.ndarray:
        """Map pixels [n, channels, ...] of any type to logits [n, classes]."""
        parts = (images[first : first + _AT_ONCE] for first in range(0, len(images), _AT_ONCE))
        return np.concatenate([self._session.run(None, {self._input: part.astype(np.float32)})[0] for part in parts])
