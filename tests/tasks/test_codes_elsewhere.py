"""Surrogates, proxies, sources, records, networks and trainings of a declared space keep the meaning of its codes."""

import json
import zipfile

import numpy as np
import pytest

import nasbench
from nasbench.cli import main
from nasbench.comparison.experiment import Limits
from nasbench.errors import InvalidOption, NasbenchError, TableError
from nasbench.spaces.hyper import HyperSpace
from nasbench.table import Measurement, Static, Table, TableBuilder, find_table, write_table
from nasbench.tasks import SurrogateFit, fit_surrogate
from nasbench.tasks.surrogate.archive import describe, read_arrays, write_archive
from nasbench.tasks.surrogate.opening import open_surrogate

DECISIONS = {"width": {"integer": [0, 7]}, "depth": {"ordinal": [0, 1, 2, 3, 4, 5, 6, 7]}}
REORDERED = dict(reversed(DECISIONS.items()))
FEWER = {"width": {"integer": [0, 3]}, "depth": {"integer": [0, 7]}}
PERMUTED = DECISIONS | {"depth": {"ordinal": [7, 6, 5, 4, 3, 2, 1, 0]}}
FAST = SurrogateFit(("random_forest",), n_train=40, members=2, noise="none")


def table(home, name, decisions, dataset="d"):
    """Write a table whose score is ``.5 + .01 (width + 2 depth)``, and that of a proxy without the hundredth."""
    space = HyperSpace(decisions)
    value = [dict(pair.split("=") for pair in text.split(",")) for text in space.format(space.rows)]
    proxy = np.array([float(cell["width"]) + 2 * float(cell["depth"]) for cell in value])
    score = Measurement(
        dataset=dataset,
        recipe="epochs1",
        split="valid",
        metric="accuracy",
        unit="fraction",
        direction="maximize",
        values=(0.5 + 0.01 * proxy)[:, None, None],
        seeds=np.array([0]),
        epochs=np.array([1]),
    )
    statics = [Static(dataset=dataset, metric="naswot", unit="none", direction="maximize", values=proxy)]
    texts = dict.fromkeys(("title", "citation", "licence", "source", "notes"), "made by a test")
    path = home / "tables" / f"{name}.h5"
    rows = {"architectures": space.rows, "cardinality": space.cardinality, "space_options": space.code_options}
    write_table(TableBuilder(name=name, space="hyper", **texts, **rows, measurements=[score], statics=statics), path)
    return path


def task(folder, name, dataset="d"):
    text = f'title = "t"\nversion = 1\nspace = "hyper"\ntable = "{name}"\ndataset = "{dataset}"\nrecipe = "epochs1"\n'
    text += 'metric = "accuracy"\nobserved = "valid"\nreported = ["valid"]\ncost = 1.0\nbudget_s = 20\n[tasks.t]\n'
    (folder / f"{name}.toml").write_text(text)
    return f"{folder}/{name}.toml:t"


@pytest.fixture
def mine(tmp_path, home):
    table(home, "mine", DECISIONS)
    return task(tmp_path, "mine")


# Surrogates


def test_a_surrogate_keeps_the_order_of_decisions(mine, home):
    fitted = fit_surrogate(mine, FAST, name="ab")
    opened = nasbench.load_task("surrogate-ab")
    assert opened.space.decisions == ("width", "depth")
    assert opened.space.coding == nasbench.load_task(mine).space.coding
    texts = ["width=7,depth=0", "width=0,depth=7"]
    archs = fitted.space.parse(texts)
    np.testing.assert_array_equal(opened.query(texts), fitted.predict("observed", archs))
    assert np.diff(opened.query(texts)) > 0  # a step of depth counts twice
    assert opened.describe()["decisions"]["width"] == "0, 1, 2, 3, 4, 5, 6, 7"


def test_a_surrogate_that_lost_its_order_is_refused_with_the_reason(mine, tmp_path, home):
    """As an older release wrote it: options as they are, and keys sorted."""
    made = fit_surrogate(mine, FAST, name="ab").path
    spec, _ = describe(made)
    options = json.loads(spec.pop("space_options"))
    arrays = read_arrays(made, spec)
    old = tmp_path / "old.surrogate"
    kept = {key: value for key, value in spec.items() if key not in ("arrays", "format", "format_version")}
    write_archive(old, kept | {"space_options": options}, arrays)
    with pytest.raises(TableError, match="another order than depth, width, which an older release did not keep"):
        open_surrogate(old)
    # where the alphabet is the order, they open as before
    table(home, "sorted", REORDERED)
    made = fit_surrogate(task(tmp_path, "sorted"), FAST, name="sorted").path
    spec, _ = describe(made)
    arrays = read_arrays(made, spec)
    kept = {key: value for key, value in spec.items() if key not in ("arrays", "format", "format_version")}
    write_archive(old, kept | {"space_options": json.loads(spec["space_options"])}, arrays)
    assert open_surrogate(old).space.decisions == ("depth", "width")


