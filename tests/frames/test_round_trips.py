"""Any space of numbers, choices and conditions goes through a data frame and a file: the same scores everywhere."""

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import nasbench
from nasbench.frames.files import import_trainings
from nasbench.importers import TrainingColumns
from nasbench.spaces.hyper import HyperSpace

KINDS = st.sampled_from(
    [
        {"categorical": ["a", "b", "c d"]},
        {"categorical": [True, False]},
        {"ordinal": ["small", "large"]},
        {"ordinal": [0.5, 1, 2.25]},
        {"integer": [1, 300]},
        {"integer": [16, 128], "log": True},
        {"integer": [1, 1000], "log": True, "step": 1},
        {"real": [1e-6, 0.1], "log": True},
        {"real": [-1.0, 2.0]},
    ]
)


@st.composite
def spaces(draw: Any) -> HyperSpace:
    """Draw a space; its later decisions may depend on the first one."""
    declared = {"first": {"categorical": ["x", "y"]}}
    declared |= {f"own_{i}": own for i, own in enumerate(draw(st.lists(KINDS, min_size=1, max_size=4)))}
    conditions = [
        {"decision": name, "when": "first", "is": [draw(st.sampled_from(["x", "y"]))]}
        for name in list(declared)[1:]
        if draw(st.booleans())
    ]
    return HyperSpace(declared, conditions)


def make_frame(space: HyperSpace, texts: list[str]) -> pd.DataFrame:
    """Return one row for each architecture, empty where a decision is inactive."""
    frame = pd.DataFrame([dict(pair.split("=") for pair in text.split(",")) for text in texts], dtype=object)
    for name, declared in space.code_options["decisions"].items():
        column = frame[name] if name in frame else pd.Series([None] * len(frame), dtype=object)
        is_text = any(isinstance(value, str) for value in next(iter(declared.values())))
        frame[name] = column if is_text else column.map(read_cell)
    return frame[list(space.decisions)]


def read_cell(text: Any) -> Any:
    """Return the number or truth value of a text; keep an empty cell."""
    return text if pd.isna(text) else text == "true" if text in ("true", "false") else float(text)


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(spaces(), st.integers(0, 2**32))
def test_the_same_architectures_have_the_same_scores(tmp_path_factory, space, seed):
    rng = np.random.default_rng(seed)
    texts = sorted(set(space.format(space.sample(30, rng))))
    scores = rng.uniform(-5, 5, len(texts))
    frame = make_frame(space, texts).assign(reward=scores)
    assume(len(texts) > 1)
    options: dict[str, Any] = {
        "decisions": space.code_options["decisions"],
        "conditions": space.code_options.get("conditions", []),
        "score": "reward",
    }
    task = nasbench.task_from_frame(frame, quiet=True, **options)
    assert task.query(texts) == pytest.approx(scores, abs=0)
    assert task.whole.code_options == space.code_options
    file = tmp_path_factory.mktemp("own") / f"run{seed}.csv"
    frame.to_csv(file, index=False)
    again = import_trainings(file, TrainingColumns(**options), "", replace=True)
    assert again.query(texts) == pytest.approx(scores, abs=0)
    assert again.whole.code_options == space.code_options
