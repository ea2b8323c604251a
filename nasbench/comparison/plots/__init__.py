"""Plots of a record, as PNG and SVG; each plot is one file of this folder.

A file holds one subclass of ``Plot``. Entry points of the group ``nasbench.plots`` add others, and ``module:Class`` or
``module:function`` works wherever a plot is named. A function receives the analysis and returns a figure.
"""

from nasbench.comparison.plots._base import Plot
from nasbench.comparison.plots._writing import draw_plot, resolve_plot, write_plots

__all__ = ["Plot", "draw_plot", "resolve_plot", "write_plots"]
