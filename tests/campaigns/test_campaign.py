"""Suggestions and results of a campaign, against the strategy that a program drives by hand."""

import json
import threading

import numpy as np
import pandas as pd
import pytest

import nasbench
from nasbench.choices import Choice
from nasbench.errors import FileLocked, InvalidArchitecture, InvalidOption, RecordError, SourceError
from nasbench.files import exclusive_lock
from nasbench.registry import SPACES, STRATEGIES
from nasbench.spaces.hyper import HyperSpace
from nasbench.trials import Results, capabilities_of

DECISIONS = {
    "op": {"categorical": ["conv", "pool", "skip"]},
    "lr": {"ordinal": [0.1, 0.01, 0.001]},
    "depth": {"integer": [1, 8]},
    "momentum": {"ordinal": [0, 0.9]},
}
CONDITIONS = [{"decision": "momentum", "when": "op", "is": ["conv"]}]
SPACE = {"decisions": DECISIONS, "conditions": CONDITIONS}
REAL = {
    "decisions": {
        "lr": {"real": [1e-5, 1.0], "log": True},
        "dropout": {"real": [0.0, 0.6]},
        "width": {"integer": [16, 4096]},
        "op": {"categorical": ["conv", "pool"]},
        "momentum": {"real": [0.0, 0.99]},
    },
    "conditions": CONDITIONS,
}
QUICK = "bayesian_optimization,predictor='bayesian_linear_regression,encoding=one_hot',pool=random,n_init=4"


def begin(file, strategy="random_search", **options):
    return nasbench.open_campaign(file, **{"space": SPACE, "strategy": strategy, **options})


def score_of(archs):
    return (archs * [3.0, 2.0, 1.0, 0.5]).sum(axis=1)


@pytest.mark.parametrize("strategy", ["regularized_evolution,population_size=6,sample_size=3", QUICK])
@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_suggestions_are_those_of_the_strategy_driven_by_hand(file, strategy, direction):
    """Results in random order; the file is opened anew for each action. Losses are told as they are."""
    component, options = Choice.parse(strategy).resolve(STRATEGIES)
    space = HyperSpace(**SPACE)
    by_hand = component(space, np.random.default_rng(7), **options)
    rng, sign = np.random.default_rng(1), 1.0 if direction == "maximize" else -1.0
    begin(file, strategy, seed=7, direction=direction)
    for _ in range(12):
        suggested = nasbench.open_campaign(file).suggest(3)
        trials = by_hand.ask(3)
        assert suggested["id"].tolist() == trials.id.tolist()
        assert suggested["architecture"].tolist() == space.format(trials.arch)
        pending = nasbench.open_campaign(file).pending
        chosen = pending.iloc[rng.permutation(len(pending))[:2]]
        scores = score_of(space.parse(chosen["architecture"].tolist()))
        nasbench.open_campaign(file).tell(chosen.assign(score=sign * scores))
        ids, full = chosen["id"].to_numpy(), np.ones(2, dtype=np.int64)
        by_hand.tell(Results(ids, full, scores[:, None], np.full(2, np.nan)))


def test_one_that_stays_open_sees_what_other_processes_write(file):
    here, there = begin(file, QUICK), nasbench.open_campaign(file)
    for campaign in (here, there, there, here, there):
        suggested = campaign.suggest(2)
        (there if campaign is here else here).tell(suggested.assign(score=suggested["depth"] * 1.0))
    alone = begin(file.with_name("alone.jsonl"), QUICK)
    for _ in range(5):
        suggested = alone.suggest(2)
        alone.tell(suggested.assign(score=suggested["depth"] * 1.0))
    assert file.read_bytes() == alone.path.read_bytes()
    assert here.pending.empty
    assert len(there.results) == 10


