"""The parts that all plots share: names in legends are shown as they are, whole, and inside the figure."""

import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

from nasbench.reports.drawing import add_legend, in_legend, panels, save_all

LONG = [f"regularized_evolution,population_size={p},sample_size={s},aging=true" for p in (10, 20, 30) for s in (3, 4)]
NAMES = ["random_search", "__main__:_Mine", "_mine", "costs_$1_and_$2", *LONG]


@pytest.mark.parametrize("below", [True, False])
@pytest.mark.parametrize(
    "names", [NAMES, NAMES[:2], NAMES * 5, ["x" * 200] * 3, LONG * 11], ids=["some", "few", "many", "unbroken", "65"]
)
@pytest.mark.parametrize("columns", [1, 3])
def test_every_name_is_shown_whole_inside_the_figure(names, columns, below):
    figure, grid = panels(columns, 1, 6.4, 4.2)
    axes = grid[0, 0]
    for i, name in enumerate(names):
        axes.plot([0, 1], [0, i], label=in_legend(name))
    handles, labels = axes.get_legend_handles_labels()
    assert len(labels) == len(names)  # matplotlib leaves out labels that begin with _
    add_legend(figure, handles, labels, below=below)
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    (legend,) = figure.legends
    shown = [text.get_text().replace("\n  ", "").replace(r"\$", "$").strip() for text in legend.get_texts()]
    assert shown == names
    width, height = figure.get_size_inches() * figure.dpi
    for text in legend.get_texts():
        box = text.get_window_extent(canvas.get_renderer())
        assert box.x0 >= 0
        assert box.x1 <= width
        assert box.y0 >= 0
        assert box.y1 <= height
    assert axes.get_window_extent().height > 300  # panels keep their size
    assert axes.get_window_extent().width > 500
    assert not legend.get_window_extent().overlaps(axes.get_tightbbox())


def test_names_in_scripts_that_the_font_lacks_are_drawn_without_warnings(tmp_path):
    """Warnings are errors in this suite; matplotlib draws a box for each such character."""
    figure, grid = panels(1, 1, 4.2, 3.1)
    grid[0, 0].plot([0, 1], [0, 1], label="日本")
    add_legend(figure, *grid[0, 0].get_legend_handles_labels(), below=True)
    files = save_all({"plot": figure}, tmp_path, tight=["plot"])
    assert [path.name for path in files] == ["plot.png", "plot.svg"]
