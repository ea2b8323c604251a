"""The examples of docs/formats.md, as a reader would follow them: files, mappings, commands, tables."""

import re
from pathlib import Path

import numpy as np
import pytest

from nasbench.cli import main
from nasbench.table import Table
from nasbench.tasks import load_task

PAGE = Path(__file__).parent.parent / "docs" / "formats.md"


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)


def test_every_example_of_the_guide_gives_its_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(compile(_blocks("python")[0], PAGE.name, "exec"), names)
    for text in _blocks("toml"):
        Path(text.partition("\n")[0].removeprefix("# ")).write_text(text)
    commands = [line.split()[1:] for block in _blocks("sh") for line in block.splitlines()]
    assert [command[0] for command in commands] == ["import", "import", "import", "join", "info"]
    for command in commands:
        assert main(command) == 0, capsys.readouterr().err
    archs, scores = names["archs"], names["scores"]
    assert isinstance(archs, np.ndarray)
    assert isinstance(scores, np.ndarray)
    runs = Table(home / "tables" / "my-runs.h5")
    assert (len(runs), runs.describe("cifar", "epochs3", "valid", "accuracy")["seeds"]) == (6, [0, 1])
    seconds = runs.query(runs.index(archs), dataset="cifar", recipe="epochs3", split="train", metric="train_s")
    np.testing.assert_allclose(seconds, 30.5 + np.arange(6))
    where = {"dataset": "cifar", "recipe": "epochs3", "split": "valid", "metric": "accuracy"}
    table = Table(home / "tables" / "my-scores.h5")
    np.testing.assert_allclose(table.query(table.index(archs), **where), scores[:, :, -1].mean(axis=1))
    official = Table(home / "tables" / "my-official.h5")
    rows = official.index(load_task("nb201-cifar10").space.read(range(6), form="index"))
    np.testing.assert_allclose(official.query(rows, **where), scores.mean(axis=(1, 2)))
    assert [one.name for one in load_task("nb201-phone").objectives] == ["accuracy", "latency"]
    said = capsys.readouterr().out
    assert "latency: 5,209 of 15,625 architectures" in said
    assert "skipped 1 of 5,210 rows" in said
