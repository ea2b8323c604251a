"""Tables as Markdown: every character of a cell is kept."""

import pytest

from nasbench.reports.tables import tabulated


def test_a_bar_in_a_cell_of_a_markdown_table_begins_no_cell():
    (heading, _, row) = tabulated([[{"strategy": "a|b", "rank": "1"}]], [], "markdown").splitlines()
    assert heading.count("|") == 3
    assert row.replace(r"\|", "").count("|") == 3
    assert row.split(" ")[1] == r"a\|b"


@pytest.mark.parametrize("kind", ["text", "html", "latex"])
def test_other_formats_show_a_bar_as_it_is(kind):
    assert "a|b" in tabulated([[{"strategy": "a|b"}]], [], kind)
