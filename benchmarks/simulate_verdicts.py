"""Print how often verdicts on published tables are wrong, by simulation: ``python benchmarks/simulate_verdicts.py``.

Published means of 500 runs and ours are drawn from distributions with a standard deviation of 1, either normal or skewed
(a gamma distribution of shape 0.5: skewness 2.8, kurtosis 15). The tolerance is 0.25; "off by d" means that the true
means differ by d tolerances. The functions are those that judge real tables; ``tests/reproduction`` uses them too.
"""

import math
import sys
from collections.abc import Callable, Iterator

import numpy as np
from tabulate import tabulate

from nasbench.arrays import Floats
from nasbench.reproduction.cells import Cell, Fit, Judged, judge_cells
from nasbench.reproduction.samples import sample_of
from nasbench.reproduction.schema import PublishedCell, Row
from nasbench.reproduction.verdicts import ClaimVerdict, judge_row

TOLERANCE, STD_RATIO, PUBLISHED_RUNS = 0.25, 1.3, 500
RUNS = (2, 5, 20, 150, 500)
SHARED = 0.3
"""Share of a run's variance that all cells of a row have in common: the same architecture on several data sets."""

Draw = Callable[[np.random.Generator, tuple[int, ...]], Floats]
SHAPES: dict[str, Draw] = {
    "normal": lambda rng, size: rng.standard_normal(size),
    "skewed": lambda rng, size: (rng.gamma(0.5, 1.0, size) - 0.5) / math.sqrt(0.5),
    "skewed to the left": lambda rng, size: (0.5 - rng.gamma(0.5, 1.0, size)) / math.sqrt(0.5),
}
_ROW = Row("simulated", "original", {"kind": "none", "reason": ""}, {})


def draw_cells(
    rng: np.random.Generator, draw: Draw, n: int, offsets: Floats, *, std_ratio: float | None = None, factor: float = 1.0
) -> dict[str, Cell]:
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
        common = math.sqrt(SHARED) * draw(rng, (runs, 1))
        values: Floats = common + math.sqrt(1 - SHARED) * draw(rng, (runs, len(offsets)))
        return values if len(offsets) > 1 else draw(rng, (runs, 1))

    theirs, ours = draw_runs(PUBLISHED_RUNS), factor * draw_runs(n) + offsets
    return {
        str(i): Cell(
            PublishedCell(float(theirs[:, i].mean()), float(theirs[:, i].std())),
            sample_of(ours[:, i]),
            TOLERANCE,
            std_ratio,
            PUBLISHED_RUNS,
        )
        for i in range(len(offsets))
    }


def count_fits(
    rng: np.random.Generator, draw: Draw, n: int, offset: float, fit: Fit, times: int, **options: float | None
) -> float:
    """Return the share of single cells, off by ``offset`` tolerances, that get a verdict."""
    offsets = np.array([offset * TOLERANCE])
    judged = (judge_cells(draw_cells(rng, draw, n, offsets, **options))["0"] for _ in range(times))  # type: ignore[arg-type]
    return sum(cell.fit is fit for cell in judged) / times


def count_rows(
    rng: np.random.Generator, draw: Draw, n: int, offset: float, cells: int, verdict: ClaimVerdict, times: int
) -> float:
    """Return the share of rows, each cell off by ``offset`` tolerances, that get a verdict."""
    offsets = np.full(cells, offset * TOLERANCE)
    rows = (judge_row(_ROW, judge_cells(draw_cells(rng, draw, n, offsets)), {}) for _ in range(times))
    return sum(row.verdict is verdict for row in rows) / times


def count_orders(
    rng: np.random.Generator, draw: Draw, n: int, published: float, true: float, times: int
) -> dict[str, float]:
    """Return how often the order of two rows, both three tolerances off, is kept, reversed and undecided.

    Args:
        rng: random generator.
        draw: distribution of a run.
        n: number of our runs of each row.
        published: difference of the published means.
        true: true difference of ours.
        times: number of pairs of rows.
    """
    found = {"kept": 0, "reversed": 0, "undecided": 0}

    def judge(mean: float, ours: float) -> dict[str, Judged]:
        sample = sample_of(ours + draw(rng, (n,)))
        return judge_cells({"x": Cell(PublishedCell(mean, 1.0), sample, TOLERANCE, None, PUBLISHED_RUNS)})

    for _ in range(times):
        off = 3 * TOLERANCE
        row = judge_row(_ROW, judge(0.0, off), {"other": judge(published, true + off)})
        kind = "kept" if row.verdict is ClaimVerdict.ORDERING else "reversed" if "reversed" in row.why else "undecided"
        found[kind] += 1
    return {kind: count / times for kind, count in found.items()}


def simulate_lines(times: int) -> Iterator[tuple[str, str, str, str]]:
    """Yield what is counted, the shape of the distribution, the number of our runs, and the share."""
    rng = np.random.default_rng(20)

    def show(share: float, repeats: int = times) -> str:
        return f"{share:.3f} ± {1.96 * math.sqrt(max(share * (1 - share), 1 / repeats) / repeats):.3f}"

    for shape, draw in SHAPES.items():
        for n in RUNS:
            for offset, what in ((1, "falsely within: off by 1"), (-1, "falsely within: off by -1"), (0, "within: off by 0")):
                yield what, shape, str(n), show(count_fits(rng, draw, n, offset, Fit.WITHIN, times))
    for shape in ("normal", "skewed"):
        for n in RUNS:
            for what, factor, fit in (
                ("falsely within: standard deviation 1.3 times the published", STD_RATIO, Fit.WITHIN),
                ("falsely within: standard deviation 1 / 1.3 of the published", 1 / STD_RATIO, Fit.WITHIN),
                ("falsely outside: standard deviation 1.3 times the published", STD_RATIO, Fit.OUTSIDE),
                ("within: means and standard deviations equal", 1.0, Fit.WITHIN),
            ):
                options = {"std_ratio": STD_RATIO, "factor": factor}
                yield what, shape, str(n), show(count_fits(rng, SHAPES[shape], n, 0.0, fit, times, **options))
    for cells in (6, 9):
        for shape, draw in SHAPES.items():
            for n in RUNS:
                share = count_rows(rng, draw, n, 1, cells, ClaimVerdict.NOT, times // 4)
                yield f"row of {cells} falsely outside: off by 1", shape, str(n), show(share, times // 4)
    for n in RUNS:
        for what, published, true in (
            ("order falsely kept: published .5, truly 0", 0.5, 0.0),
            ("order falsely kept: published .5, truly -.1", 0.5, -0.1),
            ("order kept: published .5, truly .5", 0.5, 0.5),
        ):
            yield what, "normal", str(n), show(count_orders(rng, SHAPES["normal"], n, published, true, times)["kept"])
        share = count_orders(rng, SHAPES["normal"], n, 0.5, 0.0, times)["reversed"]
        yield "order falsely reversed: published .5, truly 0", "normal", str(n), show(share)


def main(times: int = 2000) -> None:
    """Print the table as Markdown."""
    headers = ("what", "distribution of a run", "our runs", "share ± 95 % interval of the simulation")
    print(tabulate(list(simulate_lines(times)), headers=headers, tablefmt="github", disable_numparse=True))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
