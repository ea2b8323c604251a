"""What a guess leaves out or asks: constants, ids, dates, paths, words among numbers, durations, odd percentages."""

import re
import tomllib
import uuid

import numpy as np
import pandas as pd
import pytest

from nasbench.cli import main
from nasbench.errors import InvalidOption, SourceError
from nasbench.importers.table import AnyTable


@pytest.fixture
def trainings(rng):
    n = 12
    return pd.DataFrame(
        {
            "lr": [0.1, 0.01, 0.001] * 4,
            "depth": np.repeat([2, 3, 4, 5], 3),
            "val_acc": rng.uniform(60, 90, n),
            "framework": "torch",
            "node": 7,
            "run_id": [f"r{i:05x}" for i in rng.permutation(10**5)[:n]],
            "uid": [str(uuid.UUID(int=int(i))) for i in rng.integers(0, 2**63, n)],
            "created": [f"2026-11-{i + 1:02d} 10:{i:02d}:00" for i in range(n)],
            "started_time": 1.79e9 + rng.permutation(n),
            "row": range(n),
            "checkpoint": [f"/runs/my trainings/{i}.pt" for i in range(n)],
            "empty": None,
        }
    )


@pytest.fixture
def guess(tmp_path):
    def run(frame, **options):
        path = tmp_path / "x.csv"
        path.write_text(frame if isinstance(frame, str) else frame.to_csv(index=False, **options))
        text, preview = AnyTable().guess(path)
        assert max(map(len, preview.partition("\n[architecture]")[0].splitlines())) <= 80

        def imported(*replacements, **kwargs):
            changed = re.sub('(citation|licence|source) = ""', r'\1 = "x"', text)
            for old, new in replacements:
                assert old in changed
                changed = changed.replace(old, new)
            (tmp_path / "m.toml").write_text(changed)
            return AnyTable(map=str(tmp_path / "m.toml"), name="mine", **kwargs).read(path)

        return tomllib.loads(text), " ".join(preview.split()), imported

    return run


def test_what_describes_no_training_is_left_out_and_said(guess, trainings):
    mapping, preview, imported = guess(trainings)
    assert mapping["architecture"]["columns"] == ["lr", "depth"]
    for said in (
        "left out, constant: framework (always 'torch'), node (always '7')",
        "left out, ids: run_id, uid",
        "left out, dates: created, started_time",
        "left out, row numbers: row",
        "left out, paths: checkpoint",
        "left out, empty: empty",
    ):
        assert said in preview
    assert "undecided" not in mapping
    assert np.sort(imported().measurements[0].values.ravel()).tolist() == sorted((trainings.val_acc / 100).tolist())


@pytest.mark.parametrize("options", [{"sep": ";", "decimal": ","}, {"sep": "\t"}, {"sep": ";"}])
def test_separators_and_decimal_commas_are_guessed(guess, trainings, options):
    mapping, _, imported = guess(trainings, **options)
    assert mapping.get("decimal", ".") == options.get("decimal", ".")
    assert np.sort(imported().measurements[0].values.ravel()) == pytest.approx(
        np.sort(trainings.val_acc.to_numpy()) / 100, rel=1e-15
    )


@pytest.mark.parametrize("word", ["NA", "-", "None", "n/a", "inf"])
def test_words_for_missing_values_are_guessed_and_said(guess, trainings, word):
    trainings["val_acc"] = [*trainings.val_acc[:-2].map(repr), word, word]
    mapping, preview, imported = guess(trainings)
    assert mapping["measurement"][0]["missing"] == word
    assert f"missing where '{word}'" in preview
    assert np.isnan(imported().measurements[0].values).sum() == 2


def test_unusual_words_are_asked(guess, trainings):
    trainings["val_acc"] = [*trainings.val_acc[:-1].map(repr), "OOM"]
    mapping, _, imported = guess(trainings)
    (question,) = mapping["undecided"]
    assert "'val_acc' holds 'OOM', and no number in 1 rows" in question
    with pytest.raises(InvalidOption, match="undecided"):
        imported()
    answer = (f'    "{question}",\n', "")
    assert np.isnan(imported(answer).measurements[0].values).sum() == 1
    draft = imported(answer, ('missing = "OOM"  # check\n', ""), skip_unreadable=True)
    assert len(draft.architectures) == 11


@pytest.mark.parametrize(
    ("write", "seconds"),
    [
        (lambda i: f"{i}:30:05", lambda i: 3600 * i + 1805),
        (lambda i: f"{i + 1} days, 0:00:01", lambda i: 86400 * (i + 1) + 1),
        (lambda i: f"PT{i + 1}M", lambda i: 60 * (i + 1)),
        (lambda i: f"{i:02d}:07", lambda i: 60 * i + 7),
    ],
)
def test_durations_are_seconds(guess, trainings, write, seconds):
    trainings["train_time"] = list(map(write, range(12)))
    mapping, _, imported = guess(trainings)
    assert mapping["static"][0]["unit"] == "duration"
    assert np.sort(imported().statics[0].values).tolist() == sorted(map(seconds, range(12)))


def test_a_name_that_contradicts_the_values_is_asked(guess, trainings):
    trainings = trainings.rename(columns={"val_acc": "val_acc_percent"})
    assert guess(trainings)[0]["measurement"][0]["unit"] == "percent"
    trainings["val_acc_percent"] /= 100
    mapping, _, _ = guess(trainings)
    assert mapping["measurement"][0]["unit"] == ""
    assert "named like a percentage, but its largest value is 0." in mapping["undecided"][0]


def test_percent_signs_are_named(guess, trainings, tmp_path):
    _, _, imported = guess(trainings)
    trainings["val_acc"] = trainings.val_acc.map("{:.2f}%".format)
    (tmp_path / "x.csv").write_text(trainings.to_csv(index=False))
    with pytest.raises(SourceError, match="ends with a percent sign: remove the signs"):
        imported()


def test_the_next_command_is_quoted(tmp_path, monkeypatch, capsys, trainings):
    monkeypatch.chdir(tmp_path)
    trainings.to_csv("my trainings.csv", index=False)
    assert main(["import", "table", "my trainings.csv", "--guess"]) == 0
    assert "nasbench import table 'my trainings.csv' --map 'my trainings.map.toml'" in capsys.readouterr().out
