"""NATS-Bench size space, from the official ``NATS-sss-*-simple`` folder.

It holds every epoch and seed of the 1-, 12- and 90-epoch recipes on four data sets: see ``_nats_bench``.
"""

from typing import ClassVar

from nasbench.importers._nats_bench import NATSBenchImporter


class NATSBenchSizeImporter(NATSBenchImporter):
    """Reads ``NATS-sss-v1_0-50262-simple``."""

    table: ClassVar[str] = "nats_sss"
    where: ClassVar[str] = (
        "get NATS-sss-v1_0-50262-simple.tar as https://github.com/D-X-Y/NATS-Bench says and unpack it"
    )
    _space: ClassVar[str] = "nats_sss"
    _title: ClassVar[str] = "NATS-Bench size space: every epoch of every seed, three recipes, four data sets"
