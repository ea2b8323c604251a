"""Measure how often the statistics of a comparison err.

``python benchmarks/simulate_statistics.py [--quick] [--out FILE] [--only TABLE ...]`` prints Markdown tables of error
rates, power and coverage in simulations whose truth is known; ``docs/how_we_test.md`` shows them. Every row has a
generator of its own, so the numbers do not depend on how many processes share the work. The whole takes about ten
minutes of CPU; ``--quick`` takes a fiftieth of the data sets, to see that everything runs.
"""

import argparse
import os
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")  # rows are simulated side by side; must stand before numpy

from simulated_coverage import COVERAGE
from simulated_errors import ERRORS
from simulation_tables import measure_sections, render_section

SECTIONS = {section.name: section for section in [*ERRORS, *COVERAGE]}


def main(arguments: Sequence[str] | None = None) -> None:
    """Print or write the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a fiftieth of the data sets")
    parser.add_argument("--out", type=Path, help="file for the tables, instead of the screen")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS), help="only these tables")
    parser.add_argument("--jobs", type=int, default=-1, help="processes that share the work (default: all cores)")
    options = parser.parse_args(arguments)
    sections = [SECTIONS[name] for name in options.only]
    measured = measure_sections(sections, 0.02 if options.quick else 1.0, options.jobs)
    text = "\n\n".join(render_section(*each) for each in zip(sections, measured, strict=True)) + "\n"
    if options.out:
        options.out.write_text(text, encoding="utf-8")
    else:
        print(text, end="")


if __name__ == "__main__":
    main()
