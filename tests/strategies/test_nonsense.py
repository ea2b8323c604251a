"""What nobody wants and somebody will try: spaces with next to nothing, answers that say nothing, odd options."""

from collections.abc import Callable

import numpy as np
import pytest
from quick_options import STRATEGY_OPTIONS

from nasbench import Budget, Simulation
from nasbench.choices import Choice
from nasbench.errors import InvalidOption
from nasbench.registry import STRATEGIES
from nasbench.spaces.hyper import HyperSpace
from nasbench.trials import Results, Trials

SMALL: dict[str, Callable[[], HyperSpace]] = {
    "two": lambda: HyperSpace({"idle": {"integer": [1, 1]}, "a": {"ordinal": [1, 2]}}),
    "three": lambda: HyperSpace({"a": {"categorical": ["x", "y", "z"]}}),
    "five, under a condition": lambda: HyperSpace(
        {"a": {"categorical": ["x", "y"]}, "b": {"ordinal": [1, 2, 3, 4]}},
        [{"decision": "b", "when": "a", "is": ["x"]}],
    ),
}
ANSWERS: dict[str, Callable[[int], float]] = {
    "different": lambda trial: (trial * 37 % 100) / 100,
    "equal": lambda trial: 0.5,
    "crashes": lambda trial: np.nan,
    "losses": lambda trial: -3 - trial * 37 % 100,
    "large": lambda trial: 1e6 + trial * 37 % 100,
    "half of them crashes": lambda trial: np.nan if trial % 2 else (trial * 37 % 100) / 100,
}


class Answers:
    """A backend that answers by a trial's number alone."""

    def __init__(self, score: Callable[[int], float]) -> None:
        self._score = score

    def advance(self, trials: Trials) -> Results:
        n = len(trials.id)
        scores = np.array([self._score(trial) for trial in trials.id.tolist()], dtype=float)[:, None]
        return Results(trials.id, np.ones(n, dtype=np.int64), scores, 1.0 + trials.id % 3)


def searched(strategy, space, score, n_workers):
    return Simulation(strategy, Answers(score), space, budget=Budget(trials=70), n_workers=n_workers).run()


def made(name, space):
    if extra := STRATEGIES.missing_extra(name):
        pytest.skip(f"the extra '{extra}' is not installed")
    component = STRATEGIES.load(name)
    return component(space, np.random.default_rng(0), **STRATEGY_OPTIONS.get(name, {}))


def made_by(label, space):
    component, options = Choice.parse(label).resolve(STRATEGIES)
    return component(space, np.random.default_rng(0), **options)


@pytest.mark.parametrize("space", SMALL)
@pytest.mark.parametrize("name", STRATEGIES.names())
def test_a_search_of_next_to_nothing_ends_or_repeats_itself(name, space):
    """The budget is 70 trials: a search either spends it or finishes, and meets all there is first."""
    for n_workers, answers in enumerate(ANSWERS, start=1):
        few = SMALL[space]()
        history = searched(made(name, few), few, ANSWERS[answers], n_workers)
        assert len(np.unique(history.arch, axis=0)) == few.size, answers
        assert few.size <= len(history.id) <= 70


@pytest.mark.parametrize(
    ("label", "says"),
    [
        ("tpe,gamma=nan", "gamma=nan"),
        ("bore,gamma=nan", "gamma=nan"),
        ("bonas,kappa=much", "kappa=much"),
        ("nao,step_size=nan", "step_size=nan"),
        ("nas_rl,adam=3", "adam=3"),
        ("nas_rl,adam=(1,0,0)", "adam=.1, 0, 0. of .* below 1"),
        ("nas_rl,power=inf", "power=inf"),
        ("reinforce,learning_rate=inf", "learning_rate=inf"),
        ("q_learning,shorter=inf", "shorter=inf"),
        ("mcts,exploration=inf", "exploration=inf"),
        ("switching,n_first=all", "n_first=all"),
        ("optuna,settings=3", "settings=3"),
        ("nevergrad,budget=all", "budget=all"),
    ],
)
def test_an_option_that_is_no_number_is_refused(label, says):
    """A label's ``nan`` and ``inf`` are read as words."""
    name = Choice.parse(label).name
    if extra := STRATEGIES.missing_extra(name):
        pytest.skip(f"the extra '{extra}' is not installed")
    with pytest.raises(InvalidOption, match=f"^(option )?{says}"):
        made_by(label, SMALL["three"]())
