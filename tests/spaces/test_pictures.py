"""Pictures of architectures: they show every operation, and no text is cut or hidden by another vertex or edge."""

import subprocess
import sys

import numpy as np
import pytest

import nasbench
from nasbench.errors import InvalidArchitecture
from nasbench.registry import SPACES
from nasbench.spaces._layout import lay_out_graph
from nasbench.spaces.darts import DARTS
from nasbench.spaces.hyper import HyperSpace
from nasbench.spaces.nb101 import NASBench101
from nasbench.spaces.nb201 import NASBench201
from nasbench.spaces.nbgraph import NASBenchGraph

CELL = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_3x3~1|nor_conv_1x1~2|"


def texts_of(figure):
    (axes,) = figure.axes
    return [text.get_text() for text in axes.texts]


def boxes_of(figure):
    """The extent of every text of a drawn figure, in pixels."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer = FigureCanvasAgg(figure).get_renderer()
    return [text.get_window_extent(renderer) for text in figure.axes[0].texts]


@pytest.mark.parametrize("name", SPACES.names())
def test_no_text_of_a_picture_is_cut_or_overlaps_another(name):
    space = SPACES.load(name)()
    for arch in space.sample(3, np.random.default_rng(1)):
        figure = space.draw(arch, title="a title that is longer than most of the pictures, so that it takes two lines")
        boxes = boxes_of(figure)
        width, height = figure.get_size_inches() * figure.dpi
        for i, box in enumerate(boxes):
            assert box.x0 >= 0
            assert box.y0 >= 0
            assert box.x1 <= width
            assert box.y1 <= height
            assert not any(box.overlaps(other) for other in boxes[:i])


def test_a_cell_shows_the_operations_on_its_edges():
    shown = texts_of(NASBench201().draw(CELL))
    operations = ["nor_conv_3x3", "none", "skip_connect", "avg_pool_3x3", "nor_conv_3x3", "nor_conv_1x1"]
    assert sorted(shown) == sorted(["input", "1", "2", "output", *operations])


def test_a_graph_shows_the_operations_on_its_vertices_without_unused_ones():
    cell = {"matrix": [[0, 1, 0, 1], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 0]]}
    cell["ops"] = ["input", "conv3x3-bn-relu", "maxpool3x3", "output"]
    assert sorted(texts_of(NASBench101().draw(cell))) == ["conv3x3-bn-relu", "input", "maxpool3x3", "output"]
    assert sorted(texts_of(NASBenchGraph().draw("0012:gcn,cheb,gin,fc"))) == sorted(
        ["input", "output", "gcn", "cheb", "gin", "fc"]
    )


def test_darts_shows_both_cells():
    space = DARTS()
    shown = texts_of(space.draw(space.sample(1, np.random.default_rng(0))))
    assert shown.count("c[k-2]") == 2
    assert "normal cell" in shown
    assert "reduce cell" in shown
    assert sum(text in space.operations for text in shown) == 16


def test_a_table_shows_active_decisions_below_those_they_depend_on():
    space = HyperSpace(
        {
            "momentum": {"real": [0.0, 0.99]},
            "lr": {"real": [1e-5, 1e-1], "log": True},
            "optimizer": {"categorical": ["sgd", "cost$$"]},
        },
        [{"decision": "momentum", "when": "optimizer", "is": ["sgd"]}],
    )
    with_momentum = texts_of(space.draw({"momentum": 0.9, "lr": 0.003, "optimizer": "sgd"}))
    assert with_momentum == ["lr", "0.003", "optimizer", "sgd", "momentum", "0.9"]
    assert texts_of(space.draw("lr=0.003,optimizer=cost$$")) == ["lr", "0.003", "optimizer", r"cost\$\$"]


def test_one_architecture_in_any_form_is_drawn():
    space = NASBench201()
    row = space.parse([CELL])
    for form in (CELL, [CELL], row, row[0], row[0].tolist(), tuple(row[0].tolist()), f"#{0}"):
        assert "output" in texts_of(space.draw(form))
    with pytest.raises(InvalidArchitecture, match="2 architectures were given; expected exactly one"):
        space.draw([CELL, CELL])
    with pytest.raises(InvalidArchitecture, match="0 architectures"):
        space.draw([])
    with pytest.raises(InvalidArchitecture, match="cannot read 'nonsense'"):
        space.draw("nonsense")


def test_a_restricted_space_draws_like_the_whole_one():
    space = nasbench.load_task("nbgraph-proteins").space
    assert "gcn" in texts_of(space.draw("0123:gcn,gcn,gcn,fc"))


def test_no_edge_crosses_a_vertex(rng):
    """Within each layer, the routes keep their distance from the vertices that they pass."""
    for _ in range(20):
        n = 9
        edges = [(i, j) for j in range(1, n) for i in range(j) if rng.random() < 0.4]
        sizes = [(float(width), 0.3) for width in rng.uniform(0.3, 1.5, n)]
        layout = lay_out_graph(sizes, edges)
        for (source, target), route in zip(edges, layout.routes, strict=True):
            for (x, start), (_, end) in zip(route[::2], route[1::2], strict=True):
                for v in set(range(n)) - {source, target}:
                    apart_along = abs(layout.along[v] - (start + end) / 2) >= 0.3
                    assert apart_along or abs(layout.across[v] - x) > sizes[v][0] / 2


def test_without_matplotlib_the_extra_is_named():
    code = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "from nasbench.spaces.macro import NASBenchMacro\n"
        "NASBenchMacro().draw('01210021')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "MissingExtra" in done.stderr
    assert "nasbench-suite[report]" in done.stderr
