"""Scoring a task's architectures into a table: reproducible, and resumed after an interruption."""

import json

import numpy as np
import pytest

import nasbench
import nasbench.proxies._study as studies
from nasbench.cli import main
from nasbench.datasets import load_images
from nasbench.errors import InvalidOption, UnknownName
from nasbench.networks import build_network, count_costs
from nasbench.proxies import Scoring, Study, draw_minibatch, score_table
from nasbench.registry import PROXIES
from nasbench.table import Table, get_user_folder

TINY = "nb201,channels=4,n_cells=1"
ARCHS = np.array([[3, 2, 1, 4, 1, 3], [2, 0, 4, 1, 3, 1], [0, 0, 0, 0, 0, 0], [1, 3, 3, 3, 1, 2]], dtype=np.int8)


@pytest.fixture(scope="module")
def digits():
    return load_images("digits", np.random.default_rng(0))


@pytest.fixture
def study(digits, cifar10):
    def made(archs=ARCHS, proxies=("naswot", "jacov", "params", "zen"), seed=0, size=8):
        batch = draw_minibatch(digits, size, np.random.default_rng(seed))
        scoring = Scoring(network=TINY, proxies=list(proxies), batch=batch, seed=seed)
        return Study(space=cifar10.space, archs=archs, dataset="cifar10", images="digits", scoring=scoring)

    return made


def values(table, study):
    rows = table.index(study.archs)
    return {name: table.static(rows, dataset="cifar10", metric=name) for _, name in table.statics}


def same(one, other):
    assert one.keys() == other.keys()
    for name, column in one.items():
        np.testing.assert_array_equal(column, other[name])


def test_scores_follow_from_the_architecture_and_the_seed_alone(study, tmp_path):
    together = study(proxies=PROXIES.names())
    one = values(score_table(together, tmp_path / "one.h5"), together)
    alone = study(ARCHS[[3, 0]], ["zen", "grasp", "naswot"])
    found = values(score_table(alone, tmp_path / "two.h5", n_jobs=2), alone)
    same({name: one[name][[3, 0]] for name in found}, found)
    other = study(seed=1)
    assert not np.array_equal(one["zen"], values(score_table(other, tmp_path / "seed.h5"), other)["zen"])


def test_a_network_without_a_path_has_sizes_and_missing_scores(study, tmp_path):
    every = study(proxies=PROXIES.names())
    table = score_table(every, tmp_path / "all.h5")
    scores = values(table, every)
    size = count_costs(build_network(TINY, ARCHS[2:3], np.random.default_rng(0), in_channels=1), (1, 8, 8))
    assert (scores["params"][2], scores["flops"][2]) == size
    for name in ("naswot", "jacov", "epe_nas", "synflow"):
        assert np.isnan(scores[name][2]), name
    assert all(np.isfinite(column[[0, 1, 3]]).all() for column in scores.values())
    assert table.describe_static("cifar10", "params")["unit"] == "count"


def test_an_interrupted_study_resumes(study, tmp_path, monkeypatch):
    asked = study()
    whole = values(score_table(asked, tmp_path / "whole.h5"), asked)
    score_part, done = studies._score_part, []

    def killed(scoring, archs, file):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(file)
        return score_part(scoring, archs, file)

    monkeypatch.setattr(studies, "_score_part", killed)
    with pytest.raises(KeyboardInterrupt):
        score_table(asked, tmp_path / "mine.h5")
    assert len(list(tmp_path.glob("mine.partial-*/*.npy"))) == 2
    monkeypatch.setattr(studies, "_score_part", lambda *given: done.append(given[2]) or score_part(*given))
    seen = []
    same(whole, values(score_table(asked, tmp_path / "mine.h5", on_progress=lambda *at: seen.append(at)), asked))
    assert len(done) == len(set(done)) == 4
    assert seen == [(2, 4), (3, 4), (4, 4)]
    assert not list(tmp_path.glob("*.partial-*"))


def test_the_same_study_again_finds_its_table_and_another_is_refused(study, tmp_path, monkeypatch):
    path = tmp_path / "mine.h5"
    first = score_table(study(), path)
    monkeypatch.setattr(studies, "_score_part", None)
    assert score_table(study(), path).checksum == first.checksum
    for other in (study(seed=1), study(ARCHS[:2]), study(proxies=["zen"])):
        with pytest.raises(InvalidOption, match="choose another --out"):
            score_table(other, path)


