"""All Bayesian and latent-space predictors rank real architectures far better than chance."""

import numpy as np
import pytest
from scipy.stats import kendalltau

from nasbench.predictions import Batch
from nasbench.registry import PREDICTORS

SHORT = {
    "bayesian_linear_regression": {},
    "bohamiann": {"burn_in": 500, "steps": 500, "keep_every": 50},
    "dngo": {"epochs": 40, "mcmc": 0},
    "metric_learning": {"max_iterations": 20},
    "nao": {"epochs": 60, "lr": 5e-3},
    "seminas": {"pretrain_epochs": 60, "epochs": 3, "sampled": 200},
    "arch2vec": {"pretraining_epochs": 1, "architectures": 1500},
}


@pytest.mark.parametrize("name", SHORT)
def test_ranks_better_than_chance(name, cifar10):
    """Two seeds, 60 training points, 400 others; each with one-sided p < 1e-6 against a random order."""
    if extra := PREDICTORS.missing_extra(name):
        pytest.skip(f"the extra '{extra}' is not installed")
    for seed in range(2):
        rng = np.random.default_rng(seed)
        archs = cifar10.space.rows[rng.permutation(len(cifar10.space.rows))[:460]]
        score = np.asarray(cifar10.query(archs))
        model = PREDICTORS.load(name)(cifar10.space, **SHORT[name], target="rank")
        model.fit(Batch(archs[:60]), score[:60], rng)
        answer = model.predict(Batch(archs[60:]))
        assert kendalltau(answer.mean, score[60:], alternative="greater").pvalue < 1e-6