def test_several_processes_may_tell_at_once(file):
    """Twenty workers finish at the same time: none of their results is lost."""
    suggested = begin(file).suggest(20)
    workers = [
        threading.Thread(target=lambda i=i: nasbench.open_campaign(file).tell({"id": i, "score": float(i)}))
        for i in suggested["id"].tolist()
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert sorted(nasbench.open_campaign(file).results["id"]) == list(range(20))


def test_a_file_that_is_held_too_long_is_named(file, monkeypatch):
    campaign = begin(file)
    monkeypatch.setattr("nasbench.campaigns.log._WAIT_S", 0.1)
    with exclusive_lock(file), pytest.raises(FileLocked, match=r"state\.jsonl"):
        campaign.suggest()


@pytest.mark.parametrize("name", ["nb201", "nbgraph", "nb101", "darts", "nats_sss", "macro", "tnb101_macro"])
def test_any_space_is_suggested_and_told_by_text(file, name):
    campaign = nasbench.open_campaign(
        file, space=name, strategy="regularized_evolution,population_size=5,sample_size=2"
    )
    space = SPACES.load(name)()
    for _ in range(4):
        suggested = campaign.suggest(3)
        assert space.is_valid(space.parse(suggested["architecture"].tolist())).all()
        for row in suggested[["id", "architecture"]].assign(score=[1.0, 3.0, 2.0]).to_dict("records"):
            try:
                campaign.tell({"architecture": row["architecture"], "score": row["score"]})
            except InvalidOption:  # suggested before, so that the id is needed
                campaign.tell(row)
    assert len(nasbench.open_campaign(file).results) == 12


def test_real_numbers_keep_every_bit(file):
    """They are told by value, in a CSV and as floats, and found again as the suggestions that they are."""
    campaign = begin(file, "random_search", space=REAL)
    suggested = campaign.suggest(40)
    path = file.with_suffix(".csv")
    suggested[:20].assign(score=1.0).drop(columns=["id", "architecture"]).to_csv(path, index=False)
    assert campaign.tell(path).ids == tuple(range(20))
    rest = suggested[20:].drop(columns=["id", "architecture"]).assign(score=2.0)
    assert nasbench.open_campaign(file).tell(rest.to_dict("records")[::-1]).ids == tuple(range(39, 19, -1))
    drawn = HyperSpace(**REAL).sample(40, np.random.default_rng(0))
    assert set(HyperSpace(**REAL).format(drawn)) == set(suggested["architecture"])
    assert suggested["width"].dtype.kind == "i"
    assert set(suggested.loc[suggested["op"] == "pool", "momentum"].isna()) == {True}


def test_a_filled_csv_is_told_in_parts(file, tmp_path):
    path = tmp_path / "todo.csv"
    campaign = begin(file)
    campaign.suggest(4).assign(note="gpu 3").to_csv(path, index=False)
    receipt = campaign.tell(path)
    assert (receipt.ids, receipt.n_unfilled, receipt.ignored) == ((), 4, ("note",))
    filled = pd.read_csv(path)
    filled.loc[[2, 0], "score"] = [0.5, 0.25]
    filled.to_csv(path, index=False)
    assert campaign.tell(path).ids == (0, 2)
    filled["failed"] = [False, True, False, False]
    filled.loc[3, ["score", "cost_s"]] = [0.75, 60.0]
    filled.to_csv(path, index=False)
    receipt = campaign.tell(path)
    assert (receipt.ids, receipt.n_repeated, receipt.pending) == ((1, 3), 2, ())
    results = nasbench.open_campaign(file).results
    assert results["id"].tolist() == [3, 2, 0, 1]
    assert results["cost_s"].tolist()[0] == 60.0
    assert results["score"].isna().tolist() == [False, False, False, True]


@pytest.mark.parametrize(
    ("told", "complaint"),
    [
        ({"id": 9, "score": 0.5}, r"id 9 was never suggested; pending: ids 1, 2"),
        ({"id": 1, "score": 93.5}, r"accuracy is 93\.5; its unit is 'fraction'.*percent\? Then tell 0\.935"),
        ({"id": 1, "score": float("nan")}, "is nan; if the training failed, say so"),
        ({"id": 1, "score": float("inf")}, "expected a finite number"),
        ({"id": 1, "score": "good"}, "expected a number"),
        ({"id": 1, "score": True}, "expected a number"),
        ({"id": 1.5, "score": 0.5}, "expected a whole number"),
        ({"id": 1, "score": 0.5, "cost_s": -1}, "expected seconds"),
        ({"id": 1, "score": 0.5, "failed": True}, "leave one of both out"),
        ({"id": 1, "failed": "perhaps"}, "expected true or false"),
        ({"id": 0, "score": 0.75}, r"the result of id 0 is 0\.5 already, not 0\.75"),
        ({"id": 0, "failed": True}, r"is 0\.5 already, not failed"),
        ([{"id": 1, "score": 0.5}, {"id": 1, "score": 0.6}], r"is 0\.5 already, not 0\.6"),
        ({"id": 1, "loss": 0.5}, "no column of scores: expected 'accuracy' or 'score'; found id, loss"),
        ({"score": 0.5}, "no column says what was trained"),
        ([{"id": 1, "score": 0.5}, {"score": 0.5}], "row 2 names neither an id nor an architecture"),
        ({"id": 1, "op": "pool", "lr": 0.1, "depth": 1, "score": 0.5}, "id 1 was suggested as .*leave the id empty"),
        ({"op": "pool", "lr": 0.1, "depth": 1, "score": 0.5}, "'random_search' learns only from what it suggested"),
        (0.5, "float is not what a campaign reads as results"),
    ],
)
def test_a_result_that_cannot_be_is_refused_and_nothing_is_noted(file, told, complaint):
    campaign = begin(file, metric="accuracy", unit="fraction")
    campaign.suggest(3)
    campaign.tell({"id": 0, "score": 0.5})
    before = file.read_bytes()
    with pytest.raises(InvalidOption, match=complaint):
        campaign.tell(told)
    assert file.read_bytes() == before


def test_an_architecture_outside_of_the_space_is_refused(file):
    with pytest.raises(InvalidArchitecture, match=r"row 1: .*unknown value 'pol'"):
        begin(file, QUICK).tell({"op": "pol", "lr": 0.1, "depth": 1, "score": 0.5})


@pytest.mark.parametrize(
    ("name", "text", "complaint"),
    [
        ("r.csv", "", "is empty"),
        ("r.csv", "id,score\n1,2,3\n", "3 fields"),
        ("r.csv", "id,id\n1,2\n", "more than once|twice|two columns"),
        ("r.json", "{", "cannot be read"),
        ("r.json", "3", "int is not what"),
        ("r.txt", "", "must end with"),
    ],
)
def test_a_file_that_is_no_table_is_refused(file, tmp_path, name, text, complaint):
    (tmp_path / name).write_text(text)
    with pytest.raises((SourceError, InvalidOption), match=complaint):
        begin(file).tell(tmp_path / name)
    with pytest.raises(SourceError, match="does not exist"):
        begin(file).tell(tmp_path / "absent.csv")


def test_trainings_from_elsewhere_are_learnt_and_never_suggested(file, tmp_path):
    """From a CSV with an own id, a repeated training and one that is not finished; at the start, and later."""
    space = HyperSpace(**SPACE)
    archs = space.rows[::4]
    frame = pd.DataFrame({"id": "mine", "architecture": space.format(archs), "score": score_of(archs)})
    frame = pd.concat([frame, frame[:1].assign(score=frame["score"][0] + 2.0)])
    frame.iloc[1, 2] = np.nan
    frame.to_csv(tmp_path / "own.csv", index=False)
    campaign = begin(file, QUICK, start=tmp_path / "own.csv")
    assert campaign.started.n_given == len(archs) - 1
    assert campaign.started.n_unfilled == 1
    assert (
        campaign.results.set_index("architecture").loc[frame["architecture"].iloc[0], "score"] == score_of(archs)[0] + 1
    )
    again = begin(file, QUICK, start=tmp_path / "own.csv").started
    assert (again.n_given, again.n_repeated) == (0, len(archs) - 1)
    by_hand = STRATEGIES.load("bayesian_optimization")(
        space,
        np.random.default_rng(0),
        predictor="bayesian_linear_regression,encoding=one_hot",
        pool="random",
        n_init=4,
    )
    learnt = np.delete(np.arange(len(archs)), 1)
    scores = score_of(archs)
    scores[0] += 1
    by_hand.warm_start(archs[learnt], scores[learnt])
    suggested = campaign.suggest(5)
    assert suggested["architecture"].tolist() == space.format(by_hand.ask(5).arch)
    later = space.rows[1::4]
    later = later[~np.isin(space.index(later), space.index(space.parse(suggested["architecture"].tolist())))]
    given = pd.DataFrame({"architecture": space.format(later), "score": score_of(later)})
    assert nasbench.open_campaign(file).tell(given).n_given == len(later)
    by_hand.warm_start(later, score_of(later))
    rest = campaign.suggest(100)
    assert rest["architecture"].tolist() == space.format(by_hand.ask(100).arch)
    known = {*campaign.results["architecture"], *suggested["architecture"]}
    assert known.isdisjoint(rest["architecture"])
    assert {*known, *rest["architecture"]} == set(space.format(space.rows))
    with pytest.raises(nasbench.SearchFinished, match="the search has finished"):
        campaign.suggest()
    with pytest.raises(nasbench.SearchFinished):
        nasbench.open_campaign(file).suggest()


def test_another_campaign_s_results_begin_a_new_one(file, tmp_path):
    old = begin(file, metric="loss", direction="minimize")
    suggested = old.suggest(6)
    old.tell(suggested[:4].assign(loss=[3.0, 1.0, np.nan, 2.0]))
    old.tell({"id": 2, "failed": True})
    new = begin(tmp_path / "new.jsonl", QUICK, metric="loss", direction="minimize", start=file)
    assert new.started.n_given == 4
    assert new.results["loss"].tolist()[:3] == [1.0, 2.0, 3.0]
    assert set(new.suggest(20)["architecture"]).isdisjoint(suggested["architecture"][:4])


@pytest.mark.parametrize("strategy", ["asha", "hyperband", "dehb"])
def test_partial_trainings_are_told_by_epoch(file, strategy):
    campaign = begin(file, strategy, epochs=(1, 3, 9))
    asked, waited = [], False
    for _ in range(30):
        suggested = campaign.suggest(4)
        waited |= len(suggested) < 4
        asked += suggested["epoch"].tolist()
        if campaign.pending["id"].isin(campaign.results["id"]).any():  # it was trained to another epoch before
            with pytest.raises(InvalidOption, match="the epoch is missing"):
                campaign.tell(campaign.pending.drop(columns="epoch").assign(score=1.0))
        with pytest.raises(InvalidOption, match="is to be trained to epoch"):
            campaign.tell(campaign.pending.assign(score=1.0, epoch=2))
        pending = campaign.pending
        campaign.tell(pending[::-1].assign(score=pending["depth"] * 1.0))
    assert set(asked) == {1, 3, 9}
    results = nasbench.open_campaign(file).results
    assert not results.duplicated(["id", "epoch"]).any()
    if strategy != "dehb":
        assert results["id"].duplicated().any(), "no training was resumed"
    assert waited == (strategy == "hyperband")


def test_a_file_says_what_differs_from_what_is_asked(file):
    begin(file, seed=1)
    begin(file, seed=1)
    nasbench.open_campaign(file, seed=1)
    for other in ({"seed": 2}, {"strategy": "umda"}, {"space": "nb201"}, {"metric": "loss"}, {"epochs": "1,2"}):
        with pytest.raises(InvalidOption, match=rf"exists with {next(iter(other))}.*not.*--from"):
            nasbench.open_campaign(file, **other)
    with pytest.raises(InvalidOption, match="does not exist; to begin a campaign, name its space"):
        nasbench.open_campaign(file.with_name("other.jsonl"))


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"space": "nb2001"}, "unknown space"),
        ({"space": {"lr": [1, 2]}}, "declares no decisions"),
        ({"space": {"decisions": {"epoch": {"integer": [1, 9]}}}}, "has the name of a column"),
        ({"metric": "lr"}, "metric 'lr' has the name of another column"),
        *(({"metric": name}, "of another column") for name in ("id", "epoch", "cost_s", "failed", "architecture")),
        ({"space": 3}, "expected a space or a task"),
        ({"strategy": "autto"}, "unknown strategy"),
        ({"strategy": "asha"}, "stops training runs early; say at which epochs"),
        ({"unit": "percent"}, "unit of objective"),
        ({"direction": "up"}, "expected maximize or minimize"),
        ({"epochs": (3, 1)}, "rising"),
        ({"seed": -1}, "at least 0"),
        ({"start": [{"architecture": "op=pool,lr=0.1,depth=1", "score": 1.0}]}, "strategies that take them: .*bore"),
    ],
)
def test_nonsense_is_refused_before_a_file_exists(file, options, complaint):
    with pytest.raises(nasbench.NasbenchError, match=complaint):
        begin(file, **options)
    assert not file.exists()


