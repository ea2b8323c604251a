"""Separated texts in every dialect give the same cells as Python's own reader, and numbers come back to the bit."""

import csv
import io

import hypothesis.strategies as st
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from nasbench.importers import _fields
from nasbench.importers._reading import read_cells
from nasbench.importers._text_tables import split_table

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs"]), max_size=12)


@st.composite
def frames(draw):
    """A frame with columns of numbers, integers and texts, some cells missing."""
    n = draw(st.integers(1, 30))
    made = {"row": list(range(n))}
    for i in range(draw(st.integers(1, 4))):
        cells = draw(st.sampled_from((NUMBERS, st.integers(-(10**18), 10**18), st.sampled_from([0.1, 0.25, 3.0]))))
        made[f"number {i}"] = draw(st.lists(st.none() | cells, min_size=n, max_size=n))
    return pd.DataFrame(made, dtype=object)


@settings(max_examples=60, deadline=None)
@given(
    frame=frames(),
    separator=st.sampled_from(",;\t"),
    line=st.sampled_from(["\n", "\r\n", "\r"]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    decimal=st.sampled_from(".,"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    block=st.sampled_from([7, 64, 1 << 22]),
)
def test_a_frame_comes_back_whatever_the_dialect(
    frame, separator, line, quoting, decimal, encoding, block, tmp_path_factory
):
    written = frame.map(lambda cell: "" if cell is None else repr(cell).replace(".", decimal))
    path = tmp_path_factory.mktemp("dialects") / "x.csv"
    text = written.to_csv(sep=separator, index=False, lineterminator=line, quoting=quoting)
    path.write_bytes(text.encode(encoding))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_fields, "_BLOCK", block)  # fields, quotes and line breaks fall on the edges of blocks
        cells = read_cells(path, decimal)
        assert list(cells.columns) == list(frame.columns)
        for name in frame.columns:
            expected = np.array([np.nan if cell is None else cell for cell in frame[name]], dtype=np.float64)
            np.testing.assert_array_equal(cells.read_numbers(name), expected)


@settings(max_examples=200, deadline=None)
@given(rows=st.lists(st.lists(TEXTS, min_size=2, max_size=2), max_size=8), block=st.sampled_from([5, 16, 1 << 22]))
def test_any_text_is_split_as_python_splits_it(rows, block):
    stream = io.StringIO(newline="")
    csv.writer(stream, lineterminator="\r\n").writerows([["first", "second"], *rows])
    text = stream.getvalue()
    expected = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if any(map(str.strip, row))][1:]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_fields, "_BLOCK", block)
        table = split_table(text.encode(), ",")
        found = [[cell or "" for cell in table.columns[name]] for name in ("first", "second")]
    assert [list(row) for row in zip(*found, strict=True)] == expected
    assert not table.uneven


@settings(max_examples=200, deadline=None)
@given(text=st.text(st.sampled_from('ab,;"\n\r 1.'), max_size=40), block=st.sampled_from([3, 1 << 22]))
def test_malformed_texts_are_refused_where_python_refuses_them(text, block):
    """Both ways of reading agree on what is no table, on its cells and on the numbers of its lines."""
    data = f"x,y\n{text}\n"

    def read_all(table):
        return [[*table.columns[name]] for name in table.columns], table.lines.tolist(), table.uneven

    def attempt():
        try:
            return read_all(split_table(data.encode(), ","))
        except ValueError as error:
            return str(error)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_fields, "_BLOCK", block)
        fast = attempt()
        patch.setattr("nasbench.importers._text_tables.find_fields", lambda *_: None)
        slow = attempt()
    assert fast == slow
