"""Guessed mappings of what tuners, trackers and people write: they import right, or say what is to be completed."""

import re
import tomllib

import numpy as np
import pandas as pd
import pytest

from nasbench.cli import main
from nasbench.errors import InvalidOption
from nasbench.importers._guess_columns import split_words
from nasbench.importers.table import AnyTable
from nasbench.spaces import SearchSpace
from nasbench.spaces.hyper import HyperSpace
from nasbench.spaces.nb201 import NASBench201


@pytest.fixture
def guess(tmp_path):
    """Guess a mapping of a frame; return it, its preview, and how to import by it after some replacements."""

    def run(frame, name="x.csv"):
        if isinstance(frame, pd.DataFrame):
            frame.to_csv(tmp_path / name)  # with its index, as people do
        else:
            (tmp_path / name).write_text(frame)
        text, preview = AnyTable().guess(tmp_path / name)
        preview = " ".join(preview.split())
        text = re.sub('(citation|licence|source) = ""', r'\1 = "x"', text)

        def imported(*replacements):
            changed = text
            for old, new in replacements:
                assert old in changed
                changed = changed.replace(old, new)
            (tmp_path / "m.toml").write_text(changed)
            return AnyTable(map=str(tmp_path / "m.toml"), name="mine").read(tmp_path / name)

        return tomllib.loads(text), preview, imported

    return run


def column(draft, split, metric):
    return next(one for one in draft.measurements if (one.split, one.metric) == (split, metric))


def read(space: SearchSpace, draft, split, metric):
    """Return text -> values of all seeds at the last epoch, without nan."""
    values = column(draft, split, metric).values[:, :, -1]
    return {
        text: own[~np.isnan(own)].tolist() for text, own in zip(space.format(draft.architectures), values, strict=True)
    }


# --- tuners


@pytest.fixture
def study():
    optuna = pytest.importorskip("optuna", reason="the extra 'optuna' is not installed")
    optuna.logging.set_verbosity(optuna.logging.ERROR)

    def run(objective, n_trials=30, **options):
        study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0), **options)
        study.optimize(objective, n_trials=n_trials, catch=(ArithmeticError,))
        return study

    return run


def tuned(trial):
    depth, width = trial.suggest_int("depth", 1, 4), trial.suggest_categorical("width", [16, 32])
    trial.suggest_categorical("norm", [True, False])
    trial.set_user_attr("machine", 7)
    if trial.number == 3:
        raise __import__("optuna").TrialPruned
    return 1 / (trial.number != 5) * depth * width + trial.number / 1000


def test_optuna_s_decisions_are_decisions_and_its_value_is_the_score(guess, study):
    own = study(tuned, direction="maximize")
    mapping, preview, imported = guess(own.trials_dataframe())
    assert mapping["where"] == {"state": "COMPLETE"}
    assert mapping["architecture"]["columns"] == {n: f"params_{n}" for n in ("depth", "norm", "width")}
    assert "28 of 30 rows" in preview
    with pytest.raises(InvalidOption, match=r"\(value\): direction = '' is not one of maximize, minimize"):
        imported()
    draft = imported(('direction = ""', 'direction = "maximize"'))
    space = HyperSpace(**mapping["architecture"]["space_options"])
    done = [trial for trial in own.trials if trial.state.name == "COMPLETE"]
    expected: dict[str, list[tuple[float, float]]] = {}
    for trial in done:
        text = "depth={depth},norm={norm},width={width}".format(**trial.params).replace("=T", "=t").replace("=F", "=f")
        expected.setdefault(text, []).append((trial.value, trial.duration.total_seconds()))
    assert sum(map(len, expected.values())) == 28 > len(expected)  # some configurations were tried again
    scores, seconds = read(space, draft, "valid", "value"), read(space, draft, "train", "train_s")
    assert scores == {text: [value for value, _ in own] for text, own in expected.items()}
    assert {text: pytest.approx([s for _, s in own], abs=1e-9) for text, own in expected.items()} == seconds
    assert column(draft, "valid", "value").direction == "maximize"