def test_a_task_gives_its_space_and_objective(file):
    campaign = nasbench.open_campaign(file, space="nbgraph-cora", strategy="random_search")
    assert campaign.settings.space_name == "nbgraph"
    assert (campaign.objective.name, campaign.objective.unit) == ("accuracy", "fraction")
    assert "accuracy" in campaign.suggest(1).columns


def test_a_damaged_or_edited_file_is_named(file):
    campaign = begin(file)
    campaign.suggest(2)
    campaign.tell({"id": 1, "score": 2.0})
    lines = file.read_text().splitlines(keepends=True)
    file.write_text(lines[0] + "{broken\n" + lines[2])
    with pytest.raises(RecordError, match="line 2 is damaged"):
        nasbench.open_campaign(file)
    event = json.loads(lines[1])
    event["trials"][0]["architecture"] = "op=pool,lr=0.1,depth=1"
    file.write_text(lines[0] + json.dumps(event) + "\n" + lines[2])
    with pytest.raises(RecordError, match="would now suggest other architectures than it did"):
        nasbench.open_campaign(file).suggest()
    file.write_text("id,score\n")
    with pytest.raises(RecordError, match="is no campaign"):
        nasbench.open_campaign(file)


class Clumsy:
    """Fails at the second question once; the state of a failed strategy is thrown away."""

    fails = True

    def __init__(self, space, rng):
        self._space, self._rng, self._n = space, rng, 0

    def ask(self, n):
        archs = self._space.sample(n, self._rng)
        if self._n and Clumsy.fails:
            Clumsy.fails = False
            raise RuntimeError("clumsy")
        self._n += n
        return nasbench.full_trainings(self._n - n, archs)

    def tell(self, results): ...


