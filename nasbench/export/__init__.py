"""Trained networks as files for elsewhere: ONNX, checked against torch, and int8 for processors (extra ``export``)."""

from nasbench.export._int8 import quantise
from nasbench.export._onnx import write_onnx
from nasbench.export._report import export, found_models

__all__ = ["export", "found_models", "quantise", "write_onnx"]
