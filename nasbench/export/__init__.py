"""Trained networks as files for elsewhere: ONNX, checked against torch, and int8 for processors (extra ``export``)."""

from nasbench.export.int8 import quantise
from nasbench.export.onnx import write_onnx
from nasbench.export.report import export, found_models

__all__ = ["export", "found_models", "quantise", "write_onnx"]
