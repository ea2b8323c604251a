"""TransNAS-Bench-101, 3,256 macro skeletons: the macro half of the official file.

It holds every epoch of seven tasks: see ``_transnas_bench``.
"""

from typing import ClassVar

from nasbench.importers._transnas_bench import TransNASBenchImporter


class TransNASBenchMacro(TransNASBenchImporter):
    """Reads the macro space of ``transnas-bench_v10141024.pth``."""

    table: ClassVar[str] = "tnb101_macro"
    where: ClassVar[str] = "download transnas-bench_v10141024.pth as https://github.com/yawen-d/TransNASBench says"
    _space: ClassVar[str] = "tnb101_macro"
    _key: ClassVar[str] = "macro"
    _title: ClassVar[str] = "TransNAS-Bench-101, 3,256 skeletons: every epoch of seven tasks"
