"""TransNAS-Bench-101, 4,096 cells: the micro half of the official file.

It holds every epoch of seven tasks: see ``_transnas_bench``.
"""

from typing import ClassVar

from nasbench.importers._transnas_bench import TransNASBenchImporter


class TransNASBenchMicro(TransNASBenchImporter):
    """Reads the micro space of ``transnas-bench_v10141024.pth``."""

    table: ClassVar[str] = "tnb101_micro"
    where: ClassVar[str] = "download transnas-bench_v10141024.pth as https://github.com/yawen-d/TransNASBench says"
    _space: ClassVar[str] = "tnb101_micro"
    _key: ClassVar[str] = "micro"
    _title: ClassVar[str] = "TransNAS-Bench-101, 4,096 cells: every epoch of seven tasks"
