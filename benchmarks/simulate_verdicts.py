"""Print how often verdicts on published tables are wrong, by simulation: ``python benchmarks/simulate_verdicts.py``.

Published means of 500 runs and ours are drawn from distributions with a standard deviation of 1, either normal or
skewed (a gamma distribution of shape 0.5: skewness 2.8, kurtosis 15). The tolerance is 0.25; "off by d" means that the
true means differ by d tolerances. The functions are those that judge real tables.
"""

import math
import sys
from collections.abc import Callable, Iterator
from functools import partial
from itertools import product

import numpy as np
from tabulate import tabulate

from nasbench.arrays import Floats
from nasbench.reproduction.cells import ComparedCell, Fit, Judged, judge_cells
from nasbench.reproduction.samples import sample_of
from nasbench.reproduction.schema import PublishedCell, Row
from nasbench.reproduction.verdicts import ClaimVerdict, judge_row

TOLERANCE, STD_RATIO, PUBLISHED_RUNS = 0.25, 1.3, 500
RUNS = (2, 5, 10, 20, 150, 500)
SHARED = 0.3
"""Share of a run's variance that all cells of a row have in common: the same architecture on several data sets."""

Draw = Callable[[np.random.Generator, tuple[int, ...]], Floats]
SHAPES: dict[str, Draw] = {
    "normal": lambda rng, size: rng.standard_normal(size),
    "skewed": lambda rng, size: (rng.gamma(0.5, 1.0, size) - 0.5) / math.sqrt(0.5),
    "skewed to the left": lambda rng, size: (0.5 - rng.gamma(0.5, 1.0, size)) / math.sqrt(0.5),
}
MEANS = {1: "**falsely within**, off by 1", -1: "**falsely within**, off by -1", 0: "within, off by 0"}
DEVIATIONS = {
    "**falsely within**, standard deviation 1.3 times the published": (STD_RATIO, Fit.WITHIN),
    "**falsely within**, standard deviation 1/1.3 of the published": (1 / STD_RATIO, Fit.WITHIN),
    "**falsely outside**, standard deviation 1.3 times the published": (STD_RATIO, Fit.OUTSIDE),
    "**falsely outside**, standard deviation 1/1.3 of the published": (1 / STD_RATIO, Fit.OUTSIDE),
    "within, mean and standard deviation as published": (1.0, Fit.WITHIN),
}
ORDERS = {
    "**order falsely kept**, published .5 apart, truly 0": (0.0, "kept"),
    "**order falsely reversed**, published .5 apart, truly 0": (0.0, "reversed"),
    "order kept, published .5 apart, truly .5": (0.5, "kept"),
}
_ROW = Row("simulated", "original", {"kind": "none", "reason": ""}, {})


def draw_cells(
    rng: np.random.Generator,
    draw: Draw,
    n: int,
    offsets: Floats,
    *,
    std_ratio: float | None = None,
    factor: float = 1.0,
) -> dict[str, ComparedCell]:
    """Draw a row of published numbers and ours.

    Args:
        rng: random generator.
        draw: distribution of a run, with mean 0 and standard deviation 1.
        n: number of our runs.
        offsets: [cells] true difference of each cell.
        std_ratio: largest allowed factor between the standard deviations; None if they are not compared.
        factor: true factor between the standard deviations.
    """

    def draw_runs(runs: int) -> Floats:
        own = draw(rng, (runs, len(offsets)))
        if len(offsets) == 1:
            return own
        together: Floats = math.sqrt(SHARED) * draw(rng, (runs, 1)) + math.sqrt(1 - SHARED) * own
        return together

    theirs, ours = draw_runs(PUBLISHED_RUNS), factor * draw_runs(n) + offsets
    return {
        str(i): ComparedCell(
            PublishedCell(float(theirs[:, i].mean()), float(theirs[:, i].std())),
            sample_of(ours[:, i]),
            TOLERANCE,
            std_ratio,
            PUBLISHED_RUNS,
        )
        for i in range(len(offsets))
    }


def count_fits(
    rng: np.random.Generator, draw: Draw, offset: float, factor: float | None, fit: Fit, times: int, n: int
) -> float:
    """Return the share of single cells, off by ``offset`` tolerances, that get a verdict.

    With a ``factor``, standard deviations are compared too, and this is the true one between ours and the published.
    """
    ratio = STD_RATIO if factor else None
    offsets = np.array([offset * TOLERANCE])
    cells = (draw_cells(rng, draw, n, offsets, std_ratio=ratio, factor=factor or 1.0) for _ in range(times))
    return sum(judge_cells(cell)["0"].fit is fit for cell in cells) / times


def count_rows(rng: np.random.Generator, draw: Draw, offset: float, cells: int, times: int, n: int) -> float:
    """Return the share of rows, each cell off by ``offset`` tolerances, that are not reproduced."""
    offsets = np.full(cells, offset * TOLERANCE)
    rows = (judge_row(_ROW, judge_cells(draw_cells(rng, draw, n, offsets)), {}) for _ in range(times))
    return sum(row.verdict is ClaimVerdict.NOT for row in rows) / times


def count_orders(rng: np.random.Generator, draw: Draw, true: float, kind: str, times: int, n: int) -> float:
    """Return how often the order of two rows, both three tolerances off, is ``kept`` or ``reversed``.

    The second is published half a standard deviation above the first; ours is truly above it by ``true``.
    """
    off, published = 3 * TOLERANCE, 0.5

    def judge(mean: float, ours: float) -> dict[str, Judged]:
        sample = sample_of(ours + draw(rng, (n,)))
        return judge_cells({"x": ComparedCell(PublishedCell(mean, 1.0), sample, TOLERANCE, None, PUBLISHED_RUNS)})

    rows = [judge_row(_ROW, judge(0.0, off), {"other": judge(published, true + off)}) for _ in range(times)]
    if kind == "kept":
        return sum(row.verdict is ClaimVerdict.ORDERING for row in rows) / times
    return sum("order reversed" in row.why for row in rows) / times


def list_cases(times: int) -> Iterator[tuple[str, str, Callable[[int], float]]]:
    """Yield what is counted, the distribution of a run, and the share as a function of the number of our runs."""
    rng = np.random.default_rng(20)
    for (shape, draw), (offset, what) in product(SHAPES.items(), MEANS.items()):
        yield what, shape, partial(count_fits, rng, draw, offset, None, Fit.WITHIN, times)
    for (shape, draw), (what, (factor, fit)) in product(SHAPES.items(), DEVIATIONS.items()):
        yield what, shape, partial(count_fits, rng, draw, 0.0, factor, fit, times)
    for cells, (shape, draw) in product((1, 6, 9), SHAPES.items()):
        what = f"**row falsely outside**, {cells} cell{'s' * (cells > 1)} off by 1"
        yield what, shape, partial(count_rows, rng, draw, 1, cells, times)
    for (shape, draw), (what, (true, kind)) in product(SHAPES.items(), ORDERS.items()):
        yield what, shape, partial(count_orders, rng, draw, true, kind, times)


def show_share(share: float, repeats: int) -> str:
    """Return a share and the half-width of its 95 % interval."""
    return f"{share:.3f} ± {1.96 * math.sqrt(max(share * (1 - share), 1 / repeats) / repeats):.3f}"


def main(times: int = 1000) -> None:
    """Print the table as Markdown."""
    rows = [(what, shape, *(show_share(share(n), times) for n in RUNS)) for what, shape, share in list_cases(times)]
    headers = ("share of verdicts", "distribution of a run", *(f"{n} runs" for n in RUNS))
    print(tabulate(rows, headers=headers, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