def test_what_cannot_be_computed_anywhere_is_left_out_and_alone_is_an_error(study, tmp_path):
    table = score_table(study(ARCHS[2:3]), tmp_path / "some.h5")
    assert {name for _, name in table.statics} == {"params", "zen"} - {"zen"}
    with pytest.raises(InvalidOption, match="none of jacov could be computed"):
        score_table(study(ARCHS[2:3], ["jacov"]), tmp_path / "none.h5")


def test_a_minibatch_is_normalised_and_drawn_once(digits):
    batch = draw_minibatch(digits, 500, np.random.default_rng(0))
    assert batch.images.mean() == pytest.approx(0, abs=0.05)
    assert batch.images.std() == pytest.approx(1, abs=0.05)
    images, labels = digits.parts["train"]
    assert len(np.unique(batch.images.reshape(500, -1), axis=0)) > 490
    for size in (1, len(labels) + 1):
        with pytest.raises(InvalidOption, match=f"a batch of {size} of {len(images)}"):
            draw_minibatch(digits, size, np.random.default_rng(0))


def run(capsys, *arguments):
    code = main(["proxies", "nb201-cifar10", "--network", TINY, "--batch", "8", "--jobs", "1", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_command_writes_a_table_that_a_predictor_ranks_by(capsys, tmp_path):
    out = tmp_path / "ours.h5"
    asked = ("--data", "digits", "--proxies", "params,zen,repeats=2,synflow", "--sample", "12")
    code, text, _ = run(capsys, *asked, "--out", str(out), "--json")
    told = json.loads(text)
    assert code == 0
    assert [row["proxy"] for row in told["proxies"]] == ["params", "zen,repeats=2", "synflow"]
    assert told["proxies"][0]["scored"] == 12
    assert told["proxies"][0]["accuracy"] > 0
    again = run(capsys, *asked[:2], "--proxies", "params,synflow", "--against", str(out), "--json")
    rows = json.loads(again[1])["proxies"]
    assert [row["against"] for row in rows] == [pytest.approx(1), pytest.approx(1)]
    assert Table(get_user_folder() / "proxies-nb201-cifar10.h5").statics == (
        ("cifar10", "params"),
        ("cifar10", "synflow"),
    )
    label = f"zero_cost,proxies={out}/synflow"
    options = {"train_sizes": 10, "runs": 1, "test_size": 50, "protocols": ("random",), "proxies": str(out)}
    record = nasbench.evaluate("nb201-cifar10", [label, "zero_cost"], **options, out=tmp_path / "record")
    assert not any(run.failed for name in record.contestants for run in record.runs("nb201-cifar10", name))
    assert record.spec["proxies"] == {str(out): Table(out).checksum}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--data", "digit"], "did you mean 'digits'"),
        (["--data", "digits", "--proxies", "nwott"], "unknown proxy 'nwott'; did you mean 'naswot'"),
        (["--data", "digits", "--proxies", "zen,repeat=2"], "unknown option of 'zen' 'repeat'"),
        (["--data", "digits", "--proxies", "repeats=2"], "starts with an option"),
        (["--data", "digits", "--proxies", "zen,params,zen"], "names zen twice"),
        (["--data", "digits", "--device", "cuda:99"], "use device='cpu'"),
        (["--data", "digits", "--sample", "99999"], "--sample 99999 of 15625"),
        (["--data", "digits", "--against", "nbgraph"], "table 'nbgraph' is of space 'nbgraph'"),
        (["--data", "digits", "--batch", "1"], "a batch of 1"),
        (["--data", "digits", "--out", "mine.csv"], "ends with .h5"),
        (["--data", "digits", "--jobs", "0"], "0 jobs"),
    ],
)
def test_bad_input_is_told_before_anything_is_computed(capsys, monkeypatch, arguments, says):
    monkeypatch.setattr(studies, "_score_part", None)
    code, _, err = run(capsys, *arguments)
    assert code == 1
    assert says in err


def test_a_table_of_another_name_is_unknown(capsys):
    assert run(capsys, "--data", "digits", "--against", "none_such")[0] == 1
    with pytest.raises(UnknownName):
        PROXIES.load("none_such")


def test_proxies_are_listed_and_have_a_manual_page(capsys):
    main(["list", "--json"])
    assert json.loads(capsys.readouterr().out)["proxies"].keys() == set(PROXIES.names())
    main(["info", "zen"])
    page = capsys.readouterr().out
    assert "zen, proxy" in page
    assert "2102.01063" in page
    assert "options: repeats=1, gamma=0.01" in page