@pytest.mark.parametrize("suffix", ["parquet", "json"])
def test_optuna_s_frame_in_other_files(study, tmp_path, suffix):
    if suffix == "parquet":
        pytest.importorskip("pyarrow", reason="the extra 'parquet' is not installed")
    own, path = study(tuned, direction="maximize"), tmp_path / f"x.{suffix}"
    frame = own.trials_dataframe()
    frame.to_parquet(path) if suffix == "parquet" else frame.to_json(path, orient="records")
    text, _ = AnyTable().guess(path)
    unit = "duration" if suffix == "parquet" else ""  # pandas writes them as numbers there: of milliseconds
    assert tomllib.loads(text)["measurement"][1]["unit"] == unit
    text = re.sub('(citation|licence|source) = ""', r'\1 = "x"', text).replace('unit = ""', 'unit = "ms"')
    (tmp_path / "m.toml").write_text(text.replace('direction = ""', 'direction = "maximize"'))
    draft = AnyTable(map=str(tmp_path / "m.toml"), name="mine").read(path)
    total = sum(trial.duration.total_seconds() for trial in own.trials if trial.state.name == "COMPLETE")
    assert np.nansum(column(draft, "train", "train_s").values) == pytest.approx(total, abs=0.03)
    assert np.nansum(column(draft, "valid", "value").values) == pytest.approx(
        sum(trial.value for trial in own.trials if trial.state.name == "COMPLETE")
    )


def test_optuna_s_further_values_and_conditions(guess, study):
    def objective(trial):
        if trial.suggest_categorical("act", ["relu", "gelu"]) == "relu":
            trial.suggest_int("leak", 1, 3)
        return trial.number, 2.0

    own = study(objective, 9, directions=["maximize", "minimize"])
    mapping, _, imported = guess(own.trials_dataframe())
    assert [entry["column"] for entry in mapping["measurement"]] == ["values_0", "values_1", "duration"]
    assert mapping["architecture"]["space_options"]["conditions"] == [
        {"decision": "leak", "when": "act", "is": ["relu"]}
    ]
    draft = imported(('direction = ""', 'direction = "maximize"'))
    assert np.nanmax(column(draft, "valid", "values_1").values) == 2.0


def test_a_decision_that_is_empty_for_no_visible_reason_is_asked(guess, study):
    def objective(trial):
        trial.suggest_categorical("act", ["relu", "gelu"])
        if trial.number % 2:
            trial.suggest_int("leak", 1, 3)
        return trial.number

    mapping, _, imported = guess(study(objective, 9).trials_dataframe())
    assert len(mapping["undecided"]) == 1
    assert "'params_leak' is empty in 5 rows" in mapping["undecided"][0]
    with pytest.raises(InvalidOption, match="undecided"):
        imported(('direction = ""', 'direction = "maximize"'))


def test_a_decision_of_many_numbers_is_a_range(guess, study):
    own = study(lambda trial: trial.suggest_float("lr", 1e-4, 1e-1, log=True), 150, direction="minimize")
    mapping, _, imported = guess(own.trials_dataframe())
    drawn = [trial.params["lr"] for trial in own.trials]
    assert mapping["architecture"]["space_options"]["decisions"] == {
        "lr": {"real": [0.0001, 0.1], "log": True}  # as it was declared to Optuna
    }
    draft = imported(('direction = ""', 'direction = "minimize"'))
    assert sorted(draft.architectures[:, 0].tolist()) == sorted(drawn)


