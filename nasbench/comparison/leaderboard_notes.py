"""The notes below a leaderboard: what each number is, and over what it holds."""

from collections.abc import Sequence

from nasbench.comparison.analysis import Analysis
from nasbench.comparison.claims import Claims
from nasbench.reports.claims import TEST_NAMES, compare_p, explain_no_p, explain_tiers, note_alike
from nasbench.statistics.intervals import CONFIDENCE, LEAST_RUNS
from nasbench.statistics.ranking import ALPHA
from nasbench.statistics.sampling import LEAST_TASKS


def write_notes(analysis: Analysis, claims: Claims, shown: Sequence[str], chance: str) -> list[str]:
    """Write the notes that explain the numbers, claims first; ``chance`` is the baseline strategy."""
    notes = [
        *(
            _explain_over_tasks(analysis, claims, chance)
            if claims.are_over_tasks
            else _explain_on_tasks(claims, chance)
        ),
        *_explain_ranks(claims),
        *_explain_intervals(analysis, claims),
        *_explain_metrics(analysis, shown),
    ]
    without_test = [task.name for task in analysis.tasks if "test" not in task.splits]
    if without_test:
        notes.append(f"no test split in the table of {', '.join(without_test)}")
    return notes + _note_empty_runs(analysis)


def _explain_metrics(analysis: Analysis, shown: Sequence[str]) -> list[str]:
    notes = [
        f"{_describe_scores(analysis)}: mean ± std over the runs that found an architecture",
        "regret: distance to the best of the table, in the same unit; normalised regret: 0 is the optimum, 1 a random "
        "architecture; anytime: its mean over the whole budget",
        "scores and regrets are those of the architecture's mean over trained seeds; a failed run counts as a random "
        "architecture",
    ]
    if analysis.recommends:
        notes.append(
            "regret is of the incumbent, the best observed; inference regret of what the strategy recommends, which is "
            "the incumbent where it does not say"
        )
    if any(name in task.censored for task in analysis.tasks for name in shown):
        notes.append(
            f"medians by Kaplan and Meier [{CONFIDENCE:.0%} interval], and in how many runs it was reached; "
            "'>' is a lower bound: no run was followed longer. Ranks go by the mean restricted to a common horizon"
        )
    return notes


def _explain_ranks(claims: Claims) -> list[str]:
    sample = claims.over.sample
    if len(claims.tiers) < 2:
        return []
    return [
        "rank: on each task, by the interquartile mean of normalised regret (mean of the middle half of the runs; "
        f"failed runs are never trimmed); average rank: its mean over tasks{note_alike(sample)}"
    ]


def _explain_over_tasks(analysis: Analysis, claims: Claims, chance: str) -> list[str]:
    """Explain the first table, which claims over tasks."""
    sample, unit = claims.over.sample, claims.over.sample.unit
    friedman = claims.over.friedman
    alike = f"; Friedman's test that all are alike: p {compare_p(friedman)}" if friedman == friedman else ""
    told = "tier and p" if len(analysis.block.runs) < LEAST_RUNS else f"[{CONFIDENCE:.0%} interval], tier and p"
    return [
        f"first table: {told} are over {unit} like these ({sample.describe()}), not of these {unit} alone",
        f"p to best, p to random (against {chance}): by {TEST_NAMES[claims.test.name]}, adjusted for all pairs{alike}",
        *([] if claims.test.can_separate else [explain_no_p(claims.over, claims.test.name, "strategies")]),
        *explain_tiers(unit, "strategy"),
    ]


def _explain_on_tasks(claims: Claims, chance: str) -> list[str]:
    """Explain why nothing is claimed over tasks, and the tests on each task."""
    sample = claims.over.sample
    if len(claims.tiers) < 2:
        return []
    few = (
        f"nothing is claimed over tasks like these ({sample.describe()}): that takes {LEAST_TASKS} tasks or more "
        "(for example --suite embedded)"
    )
    if not any(own.has_tests for own in claims.on_tasks.values()):
        return [few]
    return [
        f"{few}; the second table compares the runs on each task alone",
        f"p to best, p to random (against {chance}): on this task, by the Brunner-Munzel test of unpaired runs, "
        "adjusted for all pairs by Holm's method",
        "rank [places]: on this task; the brackets hold the places that the tests leave open, for all strategies "
        f"together with a probability of {CONFIDENCE:.0%}",
        f"tier 1: the best on this task and all that are not significantly worse (p > {ALPHA:g}, or a better "
        "interquartile mean), which does not show that they are equal; tier 2: the same among the others, and so on",
    ]


def _explain_intervals(analysis: Analysis, claims: Claims) -> list[str]:
    """Say over what the intervals on tasks are, or why there are none."""
    sample = claims.over.sample
    counts = [n for pair in analysis.pairs if (n := pair.task.failed.shape[1])]
    notes = ["one run has no standard deviation"] if len(analysis.block.runs) == 1 else []
    if min(counts, default=0) < LEAST_RUNS:
        notes.append(
            f"[-]: no interval{'' if sample.is_enough else ' and no test'} with fewer than {LEAST_RUNS} runs, since it "
            f"would be wrong too often; the same command with --runs {LEAST_RUNS} or more adds runs"
        )
    if max(counts, default=0) >= LEAST_RUNS:
        notes.append(
            f"second table: [{CONFIDENCE:.0%} interval] of the interquartile mean over runs, on this task alone"
        )
    return notes


def _describe_scores(analysis: Analysis) -> str:
    """Describe the numbers of the second table, and name those for which smaller is better."""
    scales = [task.scales[split] for task in analysis.tasks for split in task.splits]
    if all(scale.is_fraction and scale.sign > 0 for scale in scales):
        return "scores in percent of the metric"
    small = [f"{task.name} {split}" for task in analysis.tasks for split in task.splits if task.scales[split].sign < 0]
    told = f" (smaller is better: {', '.join(small)})" if small else ""
    return f"scores in the metric's unit{told}"


def _note_empty_runs(analysis: Analysis) -> list[str]:
    """Note runs that ended without a trial although the strategy did not fail: their budget was too small."""
    notes = []
    for task in analysis.tasks:
        empty = ((task.metrics["trials"] == 0) & ~task.failed).sum(axis=1)
        names = [name for name, n in zip(analysis.strategies, empty.tolist(), strict=True) if n]
        if names:
            amount, unit = task.budget
            notes.append(
                f"{task.name}: in {int(empty.sum())} runs ({', '.join(names)}) no trial ended within the budget of "
                f"{amount:g} {unit}: such a run counts as an architecture drawn at random; raise the budget"
            )
    return notes
