"""Read a data frame of pandas, polars or pyarrow into cells."""

from typing import Any

import numpy as np
import pandas as pd

from nasbench.errors import InvalidOption
from nasbench.importers._cells import TextCells


def read_frame(frame: Any, used: list[str]) -> tuple[TextCells, dict[str, Any]]:
    """Return the columns of a data frame as cells, and the decisions that its types declare.

    An ordered categorical of pandas declares an ordinal decision, any other categorical a categorical one.

    Args:
        frame: a data frame of pandas, polars or pyarrow.
        used: names of the columns that are needed.

    Raises:
        InvalidOption: it is not a data frame, it has no rows, or two of the columns have the same name.
    """
    frame = convert_to_pandas(frame)
    names = [str(name) for name in frame.columns]
    frame = frame.set_axis(names, axis=1)
    if twice := [name for name in used if names.count(name) > 1]:
        raise InvalidOption(f"the frame has {names.count(twice[0])} columns named '{twice[0]}': rename all but one")
    if not len(frame):
        raise InvalidOption("the frame has no rows: there is nothing to learn from")
    once = frame.loc[:, ~frame.columns.duplicated(keep=False)]
    declared = {name: own for name in used if name in once and (own := _declare_categorical(once[name])) is not None}
    columns = {name: _convert_column(once[name]) for name in once}
    return TextCells("the frame", columns, places=list(map(str, frame.index))), declared


def convert_to_pandas(frame: Any) -> Any:
    """Return a data frame of any library as one of pandas.

    Raises:
        InvalidOption: it is not a data frame.
    """
    if isinstance(frame, pd.DataFrame):
        return frame
    if hasattr(frame, "to_pandas"):
        try:
            return frame.to_pandas()
        except ImportError:  # polars needs pyarrow for this
            return pd.DataFrame({name: frame[name].to_list() for name in frame.columns})
    raise InvalidOption(
        f"{type(frame).__name__} is not a data frame; for a dictionary or a list of records, pass pandas.DataFrame(...)"
    )


def _declare_categorical(column: Any) -> dict[str, Any] | None:
    """Return the decision that a categorical column declares, of the values that occur; None for other columns."""
    if not isinstance(column.dtype, pd.CategoricalDtype):
        return None
    present = set(column.dropna().unique())
    values = [value for value in column.cat.categories.tolist() if value in present]
    return {"ordinal" if column.cat.ordered else "categorical": values} if len(values) > 1 else None


def widen_column(column: Any) -> Any:
    """Return a column of short floats as long ones with the same digits: 0.001, not 0.0010000000474974513."""
    return column.astype(str).astype(np.float64) if column.dtype in (np.float32, np.float16) else column


def _convert_column(column: Any) -> Any:
    """Return a column as plain values [n], None where one is missing."""
    column = widen_column(column)
    if isinstance(column.dtype, pd.CategoricalDtype):
        column = column.astype(column.cat.categories.dtype if not column.isna().any() else object)
    if pd.api.types.is_timedelta64_dtype(column.dtype):
        cells = np.array([None if pd.isna(cell) else cell for cell in column], dtype=object)
    else:
        cells = column.to_numpy(dtype=object, copy=True)
    cells[column.isna().to_numpy()] = None
    cells[[isinstance(cell, str) and not cell.strip() for cell in cells]] = None
    return cells