def ray_rows():
    return [
        {
            **{"val_acc": 0.5 + 0.1 * epoch + 0.01 * trial, "reward_of_it": epoch * trial, "time_this_iter_s": 2.0},
            **{
                "done": epoch == 3,
                "training_iteration": epoch,
                "trial_id": f"t_{trial}",
                "date": "2024-01-01_10-00-00",
            },
            **{
                "timestamp": 1_700_000_000 + trial,
                "time_total_s": 2.0 * epoch,
                "pid": 3,
                "hostname": "h",
                "node_ip": "::1",
            },
            **{"config/lr": (0.1, 0.01)[trial % 2], "config/model/width": (16, 32)[trial // 2 % 2], "logdir": "/x"},
        }
        for trial in range(5)
        for epoch in (1, 2, 3)
        if not (trial == 1 and epoch == 3)  # stopped early
    ]


def test_ray_s_iterations_are_epochs(guess):
    mapping, preview, imported = guess(pd.DataFrame(ray_rows()))
    assert "left out: time_this_iter_s, done, trial_id, date, timestamp, pid" in preview
    draft = imported()
    space = HyperSpace(**mapping["architecture"]["space_options"])
    index = {text: i for i, text in enumerate(space.format(draft.architectures))}
    accuracy = column(draft, "valid", "accuracy")
    assert (accuracy.epochs.tolist(), accuracy.seeds.tolist()) == ([1, 2, 3], [0, 1])
    at = index["lr=0.1,model/width=16"]  # trials 0 and 4
    np.testing.assert_allclose(accuracy.values[at], [[0.6, 0.7, 0.8], [0.64, 0.74, 0.84]])
    np.testing.assert_allclose(accuracy.values[index["lr=0.01,model/width=16"]], [[0.61, 0.71, np.nan], [np.nan] * 3])
    assert column(draft, "train", "train_s").values[at, 0].tolist() == [2, 4, 6]
    assert column(draft, "valid", "reward_of_it").direction == "maximize"


def test_runs_of_weights_and_biases(guess):
    rows = [
        {
            **{"Name": f"brisk-dawn-{i}", "State": "crashed" if i == 3 else "finished", "Notes": "-", "User": "me"},
            **{"Tags": "", "Created": "2024-01-01T00:00:00.000Z", "Runtime": 100 + i, "Sweep": "", "_step": 10 * i},
            **{"lr": (0.1, 0.01)[i % 2], "batch_size": (32, 64)[i // 2], "mixup": i % 2, "val_acc": 0.5 + 0.01 * i},
            **{"_runtime": 99.5 + i, "_timestamp": 1.7e9},
        }
        for i in range(4)
    ]
    mapping, _, imported = guess(pd.DataFrame(rows))
    assert mapping["architecture"]["columns"] == ["lr", "batch_size", "mixup"]
    with pytest.raises(InvalidOption, match=r"undecided.*which of 'mixup' are decisions"):
        imported()
    question = f'    "{mapping["undecided"][0]}",\n'
    draft = imported((question, ""))
    space = HyperSpace(**mapping["architecture"]["space_options"])
    expected = {f"lr={(0.1, 0.01)[i % 2]},batch_size={(32, 64)[i // 2]},mixup={i % 2}": i for i in range(3)}
    assert read(space, draft, "valid", "accuracy") == {text: [0.5 + 0.01 * i] for text, i in expected.items()}
    assert read(space, draft, "train", "train_s") == {text: [99.5 + i] for text, i in expected.items()}


def test_scikit_learn_s_results_and_mlflow_s_runs(guess, rng):
    selection = pytest.importorskip("sklearn.model_selection", reason="the extra 'trees' is not installed")
    from sklearn.tree import DecisionTreeClassifier

    grid = {"max_depth": [1, 2, 3], "criterion": ["gini", "entropy"]}
    found = selection.GridSearchCV(DecisionTreeClassifier(), grid, cv=3)
    found.fit(rng.random((60, 3)), rng.integers(0, 2, 60))
    mapping, _, imported = guess(pd.DataFrame(found.cv_results_))
    draft = imported()
    space = HyperSpace(**mapping["architecture"]["space_options"])
    results = found.cv_results_
    expected = {
        f"criterion={own['criterion']},max_depth={own['max_depth']}": [score]
        for own, score in zip(results["params"], results["mean_test_score"].tolist(), strict=True)
    }
    assert read(space, draft, "valid", "score") == expected
    assert column(draft, "valid", "score").direction == "maximize"
    runs = {"run_id": ["a", "b", "c"], "status": ["FINISHED", "FINISHED", "FAILED"], "artifact_uri": ["x", "y", "z"]}
    runs |= {"metrics.val_f1": [0.5, 0.6, 9.0], "params.lr": [0.1, 0.2, 0.3], "tags.mlflow.user": ["a", "b", "c"]}
    mapping, _, imported = guess(pd.DataFrame(runs))
    draft = imported()
    assert column(draft, "valid", "f1").values.ravel().tolist() == [0.5, 0.6]
    assert mapping["architecture"]["columns"] == {"lr": "params.lr"}


def test_the_command_shows_what_it_takes_for_decisions(study, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    study(tuned, direction="maximize").trials_dataframe().to_csv("o.csv", index=False)
    assert main(["import", "table", "o.csv", "--guess"]) == 0
    shown = capsys.readouterr().out
    assert "[architecture.space_options.decisions]  # from params_depth, params_norm, params_width" in shown
    flat = " ".join(shown.split())
    assert "left out: number, datetime_start, datetime_complete, user_attrs_machine, state" in flat


# --- what people write


def cells(n):
    return NASBench201().format(NASBench201().rows[:n])


@pytest.mark.parametrize("name", ["model_id", "arch_idx", "net", "hash", "id_of_cell", "architecture id"])
def test_numbers_are_no_architectures(guess, rng, name):
    frame = pd.DataFrame({name: rng.permutation(40), "val_acc": rng.random(40), "fgsm": rng.random(40).round(1)})
    mapping, _, imported = guess(frame)
    assert mapping["undecided"]
    with pytest.raises(InvalidOption, match="undecided"):
        imported()


def test_numbers_beside_architectures_are_neither(guess, rng):
    frame = pd.DataFrame({"arch_idx": range(40), "cell": cells(40), "val_acc": rng.random(40), "pgd": rng.random(40)})
    mapping, preview, imported = guess(frame)
    assert mapping["architecture"] == {"space": "nb201", "column": "cell"}
    assert "left out, row numbers: (no name), arch_idx" in preview
    assert [static["column"] for static in mapping["static"]] == ["pgd"]
    question = "is an accuracy among pgd? Then make it a [[measurement]] of a split, not a [[static]]"
    assert mapping["undecided"] == [question]  # a static could be used as a proxy, an accuracy must not
    draft = imported((f'    "{question}",\n', ""))
    np.testing.assert_array_equal(np.sort(draft.measurements[0].values.ravel()), np.sort(frame.val_acc))


def test_digits_and_texts_that_no_space_reads_are_asked(guess):
    mapping, _, _ = guess("net,val_acc\n431000,0.5\n432000,0.6\n")
    assert "what does each stand for" in mapping["undecided"][0]
    mapping, _, imported = guess('net,val_acc\n"[C(64,1,1), GAP(10)]",0.5\n"[C(32,1,1), GAP(10)]",0.6\n')
    assert "no space can read '[C(64,1,1), GAP(10)]'" in mapping["undecided"][0]
    assert mapping["architecture"]["space"] == ""
    with pytest.raises(InvalidOption, match="undecided"):
        imported()


def test_attack_accuracies_are_asked_before_they_are_decisions(guess, rng):
    few = rng.integers(0, 5, 200) / 4
    mapping, _, imported = guess(pd.DataFrame({"lr": [0.1, 0.2] * 100, "fgsm": few, "val_acc": rng.random(200)}))
    assert "which of 'fgsm' are decisions?" in mapping["undecided"][0]
    with pytest.raises(InvalidOption, match="undecided"):
        imported()


@pytest.mark.parametrize(
    ("names", "pattern", "epochs"),
    [
        ([f"learning_curve.{i}" for i in range(40)], "learning_curve.{epoch}", range(1, 41)),
        (["e4Accuracy", "e12Accuracy", "e36Accuracy"], "e{epoch}Accuracy", [4, 12, 36]),
        ([f"cifar10_acc_{i}" for i in range(1, 9)], "cifar10_acc_{epoch}", range(1, 9)),
        ([f"valAcc_ep{i:02d}" for i in range(1, 13)], "valAcc_ep{epoch}", range(1, 13)),
        (["top1_acc_epoch1", "top1_acc_epoch2"], "top1_acc_epoch{epoch}", [1, 2]),
        ([f"epoch_{i}_test_acc" for i in range(3)], "epoch_{epoch}_test_acc", [1, 2, 3]),
    ],
)
def test_columns_of_one_name_are_a_curve(guess, rng, names, pattern, epochs):
    values = rng.random((5, len(names)))
    mapping, _, imported = guess(pd.DataFrame(values, columns=names).assign(cell=cells(5)))
    (entry,) = mapping["measurement"]
    assert entry["column"] == pattern
    answers = [('split = ""', 'split = "valid"')] if not entry["split"] else []
    if "undecided" in mapping:
        assert mapping["undecided"] == [f"is '{pattern}' an accuracy?"]
        answers.append((f"    \"is '{pattern}' an accuracy?\",\n", ""))
    draft = imported(*answers)
    order = [NASBench201().format(draft.architectures).index(text) for text in cells(5)]
    np.testing.assert_array_equal(draft.measurements[0].values[order, 0], values)
    assert draft.measurements[0].epochs.tolist() == list(epochs)
    assert draft.measurements[0].recipe == f"epochs{list(epochs)[-1]}"


def test_seeds_are_known_by_name_and_asked_otherwise(guess, rng):
    frame = pd.DataFrame(rng.random((4, 4)), columns=[f"loss_seed{s}_ep{e}" for s in (7, 8) for e in (1, 2)])
    mapping, _, imported = guess(frame.assign(cell=cells(4)))
    assert mapping["measurement"][0]["column"] == "loss_seed{seed}_ep{epoch}"
    draft = imported(('split = ""', 'split = "train"'))
    assert draft.measurements[0].seeds.tolist() == [7, 8]
    frame.columns = ["val_acc_777", "val_acc_888", "val_acc_999", "other"]
    mapping, _, imported = guess(frame.assign(cell=cells(4)))
    assert "are the numbers in 'val_acc_{epoch}' epochs and seeds" in mapping["undecided"][0]


def test_what_a_name_does_not_tell_is_left_empty(guess, rng):
    frame = pd.DataFrame({"cell": cells(9), "acc": rng.random(9), "latency": rng.random(9), "params": rng.random(9)})
    mapping, _, imported = guess(frame)
    assert [(entry["split"], entry["unit"]) for entry in mapping["measurement"]] == [("", "fraction")]
    assert [entry["unit"] for entry in mapping["static"]] == ["", ""]
    with pytest.raises(InvalidOption, match="split '' is not one of"):
        imported()
    with pytest.raises(InvalidOption, match="unknown unit"):
        imported(('split = ""', 'split = "test"'))


def test_a_column_of_row_numbers_is_no_seed(guess, rng):
    frame = pd.DataFrame({"trial": range(9), "cell": cells(9), "val_acc": rng.random(9)})
    mapping, _, imported = guess(frame)
    assert "seed" not in mapping.get("defaults", {})
    assert imported().measurements[0].values.shape == (9, 1, 1)
    frame["trial"] = [1, 2, 3] * 3
    frame["cell"] = np.repeat(cells(3), 3)
    assert guess(frame)[0]["defaults"]["seed"] == {"column": "trial"}


def test_decimal_commas_are_seen(guess):
    mapping, _, imported = guess("lr;depth;val_acc\n0,1;2;0,91\n0,01;3;0,92\n")
    assert mapping["decimal"] == ","
    draft = imported()
    assert draft.measurements[0].values.ravel().tolist() == [0.92, 0.91]
    assert mapping["architecture"]["space_options"]["decisions"]["lr"] == {"ordinal": [0.01, 0.1]}


def test_two_metrics_of_one_name_stay_apart(guess, rng):
    frame = pd.DataFrame(
        {"cell": cells(5), "val_acc": rng.random(5), "val_acc_pgd": rng.random(5), "val_top5_acc": 0.5}
    )
    mapping, _, imported = guess(frame)
    assert [entry["metric"] for entry in mapping["measurement"]] == ["val_acc", "val_acc_pgd", "val_top5_acc"]
    assert len(imported().measurements) == 3


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("CIFAR10TestAcc", "cifar 10 test acc"),
        ("cifar10_test-acc", "cifar 10 test acc"),
        ("e12Accuracy", "e 12 accuracy"),
    ],
)
def test_words_of_a_name(name, words):
    assert split_words(name) == words


def test_real_files_are_guessed_right_or_asked(shared, tmp_path):
    sure = {
        "nb201/accuracy_epoch12.csv": 6,
        "nb201/test_accuracy_epoch200.csv": 3,
    }
    asked = ["nb201/hw_cifar10.csv", "nb201/zero_cost_proxies_cifar10.csv", "nb101/ecnas_runs.csv"]
    asked += [f"curves/baker2017/{path.name}" for path in sorted((shared / "curves/baker2017").glob("*.csv"))]
    for file in (*sure, *asked):
        text, _ = AnyTable().guess(shared / file)
        (tmp_path / "m.toml").write_text(re.sub('(citation|licence|source) = ""', r'\1 = "x"', text))
        reader = AnyTable(map=str(tmp_path / "m.toml"), name="mine")
        if file in asked:
            with pytest.raises(InvalidOption, match=r"undecided|split ''|unknown unit"):
                reader.read(shared / file)
        else:
            assert len(reader.read(shared / file).measurements) == sure[file]


def test_minutes_are_no_accuracy_and_a_split_is_no_part_of_a_metric(guess):
    """Both columns name a split and lie between 0 and 100, as an accuracy would."""
    rows = {"activation": ["relu", "gelu"] * 6, "depth": [2, 4, 8] * 4, "val_rmse": np.linspace(5.0, 9.5, 12)}
    rows |= {"test_rmse": np.linspace(5.5, 9.0, 12), "train_minutes": np.linspace(20.5, 60.0, 12)}
    _, preview, imported = guess(pd.DataFrame(rows).drop_duplicates(["activation", "depth"]))
    assert "accuracy" not in preview
    draft = imported()
    assert {(one.split, one.metric, one.direction) for one in draft.measurements} == {
        ("valid", "rmse", "minimize"),
        ("test", "rmse", "minimize"),
    }
    (minutes,) = draft.statics
    assert (minutes.metric, minutes.unit, minutes.values.min()) == ("train_s", "s", 20.5 * 60)