def test_a_strategy_that_raises_suggests_the_same_when_asked_again(file):
    campaign = begin(file, f"{__name__}:Clumsy")
    first = campaign.suggest(2)
    with pytest.raises(RuntimeError, match="clumsy"):
        campaign.suggest(2)
    second = campaign.suggest(2)
    space = HyperSpace(**SPACE)
    rng = np.random.default_rng(0)
    expected = [*space.format(space.sample(2, rng)), *space.format(space.sample(2, rng))]
    assert [*first["architecture"], *second["architecture"]] == expected


def test_every_strategy_with_a_warm_start_takes_trainings_at_any_time(rng):
    """The names in the error above: they learn before the first question, and between two, and suggest none of them."""
    from quick_options import STRATEGY_OPTIONS

    space = HyperSpace(**SPACE)
    for name in STRATEGIES.names():
        strategy = None if STRATEGIES.missing_extra(name) else STRATEGIES.load(name)
        if strategy is None or capabilities_of(strategy).warm_start is None:
            continue
        try:
            made = strategy(space, np.random.default_rng(0), **STRATEGY_OPTIONS.get(name, {}))
        except InvalidOption:
            continue  # it does not fit the space
        given, later = space.rows[::9], space.rows[1::9]
        made.warm_start(given, score_of(given))
        asked = made.ask(3)
        later = later[~np.isin(space.index(later), space.index(asked.arch))]
        made.warm_start(later, score_of(later))
        again = made.ask(12)
        known = space.index(np.concatenate([given, later, asked.arch]))
        assert np.intersect1d(space.index(again.arch), known).size == 0, name
