"""Hyperparameter spaces with real numbers, log scales, and integers of any range."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nasbench.errors import InvalidArchitecture, InvalidOption
from nasbench.spaces import MeasuredSpace
from nasbench.spaces.hyper import HyperSpace
from nasbench.table import Table, TableBuilder, merge_tables, write_table
from nasbench.table.builder import Static

DECISIONS = {
    "lr": {"real": [1e-4, 1e-1], "log": True},
    "dropout": {"real": [0, 0.5]},
    "optimizer": {"categorical": ["sgd", "adam", "lion"]},
    "momentum": {"real": [0.5, 0.99]},
    "depth": {"integer": [1, 8]},
    "width": {"integer": [16, 1024], "log": True, "step": 1},
    "batch": {"integer": [8, 4096], "step": 8},
    "order": {"ordinal": [1, 2, 3]},
}
CONDITIONS = [
    {"decision": "momentum", "when": "optimizer", "is": ["sgd"]},
    {"decision": "order", "when": "optimizer", "is": ["adam", "lion"]},
]


@pytest.fixture(scope="module")
def space():
    return HyperSpace(DECISIONS, CONDITIONS)


def kinds():
    """Draw declarations of one decision of every kind."""
    reals = st.floats(-1e6, 1e6).filter(lambda x: x == x)
    pairs = st.tuples(reals, reals).map(sorted).filter(lambda ends: ends[0] < ends[1])
    positive = st.tuples(st.floats(1e-9, 1e6), st.floats(1e-9, 1e6)).map(sorted).filter(lambda e: e[0] < e[1])
    whole = st.tuples(st.integers(-1000, 10**6), st.integers(0, 10**6)).map(lambda e: [e[0], e[0] + e[1]])
    names = st.lists(st.text("abcXYZ _-.5", min_size=1).filter(lambda t: t == t.strip()), unique=True, min_size=1)
    return st.one_of(
        pairs.map(lambda ends: {"real": list(ends)}),
        positive.map(lambda ends: {"real": list(ends), "log": True}),
        st.tuples(whole, st.integers(1, 9)).map(lambda e: {"integer": e[0], "step": e[1]}),
        st.tuples(st.integers(1, 100), st.integers(0, 10**5)).map(
            lambda e: {"integer": [e[0], e[0] + e[1]], "log": True, "step": 1}
        ),
        names.map(lambda values: {"categorical": values}),
        st.lists(st.integers(-9, 999), unique=True, min_size=1, max_size=300).map(lambda v: {"ordinal": sorted(v)}),
    )


@st.composite
def declarations(draw):
    """Draw a space with at least one real number, and perhaps a condition on a categorical decision."""
    decisions = {f"d{i}": draw(kinds()) for i in range(draw(st.integers(0, 4)))}
    decisions["x"] = {"real": [0.25, 4.0], "log": draw(st.booleans())}
    conditions = []
    if draw(st.booleans()):
        decisions["switch"] = {"categorical": ["on", "off"]}
        child = draw(st.sampled_from(sorted(set(decisions) - {"switch"})))
        conditions = [{"decision": child, "when": "switch", "is": ["on"]}]
    return decisions, conditions


@settings(max_examples=60, deadline=None)
@given(declarations(), st.integers(0, 2**32))
def test_every_move_stays_in_the_space_and_texts_give_the_same_bytes(declared, seed):
    space, rng = HyperSpace(*declared), np.random.default_rng(seed)
    assert HyperSpace(**space.code_options).code_options == space.code_options
    archs = space.sample(20, rng)
    near, owner = space.neighbors(archs)
    children = space.crossover(archs, archs[::-1], rng)
    for rows in (archs, near, children, space.mutate(archs, rng)):
        assert space.is_valid(rows).all()
        assert space.parse(space.format(rows)).tobytes() == rows.tobytes()
        assert space.canonicalize(rows).tobytes() == rows.tobytes()
    assert (near != archs[owner]).any(axis=1).all()
    assert ((space.measure(archs) >= 0) & (space.measure(archs) <= 1)).all()
    assert len(space.encode(archs, "one_hot")) == len(space.encode(archs, "adjacency")) == 20


def test_numbers_are_uniform_on_their_scale(space):
    archs = space.sample(20_000, np.random.default_rng(0))
    columns = dict(zip(space.decisions, archs.T, strict=True))
    assert np.histogram(np.log10(columns["lr"]), bins=[-4, -3, -2, -1])[0] == pytest.approx(20_000 / 3, rel=0.05)
    width = np.log(columns["width"] + 16)
    edges = np.log([15.5, 64, 256, 1024.5])
    assert np.histogram(width, bins=edges)[0] / np.diff(edges) == pytest.approx(20_000 / np.ptp(edges), rel=0.05)
    assert np.bincount(columns["batch"].astype(int) // 128) == pytest.approx(20_000 / 4, rel=0.06)
    assert (columns["momentum"] == 0).mean() == pytest.approx(6 / 7, abs=0.01)  # order triples two optimisers


@pytest.mark.parametrize(
    "declared",
    [
        *({"integer": ends, "log": True, "step": 1} for ends in ([1, 1000], [16, 1024], [1, 10**6], [1, 8], [3, 3])),
        {"integer": [-50, 3000], "step": 7},
        {"integer": [0, 10**6]},
        {"real": [1e-9, 10.0], "log": True},
        {"real": [-3.0, 5.0]},
    ],
    ids=str,
)
def test_the_position_of_a_number_leads_back_to_it(declared):
    space = HyperSpace({"x": declared, "y": {"categorical": ["a", "b"]}})
    scale = space.scales[0]
    codes = np.linspace(scale.low, scale.high, 1001) if scale.is_real else np.arange(scale.low, scale.high + 1)
    back = scale.place(scale.measure(codes))
    if scale.is_real:
        assert back == pytest.approx(codes, rel=1e-12)
    else:
        assert (back == codes).all()


def test_a_mutation_changes_one_decision_and_what_depends_on_it(space):
    archs = space.sample(2000, np.random.default_rng(1))
    changed = space.mutate(archs, np.random.default_rng(2)) != archs
    assert changed.any(axis=1).all()
    alone = ~changed[:, 2]
    assert (changed[alone].sum(axis=1) == 1).all()
    momentum = space.mutate(archs, np.random.default_rng(2))[:, 3]
    assert ((momentum == 0) | (momentum >= 0.5)).all()


def test_what_is_read_and_written(space):
    text = "lr=0.001,dropout=0.0,optimizer=adam,depth=8,width=17,batch=16,order=2"
    row = space.parse([text])
    assert row.tolist() == [[0.001, 0.0, 1.0, 0.0, 7.0, 1.0, 1.0, 1.0]]
    assert space.format(row) == [text]
    given = {"lr": "1e-3", "dropout": 0, "optimizer": "adam", "momentum": None, "depth": 8, "width": 17.0}
    assert (space.read([given | {"batch": np.int64(16), "order": 2}]) == row).all()
    assert (space.read(row.tolist()) == row).all()
    assert space.ordered.tolist() == [True, True, False, True, True, True, True, True]
    assert space.size == math.inf


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"lr": 1}, r"value '1' of 'lr' is not a number from 0\.0001 to 0\.1"),
        ({"lr": math.inf}, "is not a number from"),
        ({"lr": True}, "is not a number from"),
        ({"lr": "fast"}, "is not a number from"),
        ({"batch": 12}, "value '12' of 'batch' is not a whole number from 8 to 4096"),
        ({"width": 17.5}, "is not a whole number from 16 to 1024"),
        ({"momentum": 0.9}, "'momentum' is inactive"),
        ({"lr": None}, "'lr' is missing"),
        ({"optimizer": "rmsprop"}, "unknown value 'rmsprop'"),
    ],
)
def test_a_wrong_value_is_refused(space, changed, says):
    right = {"lr": 1e-3, "dropout": 0, "optimizer": "adam", "depth": 8, "width": 17, "batch": 16, "order": 2}
    with pytest.raises(InvalidArchitecture, match=says):
        space.read([right | changed])


def test_a_wrong_row_is_refused(space):
    row = space.sample(1, np.random.default_rng(0))
    for at, value, says in [
        (0, 0.2, "'lr' is 0.2"),
        (4, 0.5, "'depth' is 0.5, expected a digit from 0 to 7"),
        (5, 2000, "'width' is 2000.0, expected 0 to 1008"),
        (0, np.nan, "'lr' is nan, expected a number"),
    ]:
        wrong = row.copy()
        wrong[0, at] = value
        assert not space.is_valid(wrong)[0]
        with pytest.raises(InvalidArchitecture, match=says):
            space.checked(wrong)


def test_graphs_show_a_sixteenth_of_the_scale(space):
    row = space.parse(["lr=0.1,dropout=0.25,optimizer=adam,depth=8,width=17,batch=16,order=2"])
    graphs = space.graphs(row)
    labels = [graphs.vocabulary[label] for label in graphs.operations[0]]
    assert "lr=0.0649..0.1" in labels
    assert "inactive" in labels
    assert "optimizer=adam" in labels


def make_table(space, archs, path, **more):
    speed = Static(dataset="all", metric="x", unit="none", direction="maximize", values=np.arange(len(archs)) * 1.0)
    texts = dict.fromkeys(("name", "title", "citation", "licence", "source", "notes"), "made here") | more
    draft = TableBuilder(
        space="hyper", architectures=archs, cardinality=space.cardinality, statics=[speed],
        space_options=space.code_options, **texts,
    )  # fmt: skip
    write_table(draft, path)
    return Table(path)


def test_a_table_finds_its_rows_again(space, tmp_path):
    archs = space.sample(500, np.random.default_rng(0))
    table = make_table(space, archs, tmp_path / "t.h5")
    assert table.architectures.dtype == np.float64
    assert (table.index(archs) == np.arange(500)).all()
    assert (table.index(archs[7:8]) == 7).all()
    assert (table.index(space.sample(3, np.random.default_rng(1))) == -1).all()
    assert HyperSpace(**table.space_options).code_options == space.code_options
    other = make_table(space, space.sample(5, np.random.default_rng(9)), tmp_path / "o.h5")
    merge_tables([table, other], tmp_path / "both.h5")
    assert len(Table(tmp_path / "both.h5")) == 505


def test_measured_configurations_are_reached_from_each_other(space):
    archs = space.sample(60, np.random.default_rng(0))
    pool = MeasuredSpace(space, archs)
    near, owner = pool.neighbors(pool.rows)
    assert (np.bincount(owner) >= 4).all()
    distance = [pool.compute_distances(row) for row in pool.rows]
    for row, own in enumerate(distance):
        found = pool.index(near[owner == row])
        assert own[found].max() <= np.sort(own)[5]  # itself, then the nearest ones
    for rows in (
        pool.mutate(pool.rows, np.random.default_rng(1)),
        pool.crossover(near[:9], near[9:18], np.random.default_rng(2)),
    ):
        assert pool.is_valid(rows).all()


def test_a_range_wider_than_the_largest_float_is_refused():
    with pytest.raises(InvalidOption, match="is too wide"):
        HyperSpace({"x": {"real": [-1e308, 1e308]}})


def test_every_value_of_a_long_list_has_its_label():
    space = HyperSpace({"name": {"categorical": [f"m{i}" for i in range(40_000)]}, "x": {"real": [0, 1]}})
    graphs = space.graphs(space.parse(["name=m39999,x=0", "name=m100,x=1"]))
    assert [graphs.vocabulary[label] for label in graphs.operations[:, 1]] == ["name=m39999", "name=m100"]
    assert [graphs.vocabulary[label] for label in graphs.operations[0, [0, 2, 3]]] == ["input", "x=0..0.0625", "output"]
