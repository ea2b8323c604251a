"""Export of trained networks: ONNX files, checked against torch, and int8 files for CPUs (extra ``export``)."""

from nasbench.export.int8 import quantize_onnx
from nasbench.export.onnx import write_onnx
from nasbench.export.report import export_model, find_models

__all__ = ["export_model", "find_models", "quantize_onnx", "write_onnx"]
