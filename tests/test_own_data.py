"""The first hour of somebody with trainings of their own: the script of the README, on a data frame made here."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

import nasbench


def make_trainings() -> pd.DataFrame:
    """Return 240 trainings of 80 networks, as people have them: percent, seconds, seeds."""
    rng = np.random.default_rng(0)
    networks = pd.DataFrame(
        {
            "depth": rng.choice([2, 4, 6, 8], 80),
            "width": rng.integers(16, 256, 80),
            "activation": rng.choice(["relu", "gelu", "silu"], 80),
            "lr": 10 ** rng.uniform(-4, -1, 80),
        }
    )
    frame = pd.concat([networks.assign(seed=seed) for seed in range(3)], ignore_index=True)
    good = 70 + frame.depth + 3 * (frame.activation == "gelu") - 4 * abs(np.log10(frame.lr) + 2.5)
    return frame.assign(val_acc=good + rng.normal(0, 0.5, len(frame)), train_s=frame.depth * frame.width / 10)


def test_the_first_hour(capsys, tmp_path):
    pytest.importorskip("gpytorch")  # of auto
    pytest.importorskip("matplotlib")
    df = make_trainings()
    task = nasbench.task_from_frame(
        df, decisions=["depth", "width", "activation", "lr"], score="val_acc", seed="seed", cost="train_s"
    )
    summary = capsys.readouterr().out
    assert max(map(len, summary.splitlines())) <= 80 or "tables" in summary.splitlines()[-1]
    for said in ("ordinal: 2, 4, 6, 8", "integer from", "categorical: gelu, relu, silu", "log scale", "in percent"):
        assert said in summary
    assert "80 architectures are measured; the search is restricted to them" in summary

    record = nasbench.compare(task, ["random_search", "auto"], runs=3, limits=nasbench.Limits(trials=30))
    assert {"random_search", "auto"} <= set(str(record.leaderboard()).split())
    assert record.plot(tmp_path).files
    best = record.best()
    observed = df.groupby(["depth", "width", "activation", "lr"]).val_acc
    (text,) = best.architecture
    named = dict(pair.split("=") for pair in text.split(","))
    key = int(named["depth"]), int(named["width"]), named["activation"], float(named["lr"])
    assert best.reported_valid[0] == pytest.approx(observed.mean()[key] / 100)

    suggested = nasbench.suggest(task, n=8)
    assert list(suggested.columns[:4]) == ["depth", "width", "activation", "lr"]
    assert not set(suggested.architecture) & set(task.space.format(task.space.rows))
    truth = 70 + suggested.depth + 3 * (suggested.activation == "gelu") - 4 * abs(np.log10(suggested.lr) + 2.5)
    assert truth.mean() > observed.mean().quantile(0.9)

    predictor = nasbench.make_predictor(task, "auto").fit(df)
    predicted = predictor.predict(df.drop(columns="val_acc"))
    assert list(predicted.columns) == ["mean", "std"]
    assert predicted.index.equals(df.index)
    assert np.corrcoef(predicted["mean"], df.val_acc)[0, 1] > 0.9
    assert abs((predicted["mean"] - df.val_acc).mean()) < 1  # in percent, as the frame

    assert 100 * task.optimum.score == pytest.approx(observed.mean().max())


def test_another_process_verifies_the_record(tmp_path):
    task = nasbench.task_from_frame(
        make_trainings(),
        decisions=["depth", "width", "activation", "lr"],
        score="val_acc",
        seed="seed",
        cost="train_s",
        quiet=True,
    )
    nasbench.compare(task, "random_search", runs=2, out=tmp_path / "record")
    done = subprocess.run(
        [sys.executable, "-m", "nasbench", "verify", str(tmp_path / "record")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "the record matches" in done.stdout) == (0, True), done.stderr