def test_another_surrogate_is_not_replaced_unasked(mine, tmp_path, home, capsys):
    command = ["fit-surrogate", mine, "--train", "40", "--predictor", "random_forest", "--members", "2", "--name", "ab"]
    path = home / "surrogates" / "ab.surrogate"
    assert main(command) == 0
    before = path.read_bytes()
    assert main(command) == 0  # the same again
    assert path.read_bytes() == before
    capsys.readouterr()
    for more, says in (
        (["--seed", "1"], "fitted with another fit"),
        (["--predictor", "nu_svr"], "was chosen among random_forest"),
        (["--train", "30"], "holds other content"),
    ):
        assert main([*command, *more]) == 1
        told = capsys.readouterr().err
        assert says in told
        assert "--replace" in told
        assert path.read_bytes() == before
    assert main([*command, "--seed", "1", "--replace"]) == 0
    assert path.read_bytes() != before
    assert [item.name for item in path.parent.iterdir()] == ["ab.surrogate"]
    path.write_bytes(b"a letter")
    assert main(command) == 1
    assert path.read_bytes() == b"a letter"


# Joins by architecture


@pytest.mark.parametrize("other", [REORDERED, PERMUTED])
def test_proxies_of_another_declaration_are_refused(mine, home, tmp_path, capsys, other):
    table(home, "other", other)
    for use in (
        lambda: nasbench.evaluate(mine, ["zero_cost"], train_sizes=10, runs=1, proxies="other", out=tmp_path / "p"),
        lambda: nasbench.make_predictor(nasbench.load_task(mine).space, "zero_cost,proxies=other/naswot"),
        lambda: nasbench.compare(mine, "warm_start,source=table:other/naswot", runs=1, out=tmp_path / "w"),
    ):
        with pytest.raises(InvalidOption, match=r"decision.* table 'other'"):
            use()
    arguments = ["--data", "digits", "--against", "other", "--proxies", "params", "--network", "nb201"]
    pytest.importorskip("torch")
    assert main(["proxies", mine, *arguments]) == 1
    assert "table 'other'" in capsys.readouterr().err


def test_proxies_of_fewer_architectures_are_joined(mine, home, tmp_path):
    table(home, "other", FEWER)
    record = nasbench.evaluate(
        mine, ["zero_cost"], train_sizes=10, runs=1, protocols=("random",), proxies="other", out=tmp_path / "p"
    )
    (run,) = record.runs(record.tasks[0], "zero_cost")
    assert not run.failed


def test_a_record_as_a_source_is_of_its_declaration(home, tmp_path):
    """Codes of a record mean what its task declared, whatever the searched task declares."""
    table(home, "theirs", PERMUTED, dataset="e")
    names = task(tmp_path, "theirs", "e")
    nasbench.compare(names, "random_search", runs=1, out=tmp_path / "r")
    from nasbench.strategies._sources import _RecordSource  # a search of one's own file by sources is another door

    space = nasbench.load_task(names).space
    assert len(_RecordSource(tmp_path / "r", names, space).pool)
    with pytest.raises(InvalidOption, match="decision 'depth'"):
        _RecordSource(tmp_path / "r", names, HyperSpace(DECISIONS))


def test_tasks_as_sources_of_predictors_are_compared(home, tmp_path, mine):
    table(home, "theirs", PERMUTED, dataset="e")
    name = task(tmp_path, "theirs", "e")
    with pytest.raises(InvalidOption, match="'depth' takes"):
        nasbench.make_predictor(nasbench.load_task(mine).space, f"ranking_transfer,source={name}")


# Networks and trainings

TRAINING = """
version = 1
budget_s = 60
space = "{space}"
title = "t"
[tasks.t]
train = {{ data = "digits", recipe = "small-4,epochs=1", network = "{network}" }}
{options}
"""


class ByName:
    """A network whose width and depth are those that the codes mean."""

    space = "hyper"

    def __new__(cls, arch, *, space, n_classes=10, in_channels=1):
        from torch import nn

        told = dict(pair.split("=") for pair in space.format(arch)[0].split(","))
        width = 1 + int(told["width"])
        layers = [layer for _ in range(int(told["depth"])) for layer in (nn.Linear(width, width), nn.ReLU())]
        return nn.Sequential(nn.Flatten(), nn.Linear(64 * in_channels, width), *layers, nn.Linear(width, n_classes))


class ByCode:
    """A network that relies on one declaration."""

    space = "hyper"
    space_options = {"decisions": DECISIONS}  # noqa: RUF012

    def __new__(cls, arch, *, n_classes=10, in_channels=1):
        from torch import nn

        width, depth = arch[0].tolist()
        layers = [nn.Linear(1 + width, 1 + width) for _ in range(depth)]
        return nn.Sequential(nn.Flatten(), nn.Linear(64, 1 + width), *layers, nn.Linear(1 + width, n_classes))


