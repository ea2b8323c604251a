"""Options and arguments: what fits, what is refused, and what an error says."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pytest

import nasbench
from nasbench.choices import Choice, options_of
from nasbench.errors import InvalidOption
from nasbench.options import (
    Count,
    FromTwo,
    NotNegative,
    Positive,
    Share,
    Signed,
    Text,
    Within,
    check_option,
    require_whole_number,
)
from nasbench.registry import DATASETS, NETWORKS, PREDICTORS, STRATEGIES
from nasbench.testing import check_options


@pytest.mark.parametrize(
    ("annotation", "good", "bad"),
    [
        (int, [0, -3, 10**9], [1.5, 2.0, True, "2", None, [1]]),
        (float, [0, -3, 1.5], [True, "2", None, float("nan"), float("inf")]),
        (bool, [True, False], [0, 1, "true", None]),
        (str, ["", "a"], [1, None, True]),
        (Literal["a", "b"], ["a"], ["c", 1, None]),
        (Literal[1, 2], [1, 2], [3, True, 1.0]),
        (int | None, [3, None], [3.0, "3"]),
        (tuple[float, float], [(1, 2.5), [1, 2]], [(1,), (1, "2"), 1, "ab"]),
        (Sequence[int], [(), (1, 2), [3]], ["12", 3, ("1",)]),
        (Mapping[str, Any] | None, [None, {}], [3, "a"]),
        (Count, [1, 7], [0, -1, 1.5]),
        (FromTwo, [2], [1]),
        (Positive, [1e-9, 5], [0, -1.0]),
        (NotNegative, [0, 1.5], [-1e-9]),
        (Share, [1, 0.2], [0, 1.1]),
        (Signed, [-5, 2.5], [float("nan")]),
        (Annotated[float, Within(0, 1, open_high=True)], [0, 0.99], [1, -0.1]),
        (Text, ["anything"], [3]),
        (Any, [object()], []),
        ("not resolved", [3, "a"], []),
    ],
)
def test_an_annotation_says_what_an_option_may_be(annotation, good, bad):
    for value in good:
        check_option("x", "option", value, annotation)
    for value in bad:
        with pytest.raises(InvalidOption, match=r"option option=.* of 'x'; expected "):
            check_option("x", "option", value, annotation)


def test_the_error_names_option_value_and_what_is_allowed():
    with pytest.raises(InvalidOption, match="option n_rounds=0 of 'xgboost'; expected a whole number, at least 1"):
        Choice.parse("xgboost,n_rounds=0").resolve(PREDICTORS)
    with pytest.raises(InvalidOption, match=r"subsample=1\.5 of 'xgboost'; expected a number, above 0, at most 1"):
        Choice.parse("xgboost,subsample=1.5").resolve(PREDICTORS)
    with pytest.raises(InvalidOption, match="option bootstrap=yes of 'random_forest'; expected True or False"):
        Choice.parse("random_forest,bootstrap=yes").resolve(PREDICTORS)
    with pytest.raises(InvalidOption, match="option learning_rate=nan of 'ppo'; expected a number"):
        Choice.parse("ppo,learning_rate=nan").resolve(STRATEGIES)
    with pytest.raises(InvalidOption, match="option path=2024 of 'folder'; expected text"):
        Choice.parse("folder,path=2024").resolve(DATASETS)
    with pytest.raises(InvalidOption, match="option axes=3 of 'nb201'; expected one of 1, 2"):
        Choice.parse("nb201,axes=3").resolve(NETWORKS)


@pytest.mark.parametrize("given", [2, 2.0, np.int64(2), np.float32(2), np.array(2), np.uint8(2)])
def test_whole_numbers_come_in_several_types(given):
    assert require_whole_number("runs", given, least=1) == 2
    assert type(require_whole_number("runs", given, least=1)) is int


@pytest.mark.parametrize("given", [2.5, True, np.True_, "2", None, float("nan"), float("inf"), 0, [2]])
def test_what_is_no_whole_number_is_refused(given):
    with pytest.raises(InvalidOption, match=r"runs=.*; expected a whole number, at least 1"):
        require_whole_number("runs", given, least=1)


class Careless:
    def __init__(self, *, size: int = 3) -> None:
        self.size = size


class Late:
    def __init__(self, *, kind: str = "a") -> None:
        self.kind = {"a": 1}[kind]


class Careful:
    def __init__(self, *, size: Count = 3, kind: Literal["a", "b"] = "a", place: Text = "") -> None:
        self.of = size, kind, place


def test_the_kit_finds_an_option_that_nobody_checks():
    with pytest.raises(AssertionError, match="size=-1000003 of Careless is accepted"):
        check_options(Careless, Careless)
    with pytest.raises(AssertionError, match="kind='no such word' of Late ends in KeyError"):
        check_options(Late, Late)
    check_options(Careful, Careful)


def test_options_of_what_has_no_annotations_are_not_checked():
    class Bare:
        def __init__(self, space, rng, *, anything=3): ...

    assert options_of(Bare) == {"anything": Any}


def test_the_home_may_begin_with_a_tilde(monkeypatch, tmp_path):
    from nasbench.table import get_feature_folder, get_user_folder

    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    monkeypatch.setenv("NASBENCH_HOME", "~/mine")
    assert get_user_folder() == tmp_path / "mine" / "tables"
    assert get_feature_folder() == tmp_path / "mine" / "features"


@pytest.mark.parametrize("package", ["nasbench", "nasbench.tasks", "nasbench.table"])
def test_names_that_load_on_use_are_listed(package):
    import importlib

    module = importlib.import_module(package)
    assert set(module.__all__) <= set(dir(module))


def test_architectures_come_in_the_containers_of_others(cifar10):
    import pandas as pd

    rows = cifar10.space.rows[[3, 5]]
    texts, expected = cifar10.space.format(rows), cifar10.query(rows)
    for given in (texts, tuple(texts), np.array(texts), pd.Series(texts), pd.Series(texts).to_numpy(), iter(texts)):
        assert np.array_equal(cifar10.query(given), expected)
    assert np.array_equal(cifar10.query(pd.DataFrame(rows)), expected)
    with pytest.raises(nasbench.errors.InvalidArchitecture, match="not a list of architectures"):
        cifar10.query(3)


def test_files_are_named_by_paths_and_by_text(tmp_path):
    from nasbench.files import write_text
    from nasbench.training import load_recipe

    write_text(str(tmp_path / "a.txt"), "µ")
    assert (tmp_path / "a.txt").read_bytes() == "µ".encode()
    recipe = Path(nasbench.__file__).parent / "training/recipes/small-4.toml"
    assert load_recipe(recipe) == load_recipe(str(recipe)) == load_recipe("small-4")
