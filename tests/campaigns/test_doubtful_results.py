"""What a campaign does not guess: direction and unit of scores from elsewhere, and which suggestion a row is about."""

import json
import shlex
import sys

import numpy as np
import pytest

import nasbench
from nasbench.errors import InvalidOption

SPACE = {
    "decisions": {
        "op": {"categorical": ["conv", "pool", "skip"]},
        "lr": {"ordinal": [0.1, 0.01, 0.001]},
        "depth": {"integer": [1, 8]},
    }
}
QUICK = "bayesian_optimization,predictor='bayesian_linear_regression,encoding=one_hot',pool=random,n_init=4"


def begin(file, strategy="random_search", **options):
    return nasbench.open_campaign(file, **{"space": SPACE, "strategy": strategy, **options})


def test_metric_unit_and_direction_are_those_of_the_campaign_to_start_from(file, tmp_path):
    """Losses to minimise never become scores to maximise."""
    old = begin(file, metric="loss", unit="nats", direction="minimize")
    old.tell(old.suggest(3).assign(loss=[3.0, 1.0, 2.0]))
    same = nasbench.open_campaign(tmp_path / "same.jsonl", space=SPACE, strategy=QUICK, start=file)
    assert same.objective == old.objective
    assert same.results["loss"].tolist() == [1.0, 2.0, 3.0]
    renamed = begin(tmp_path / "renamed.jsonl", QUICK, metric="val_loss", start=str(file))
    assert (renamed.objective.unit, renamed.objective.direction) == ("nats", "minimize")
    assert renamed.results["val_loss"].tolist() == [1.0, 2.0, 3.0]
    with pytest.raises(InvalidOption, match=r"direction 'minimize'.*direction 'maximize'; .*--direction minimize"):
        begin(tmp_path / "other.jsonl", QUICK, direction="maximize", start=file)
    with pytest.raises(InvalidOption, match=r"unit 'nats'.*unit 's'; .*--unit nats"):
        begin(tmp_path / "other.jsonl", QUICK, unit="s", start=file)
    assert not (tmp_path / "other.jsonl").exists()
    later = begin(tmp_path / "later.jsonl", QUICK)
    with pytest.raises(InvalidOption, match="--direction minimize"):
        later.give(file)
    assert later.results.empty


def test_the_first_result_of_an_id_needs_no_epoch(file):
    campaign = begin(file, "asha", epochs=(1, 3, 9))
    campaign.suggest(2)
    assert campaign.tell({"id": 1, "score": 0.5}).ids == (1,)
    assert campaign.tell({"id": 1, "score": 0.5, "epoch": 1}).n_repeated == 1
    results = nasbench.open_campaign(file).results
    assert (results["id"].tolist(), results["epoch"].tolist()) == ([1], [1])
    with pytest.raises(InvalidOption, match="the epoch is missing"):
        campaign.tell({"id": 1, "score": 0.5})


class Repeating:
    """Suggests one architecture again and again."""

    def __init__(self, space, rng):
        self._space, self._n = space, 0

    def ask(self, n):
        self._n += n
        return nasbench.full_trainings(self._n - n, self._space.rows[np.zeros(n, dtype=int)])

    def tell(self, results): ...


def test_of_several_suggestions_of_one_architecture_the_id_says_which(file):
    """A row that is told again invents no result; all of them at once are told in turn."""
    campaign = begin(file, f"{__name__}:Repeating")
    rows = campaign.suggest(3)[["architecture"]].assign(score=[1.0, 2.0, 3.0])
    with pytest.raises(InvalidOption, match="row 1: several suggestions have this architecture, ids 0 to 2; name the"):
        campaign.tell(rows[:2])
    assert campaign.tell(rows).ids == (0, 1, 2)
    assert campaign.results["id"].tolist() == [2, 1, 0]
    campaign.suggest(1)
    with pytest.raises(InvalidOption, match="name the id"):
        campaign.tell(rows[:1])
    assert campaign.tell({"id": 3, "score": 4.0}).ids == (3,)
    alone = begin(file.with_name("alone.jsonl"), f"{__name__}:Repeating")
    row = alone.suggest(1)[["architecture"]].assign(score=[1.0])
    assert [alone.tell(row).n_repeated for _ in range(2)] == [0, 1]


def test_a_strategy_of_a_file_from_elsewhere_is_named_before_it_runs(file, tmp_path, monkeypatch):
    """A command leaves a trace when it runs, and a module when it is imported; results of suggestions run nothing."""
    (tmp_path / "from_elsewhere.py").write_text(
        "import pathlib\nfrom nasbench.strategies.model_free.random_search import RandomSearch\n"
        f"pathlib.Path({str(tmp_path / 'trace')!r}).touch()\n"
        "class Search(RandomSearch): pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    begin(file).suggest(2)
    for label in (f"cmd:touch {tmp_path / 'trace'}", "from_elsewhere:Search"):
        file.write_text(file.read_text().replace('"random_search"', json.dumps(label)))
        with pytest.raises(InvalidOption, match="if you trust it, name it again: --strategy"):
            nasbench.open_campaign(file).suggest()
        with pytest.raises(InvalidOption, match="if you trust it"):
            nasbench.open_campaign(file, start=[{"op": "pool", "lr": 0.1, "depth": 1, "score": 1.0}])
        assert nasbench.open_campaign(file).tell({"id": 0, "score": 1.0}).pending == (1,)
        assert not (tmp_path / "trace").exists()
        file.write_text(file.read_text().replace(json.dumps(label), '"random_search"'))
    file.write_text(file.read_text().replace('"random_search"', '"from_elsewhere:Search"'))
    assert len(nasbench.open_campaign(file, strategy="from_elsewhere:Search").suggest(2)) == 2
    assert (tmp_path / "trace").exists()


@pytest.mark.parametrize("score", [1e101, -1e308])
def test_a_score_that_diverged_is_a_failed_training(file, score):
    campaign = begin(file)
    campaign.suggest()
    with pytest.raises(InvalidOption, match="If the training diverged, say so"):
        campaign.tell({"id": 0, "score": score})
    assert campaign.tell({"id": 0, "score": 1e100}).ids == (0,)


AGENT = """
import json, sys
log = open(sys.argv[1], "a")
for line in sys.stdin:
    print(line, end="", file=log, flush=True)
    message = json.loads(line)
    if "hello" in message:
        arch = message["space"]["examples"][0]
        print(json.dumps({"hello": 1}))
    elif "end" not in message:
        print(json.dumps({"trials": [{"arch": arch}]} if "ask" in message else {}))
"""


def test_a_process_learns_the_objective_and_results_without_seconds(file, tmp_path):
    (tmp_path / "agent.py").write_text(AGENT)
    command = shlex.join([sys.executable, str(tmp_path / "agent.py"), str(tmp_path / "log")])
    campaign = begin(file, f"cmd:{command}", metric="loss", unit="nats", direction="minimize")
    campaign.suggest()
    campaign.tell({"id": 0, "score": 0.25})
    campaign.suggest()
    campaign.tell({"id": 1, "score": 0.5, "cost_s": 60})
    campaign.suggest()
    messages = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert messages[0]["task"] == {"objectives": [{"name": "loss", "unit": "nats", "direction": "minimize"}]}
    told = [one for message in messages for one in message.get("tell", ())]
    assert [(one["score"], one["values"], one["cost_s"]) for one in told] == [
        ([-0.25], {"loss": 0.25}, None),
        ([-0.5], {"loss": 0.5}, 60.0),
    ]
