"""NATS-Bench topology space (NAS-Bench-201 retrained), from the official folder, or NAS-Bench-201's own archives.

It holds every epoch and seed of the 12- and 200-epoch recipes on four data sets: see ``_nats_bench``.
"""

from typing import ClassVar

from nasbench.importers._nats_bench import NATSBenchImporter


class NATSBenchTopology(NATSBenchImporter):
    """Reads ``NATS-tss-v1_0-3ffb9-simple`` or ``-full``, ``NAS-Bench-201-v1_1-096897.pth``, or the archive folder."""

    table: ClassVar[str] = "nats_tss"
    where: ClassVar[str] = (
        "get NATS-tss-v1_0-3ffb9-simple.tar as https://github.com/D-X-Y/NATS-Bench says and unpack it, "
        "or NAS-Bench-201-v1_1-096897.pth as https://github.com/D-X-Y/NAS-Bench-201 says"
    )
    _space: ClassVar[str] = "nb201"
    _title: ClassVar[str] = "NATS-Bench topology space: every epoch of every seed, two recipes, four data sets"