def training(folder, network, decisions=None, space="hyper"):
    lines = ["[tasks.t.space_options.decisions]"] if decisions else []
    for name, item in (decisions or {}).items():
        lines.append(f"{name} = {{ {', '.join(f'{kind} = {value}' for kind, value in item.items())} }}")
    (folder / "n.toml").write_text(TRAINING.format(space=space, network=network, options="\n".join(lines)))
    return f"{folder}/n.toml:t"


@pytest.fixture
def torch():
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield torch
    torch.set_num_threads(before)


def test_a_network_is_built_of_what_its_codes_mean(torch, tmp_path):
    from nasbench.networks import build_network

    for decisions in (DECISIONS, REORDERED, PERMUTED):
        space = HyperSpace(decisions)
        arch = space.parse(["width=4,depth=2"])
        made = build_network(f"{__name__}:ByName", arch, np.random.default_rng(0), space=space)
        assert [layer.out_features for layer in made if hasattr(layer, "out_features")] == [5, 5, 5, 10]


@pytest.mark.parametrize("decisions", [REORDERED, PERMUTED])
def test_a_network_that_counts_on_another_declaration_is_refused(torch, tmp_path, home, decisions):
    name = training(tmp_path, f"{__name__}:ByCode", decisions)
    with pytest.raises(InvalidOption, match=r"network '.*ByCode'.*misread"):
        nasbench.load_task(name).check()
    nasbench.load_task(training(tmp_path, f"{__name__}:ByCode", DECISIONS)).check()


def test_networks_of_another_space_are_refused(torch, tmp_path, home, capsys):
    """Both spaces have six decisions of some operations: the codes of one are codes of the other."""
    name = training(tmp_path, "nb201", space="tnb101_micro")
    with pytest.raises(
        InvalidOption, match="reads the codes of space 'nb201', the architectures are of 'tnb101_micro'"
    ):
        nasbench.load_task(name).check()
    arguments = ["--data", "digits", "--proxies", "params", "--network", "tnb101_micro"]
    assert main(["proxies", "nb201-cifar10", "--sample", "2", "--jobs", "1", *arguments]) == 1
    assert "network 'tnb101_micro' reads the codes of space 'tnb101_micro'" in capsys.readouterr().err


def test_a_declared_space_must_be_declared(torch, tmp_path, home):
    with pytest.raises(InvalidOption, match="lacks space_options"):
        nasbench.load_task(training(tmp_path, f"{__name__}:ByName"))


def test_trainings_of_another_declaration_are_others(torch, tmp_path, home):
    """The same text has other codes: no checkpoint is taken for one of the other, and a record tells them apart."""
    name = training(tmp_path, f"{__name__}:ByName", DECISIONS)
    first = nasbench.load_task(name)
    second = nasbench.load_task(training(tmp_path, f"{__name__}:ByName", REORDERED))
    assert first.folder != second.folder
    assert json.dumps(first.declaration) != json.dumps(second.declaration)
    training(tmp_path, f"{__name__}:ByName", DECISIONS)
    out = tmp_path / "r"
    nasbench.compare(name, "random_search", runs=1, limits=Limits(trials=1), out=out)
    training(tmp_path, f"{__name__}:ByName", REORDERED)
    with pytest.raises(NasbenchError, match="with another"):
        nasbench.compare(name, "random_search", runs=2, limits=Limits(trials=1), out=out)


def test_trained_winners_keep_their_meaning(torch, mine, tmp_path, home, capsys):
    """The table of trainings knows its space, a model is built again from it, and another table is refused first."""
    from nasbench.training import read_model

    nasbench.compare(mine, "random_search", runs=1, limits=Limits(trials=3), out=tmp_path / "r")
    network = f"{__name__}:ByName"
    command = ["train", "--from", str(tmp_path / "r"), "--top", "1", "--network", network, "--predictor", "none"]
    command += ["--data", "digits", "--recipe", "small-4,epochs=1", "--out", str(tmp_path / "out"), "--json"]
    assert main(command) == 0
    shown = json.loads(capsys.readouterr().out)["architectures"][0]
    trained = Table(find_table("trained"))
    assert list(trained.space_options["decisions"]) == ["width", "depth"]
    model = read_model(tmp_path / "out" / "seed0" / shown["models"][0].rpartition("/")[2])
    width = int(dict(pair.split("=") for pair in shown["architecture"].split(","))["width"])
    assert model.network[1].out_features == 1 + width
    table(home, "taken", PERMUTED)
    before = [*(tmp_path / "out").rglob("*")]
    assert main([*command, "--table", "taken", "--out", str(tmp_path / "again")]) == 1
    assert "choose another --table" in capsys.readouterr().err
    assert not (tmp_path / "again").exists()
    assert [*(tmp_path / "out").rglob("*")] == before


def test_an_archive_holds_options_as_text(mine):
    """JSON with sorted keys, as the description is, would lose their order."""
    path = fit_surrogate(mine, FAST, name="ab").path
    with zipfile.ZipFile(path) as file:
        assert isinstance(json.loads(file.read("spec.json"))["space_options"], str)
