"""Leaderboards in a narrow terminal: nothing is wider than it, and no number is lost."""

from nasbench.reports.folding import fold_tables

TABLE = """\
strategy       average rank    normalised regret     p to best
-------------  --------------  --------------------  -----------
local_search   1.00            0.090 [0.053, 0.139]  -
random_search  2.00            0.154 [0.106, 0.207]  0.219"""
NOTE = "a note that is longer than sixty columns, as most notes are that say how to read a table of numbers"


def test_what_fits_stays():
    assert fold_tables(f"{TABLE}\n\nshort note\n", 80) == f"{TABLE}\n\nshort note\n"


def test_a_wide_table_is_shown_in_parts_that_name_their_rows():
    folded = fold_tables(f"{TABLE}\n\n{NOTE}\n", 60)
    assert max(map(len, folded.splitlines())) <= 60
    first, second, note = folded.rstrip("\n").split("\n\n")
    assert first.splitlines()[2] == "local_search   1.00            0.090 [0.053, 0.139]"
    assert second.splitlines() == [
        "strategy       p to best",
        "-------------  -----------",
        "local_search   -",
        "random_search  0.219",
    ]
    assert " ".join(note.split()) == NOTE


def test_a_table_of_tasks_repeats_task_and_strategy():
    heading = f"task  strategy  {'regret' * 6}  {'rank' * 9}"
    table = f"{heading}\n----  --------  {'-' * 36}  {'-' * 36}\na     b         1{' ' * 35}  2"
    parts = fold_tables(table, 60).rstrip("\n").split("\n\n")
    assert [part.splitlines()[2].split() for part in parts] == [["a", "b", "1"], ["a", "b", "2"]]


def test_a_long_table_that_does_not_fit_is_named_instead():
    lines = TABLE.splitlines()
    folded = fold_tables("\n".join([*lines[:2], *lines[2:] * 20]), 60)
    needed = len(lines[1])
    told = f"(a table of 40 rows needs {needed} columns: widen the terminal or write to a file)"
    assert " ".join(folded.split()) == told
    assert max(map(len, folded.splitlines())) <= 60


def test_rows_of_long_labels_are_numbered_and_later_parts_repeat_the_number():
    label = "regularized_evolution,population_size=10,sample_size=5"
    heading = f"{'strategy':<54}  {'average rank':<17}  {'tier':<4}  {'normalised regret':<20}  p to best"
    rule = "  ".join("-" * n for n in (54, 17, 4, 20, 9))
    rows = [
        f"{name:<54}  {rank:<17}  {tier:<4}  {regret:<20}  {p}"
        for name, rank, tier, regret, p in (
            (label, "1.06 [1.00, 1.58]", "1", "0.172 [0.106, 0.240]", "-"),
            ("random_search", "1.94 [1.42, 2.00]", "2", "0.218 [0.175, 0.277]", "0.008"),
        )
    ]
    table = "\n".join([heading, rule, *rows])
    first, second = fold_tables(table, 80).rstrip("\n").split("\n\n")
    assert [line.split() for line in first.splitlines()[2:]] == [
        ["1", label, "1.06", "[1.00,", "1.58]"],
        ["2", "random_search", "1.94", "[1.42,", "2.00]"],
    ]
    assert second.splitlines() == [
        "no.  tier  normalised regret     p to best",
        "---  ----  --------------------  ---------",
        "1    1     0.172 [0.106, 0.240]  -",
        "2    2     0.218 [0.175, 0.277]  0.008",
    ]
    narrow = fold_tables(table, 60).rstrip("\n").split("\n\n")
    assert narrow[0].splitlines()[2] == f"1    {label}"
    assert narrow[1].splitlines()[3] == "2    1.94 [1.42, 2.00]  2     0.218 [0.175, 0.277]"
    assert max(len(line) for part in narrow for line in part.splitlines()) <= 60
