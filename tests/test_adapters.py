"""Search spaces of other tools, read by one function."""

import pytest

from nasbench.adapters import read_search_space
from nasbench.errors import InvalidOption


def test_a_search_space_of_any_tool_is_read():
    cs = pytest.importorskip("ConfigSpace", reason="the extra 'configspace' is not installed")
    optuna = pytest.importorskip("optuna", reason="the extra 'optuna' is not installed")
    theirs = cs.ConfigurationSpace({"lr": (0.0, 1.0), "op": ["a", "b"]})
    distributions = {
        "lr": optuna.distributions.FloatDistribution(0.0, 1.0),
        "op": optuna.distributions.CategoricalDistribution(["a", "b"]),
    }
    expected = {"lr": {"real": [0.0, 1.0]}, "op": {"categorical": ["a", "b"]}}
    assert read_search_space(theirs).code_options["decisions"] == expected
    assert read_search_space(distributions).code_options["decisions"] == expected
    with pytest.raises(InvalidOption, match="expected a study of Optuna"):
        read_search_space("lr")
