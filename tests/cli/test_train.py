"""From the winners of a search to trained networks in a table."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import nasbench
from nasbench.cli import main
from nasbench.comparison.winners import find_top_architectures, predict_held_out
from nasbench.errors import InvalidOption, UnknownName
from nasbench.table import Table, get_user_folder
from nasbench.table.locate import find_shipped_tables

TINY = ["--network", "nb201,channels=4,n_cells=1,stages=2", "--data", "digits", "--recipe", "small-4,epochs=2"]
ARCHS = [
    "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|nor_conv_1x1~2|",
    "|skip_connect~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|none~1|avg_pool_3x3~2|",
]


@pytest.fixture(scope="module")
def record(tmp_path_factory):
    return nasbench.compare("nb201-cifar10", ["random_search"], runs=3, out=tmp_path_factory.mktemp("rec") / "r")


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def run(capsys, *arguments):
    try:
        code = main(["train", *arguments])
    except SystemExit as ended:
        code = ended.code
    out, err = capsys.readouterr()
    return code, out, err


def test_winners_are_the_best_means_of_different_classes(record):
    archs, searched = find_top_architectures(record, "nb201-cifar10", 10)
    space = nasbench.load_task("nb201-cifar10").space
    histories = [run.history for run in record.runs("nb201-cifar10", "random_search")]
    seen = {}
    for history in histories:
        for arch, score in zip(space.canonicalize(history.arch), history.score[:, 0], strict=True):
            seen.setdefault(arch.tobytes(), []).append(score)
    expected = sorted((np.mean(scores) for scores in seen.values()), reverse=True)[:10]
    np.testing.assert_allclose(searched, expected)
    assert len(np.unique(space.canonicalize(archs), axis=0)) == 10
    for arch, score in zip(space.canonicalize(archs), searched, strict=True):
        assert np.mean(seen[arch.tobytes()]) == pytest.approx(score)


def test_winners_that_cannot_be_are_refused(record):
    with pytest.raises(InvalidOption, match="top=0"):
        find_top_architectures(record, "nb201-cifar10", 0)
    with pytest.raises(UnknownName, match="unknown task of the record"):
        find_top_architectures(record, "nb201-cifar", 1)


def test_winners_are_trained_and_reported_beside_what_the_search_saw(record, capsys, tmp_path):
    command = ["--from", str(record.path), "--top", "2", *TINY, "--out", str(tmp_path), "--json"]
    code, out, err = run(capsys, *command)
    assert code in (0, None), err
    report = json.loads(out)
    _, searched = find_top_architectures(record, "nb201-cifar10", 2)
    assert [row["searched"] for row in report["architectures"]] == pytest.approx(searched.tolist())
    assert all(0.1 < row["valid"] <= 1 and row["n_params"] > 1000 for row in report["architectures"])
    assert all(0.5 < row["predicted"] < 1 for row in report["architectures"])  # CIFAR-10, of NAS-Bench-201
    assert all(tau in (-1, 1, None) for tau in report["kendall_tau"].values())
    for row in report["architectures"]:
        one, many = (row["latency_s"]["cpu"][size] for size in ("1", "256"))
        assert 0 < one["low_s"] <= one["median_s"] < many["median_s"]
        assert row["flops"] > row["n_params"]
        assert row["peak_bytes"] is None or row["peak_bytes"] > 2**24
    again = json.loads(run(capsys, *command)[1])
    assert again == report  # nothing was trained again, and nothing contradicts


def test_every_epoch_of_every_seed_is_added_to_the_table(capsys, tmp_path):
    own = [part for text in ARCHS for part in ("--arch", text)]
    for seeds in ("1", "2"):
        code, out, err = run(capsys, *own, *TINY, "--seeds", seeds, "--out", str(tmp_path), "--table", "mine", "--json")
        assert code in (0, None), err
    report = json.loads(out)
    table = Table(get_user_folder() / "mine.h5")
    where = {
        "dataset": "digits",
        "recipe": "small-4,epochs=2+nb201,channels=4,n_cells=1,stages=2",
        "metric": "accuracy",
    }
    space = nasbench.load_task("nb201-cifar10").space
    rows = table.index(space.parse(ARCHS))
    for split in ("valid", "test"):
        stored = [table.query(rows, **where, split=split, epoch=2, seed=seed) for seed in (0, 1)]
        np.testing.assert_allclose(np.mean(stored, axis=0), [row[split] for row in report["architectures"]], atol=1e-6)
    assert not np.isnan(table.query(rows, **where, split="train", epoch=1, seed=0)).any()
    assert "sha256" in table.source
    latency = table.static(rows, dataset="digits", metric="cpu_latency_256_s")
    assert latency.tolist() == [row["latency_s"]["cpu"]["256"]["median_s"] for row in report["architectures"]]
    n_params = table.static(rows, dataset="digits", metric="n_params")
    assert n_params.tolist() == [row["n_params"] for row in report["architectures"]]


def test_a_prediction_knows_nothing_of_the_winners(record):
    """Other winners' scores, the same prediction; and the predictor's, to whom the others are told."""
    archs, _ = find_top_architectures(record, "nb201-cifar10", 3)
    space = nasbench.load_task("nb201-cifar10").space
    first = predict_held_out(record, "nb201-cifar10", archs, "random_forest", np.random.default_rng(0))
    histories = [run.history for run in record.runs("nb201-cifar10", "random_search")]
    seen, score = (np.concatenate([getattr(h, name) for h in histories]) for name in ("arch", "score"))
    score = score[:, 0]
    canonical, top = space.canonicalize(seen), space.canonicalize(archs)
    others = ~(canonical[:, None] == top).all(axis=2).any(axis=1)
    classes, inverse = np.unique(canonical[others], axis=0, return_inverse=True)
    means = np.bincount(inverse.ravel(), weights=score[others]) / np.bincount(inverse.ravel())
    assert len(classes) < 500  # so that all are learnt from
    assert np.abs(first - means.mean()).max() > 0  # it is no mean
    assert (first < score.max()).all()
    assert (
        first.tolist()
        == predict_held_out(record, "nb201-cifar10", archs, "random_forest", np.random.default_rng(0)).tolist()
    )


def test_folds_and_seeds_are_trained_apart_and_reported_as_their_mean(capsys, tmp_path):
    command = ["--arch", ARCHS[0], *TINY[:4], "--recipe", "small-4,epochs=1", "--table", "folded"]
    code, out, err = run(capsys, *command, "--seeds", "2", "--folds", "2", "--out", str(tmp_path), "--json")
    assert code in (0, None), err
    (row,) = json.loads(out)["architectures"]
    abouts = [json.loads((Path(folder) / "model.json").read_text()) for folder in row["models"]]
    assert sorted((about["images"]["fold"], about["seed"]) for about in abouts) == [
        ([number, 2], seed) for number in (1, 2) for seed in (0, 1)
    ]
    accuracies = [about["results"]["valid"]["accuracy"] for about in abouts]
    assert len(set(accuracies)) > 1
    assert row["valid"] == pytest.approx(np.mean(accuracies))
    table = Table(get_user_folder() / "folded.h5")
    assert {dataset for dataset, *_ in table.measurements} == {"digits+fold1of2", "digits+fold2of2"}


def test_the_folder_of_another_recipe_is_refused(capsys, tmp_path):
    command = ["--arch", ARCHS[0], *TINY[:4], "--out", str(tmp_path), "--recipe"]
    assert run(capsys, *command, "small-4,epochs=1")[0] in (0, None)
    code, _, err = run(capsys, *command, "small-4,epochs=2")
    assert code == 1
    assert "is of another training (recipe: " in err
    assert "choose another folder" in err


def test_a_training_that_fails_is_told_beside_those_that_do_not(capsys, tmp_path):
    options = [*TINY[:4], "--recipe", "small-4,epochs=1,lr=1e30", "--out", str(tmp_path)]
    code, out, err = run(capsys, "--arch", ARCHS[0], *options)
    assert code in (0, None), err
    assert "the loss is" in out
    assert "1 of 1 training runs diverged" in out
    assert "every epoch is in" in out


@pytest.mark.parametrize(("lr", "metrics"), [("1e5", {"accuracy", "loss", "train_s"}), ("1e30", {"train_s"})])
def test_diverged_trainings_are_results(capsys, tmp_path, lr, metrics):
    """In the second epoch, after a loss too large to write; and in the first, of which only the cost is known."""
    options = [*TINY[:4], "--recipe", f"small-4,epochs=2,lr={lr}", "--table", f"lost{lr}", "--out", str(tmp_path)]
    command = ["--arch", ARCHS[0], "--seeds", "2", *options, "--json"]
    reports = []
    for _ in range(2):  # the second time nothing is trained, and nothing contradicts
        code, out, err = run(capsys, *command)
        assert code in (0, None), err
        reports.append(json.loads(out))
    assert reports[0] == reports[1]
    assert (reports[0]["trainings"], reports[0]["diverged"], reports[0]["failed"]) == (2, 2, 0)
    table = Table(get_user_folder() / f"lost{lr}.h5")
    assert {metric for *_, metric in table.measurements} - {"peak_bytes", "energy_j"} == metrics
    where = dict(zip(("dataset", "recipe"), table.measurements[0], strict=False))
    costs = [table.query([0], **where, split="train", metric="train_s", seed=seed).item() for seed in (0, 1)]
    (row,) = reports[0]["architectures"]
    assert 0 < sum(costs) <= row["seconds"] + 1e-9
    if "accuracy" in metrics:
        curve = table.curves([0], **where, split="valid", metric="accuracy", seed=0)[0]
        assert np.isfinite(curve).tolist() == [True, False]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        ([], "give either --from RECORD, or one or more --arch TEXT"),
        (["--arch", "|x~0|"], "cannot read"),
        (["--arch", ARCHS[0], "--recipe", "nb201-2"], "unknown recipe"),
        (["--arch", ARCHS[0], "--data", "digit"], "did you mean 'digits'"),
        (["--arch", ARCHS[0], "--network", "nb201,chanels=4"], "unknown option"),
        (["--arch", ARCHS[0], "--device", "tpu"], "expected 'cpu', 'cuda' or 'cuda:N'"),
        (["--arch", ARCHS[0], "--device", "cuda:99"], "cuda:99"),
        (["--arch", ARCHS[0], "--seeds", "0"], "0 seeds"),
        (["--arch", ARCHS[0], "--folds", "1"], "1 folds"),
        (["--arch", ARCHS[0], *TINY, "--jobs", "0"], "0 jobs"),
        (["--arch", ARCHS[0], *TINY[:4], "--recipe", "small-4,cuda_graphs=True"], "CUDA graphs need a CUDA card"),
        (["--arch", ARCHS[0], "--data", "mnist1d", "--recipe", "nb201-12"], "mnist1d holds signals"),
    ],
)
def test_what_cannot_be_trained_is_refused(capsys, tmp_path, arguments, why):
    code, _, err = run(capsys, *arguments, "--out", str(tmp_path))
    assert code not in (0, None)
    assert why in err
    assert "Traceback" not in err


def test_a_table_of_another_space_is_refused_before_anything_is_trained(home, tmp_path, capsys):
    (home / "tables").mkdir(parents=True, exist_ok=True)
    shutil.copy(find_shipped_tables() / "nbgraph.h5", home / "tables/trained.h5")
    text = ARCHS[0]
    out = tmp_path / "out"
    assert main(["train", "--arch", text, "--recipe", "small-4,epochs=1", "--out", str(out)]) == 1
    assert "holds architectures of space 'nbgraph', not of 'nb201': choose another --table" in capsys.readouterr().err
    assert not out.exists()
