"""Shared by the tests of campaigns."""

import pytest


@pytest.fixture
def file(tmp_path):
    return tmp_path / "state.jsonl"
