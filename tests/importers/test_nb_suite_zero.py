"""NAS-Bench-Suite-Zero: genuine scores of a public copy, put back into the layout of the published JSON here."""

import csv
import json

import numpy as np
import pytest

from nasbench.cli import main
from nasbench.errors import SourceError
from nasbench.importers import import_source
from nasbench.importers.nb_suite_zero import NASBenchSuiteZero
from nasbench.spaces.nb201 import NASBench201
from nasbench.table import Table, find_table

SECONDS = 0.25  # the copy has none


def official(folder, n):
    """Return the file's contents of ``n`` networks on CIFAR-10, and their official strings."""
    with (folder / "nb201/zero_cost_proxies_cifar10.csv").open() as file:
        rows = [row for row, _ in zip(csv.DictReader(file), range(n), strict=False)]
    networks = {
        row["net"]: {
            "id": str(i),
            "val_accuracy": 84.0,
            **{
                name: {"score": float(row[name]), "time": SECONDS}
                for name in row
                if name not in ("net", "net_str")
            },
        }
        for i, row in enumerate(rows)
    }  # fmt: skip
    return networks, [row["net_str"] for row in rows]


def written(folder, content):
    path = folder / "zc_nasbench201.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_every_score_lies_at_its_own_network(shared, tmp_path):
    networks, texts = official(shared, 500)
    content = {"cifar10": networks, "cifar100": dict(list(networks.items())[:5])}
    table = import_source(NASBenchSuiteZero(), written(tmp_path, content), tmp_path / "zero.h5")
    index = table.index(NASBench201().parse(texts))
    assert len(table) == len(texts)
    names = networks[next(iter(networks))].keys() - {"id", "val_accuracy"}
    assert len(names) == 13
    for name in names:
        expected = np.array([entry[name]["score"] for entry in networks.values()])
        if name in ("params", "flops"):
            stored = table.static(index, dataset="cifar10", metric="n_params" if name == "params" else name)
            np.testing.assert_allclose(stored, expected * 1e6)
        else:
            stored = table.static(index, dataset="cifar10", metric=name)
            np.testing.assert_array_equal(stored, np.where(expected == -1e8, np.nan, expected))
        assert (table.static(index, dataset="cifar10", metric=f"{name}_s") == SECONDS).all()
    assert np.isnan(table.static(index, dataset="cifar100", metric="synflow")).sum() == len(texts) - 5
    assert not any("val_accuracy" in column for column in table.statics)
    assert not table.measurements


def test_parameters_are_those_that_the_operations_make(shared, tmp_path):
    """The number of parameters depends on the operations alone, so it would catch a wrong digit."""
    networks, texts = official(shared, 200)
    table = import_source(NASBenchSuiteZero(), written(tmp_path, {"cifar10": networks}), tmp_path / "zero.h5")
    index = table.index(NASBench201().parse(texts))
    shipped = Table(find_table("nb201"))
    theirs = shipped.static(shipped.index(NASBench201().parse(texts)), dataset="cifar10-valid", metric="n_params")
    np.testing.assert_allclose(table.static(index, dataset="cifar10", metric="n_params"), theirs, rtol=1e-3)


def test_what_could_not_be_computed_is_missing(tmp_path):
    scores = {"grasp": -1e8, "zen": float("inf"), "jacov": float("nan"), "snip": 1.5}
    entry = {name: {"score": score, "time": 1.0} for name, score in scores.items()}
    content = {"cifar10": {"(0, 1, 2, 3, 4, 0)": entry, "(0, 1, 2, 3, 4, 1)": {"grasp": {"score": -2.0}}}}
    table = import_source(NASBenchSuiteZero(), written(tmp_path, content), tmp_path / "zero.h5")
    rows = np.arange(2)
    assert sorted(np.nan_to_num(table.static(rows, dataset="cifar10", metric="grasp"))) == [-2.0, 0.0]
    assert {metric for _, metric in table.statics} == {"grasp", "snip", "grasp_s", "zen_s", "jacov_s", "snip_s"}


def test_the_command_reads_the_folder(shared, tmp_path, home):
    written(tmp_path, {"cifar10": official(shared, 3)[0]})
    assert main(["import", "nb_suite_zero", str(tmp_path)]) == 0


SNIP = {"snip": {"score": 1.0, "time": 1.0}}


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("{", "truncated or not JSON"),
        ([], "expected an object"),
        ({}, "no proxy of any network"),
        ({"cifar10": 3}, "'cifar10' is not a data set"),
        ({"cifar10": {"(0, 1, 2, 3, 4)": SNIP}}, "no NAS-Bench-201 network"),
        ({"cifar10": {"(0, 1, 2, 3, 4, 5)": SNIP}}, "no NAS-Bench-201 network"),
        ({"cifar10": {"((0, 1), (2, 3))": SNIP}}, "no NAS-Bench-201 network"),
        ({"cifar10": {"(0, 1, 2, 3, 4, 0)": 3}}, "expected an object"),
        ({"cifar10": {"(0, 1, 2, 3, 4, 0)": {"snip": 3}}}, "'snip' breaks the format"),
        ({"cifar10": {"(0, 1, 2, 3, 4, 0)": {"snip": {"time": 3}}}}, "'snip' breaks the format"),
        ({"cifar10": {"(0, 1, 2, 3, 4, 0)": {"snip": {"score": "3"}}}}, "'3' is not a number"),
        ({"cifar10": {"(0, 1, 2, 3, 4, 0)": {"snip": {"score": 3, "time": -1}}}}, "-1.0 seconds"),
        (
            {"cifar10": {"(0, 1, 2, 3, 4, 0)": {"params": {"score": 129306.0, "time": 1}}}},
            "expected a number in millions",
        ),
        ({"cifar10": {"(0, 1, 2, 3, 4, 0)": SNIP, "[0, 1, 2, 3, 4, 0]": SNIP}}, "appears twice"),
    ],
)
def test_what_breaks_the_format_is_named(tmp_path, content, says):
    with pytest.raises(SourceError, match=says):
        NASBenchSuiteZero().read(written(tmp_path, content))


def test_where_to_get_it(tmp_path):
    for source in (tmp_path, tmp_path / "absent.json"):
        with pytest.raises(SourceError, match=r"github\.com/automl/NASLib"):
            NASBenchSuiteZero().read(source)
