"""Gaussian processes, and regression with kernels."""
