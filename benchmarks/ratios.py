"""Print how each hot path compares with its floor: ``python benchmarks/ratios.py FILE``.

FILE is the output of ``pytest benchmarks --benchmark-json FILE``; both sides come from that run.
"""

import json
import sys
from pathlib import Path

from tabulate import tabulate

LIMITS = {"query 15,625": 3, "100 runs": 12, "an epoch of 512": 1, "an epoch of 50": 0.33, "8 small networks": 0.6}
"""Beginning of a group's name -> the target for its ratio."""


def main(path: str) -> None:
    """Print a row for each group that has a floor, and the median of all others."""
    groups: dict[str, dict[str, float]] = {}
    for entry in json.loads(Path(path).read_text())["benchmarks"]:
        groups.setdefault(entry["group"], {})[entry["name"]] = entry["stats"]["median"]
    rows = []
    for group, medians in groups.items():
        floors = [name for name in medians if "floor" in name]
        for name in medians.keys() - set(floors) if floors else ():
            floor, ours = medians[floors[0]] * 1e6, medians[name] * 1e6
            limit = next((str(limit) for start, limit in LIMITS.items() if group.startswith(start)), "")
            rows += [(group, f"{floor:.1f}", f"{ours:.1f}", f"{ours / floor:.2f}", limit)]
        if not floors:
            rows += [(f"{group}: {name}", "", f"{median * 1e6:.1f}", "") for name, median in medians.items()]
    print(tabulate(rows, headers=("what", "floor µs", "ours µs", "ratio", "aim")))


if __name__ == "__main__":
    main(sys.argv[1])
