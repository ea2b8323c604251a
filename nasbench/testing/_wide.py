"""A minimal task that a performance predictor must learn for any number of decisions: a sum over them."""

import numpy as np

from nasbench.predictions import Batch
from nasbench.registry import SPACES
from nasbench.testing._predictors import Maker

_ASKED = 200


def check_wide_predictor(make: Maker, n_decisions: int, *, least_r2: float = 0.2) -> None:
    """Check that a predictor explains a sum over many decisions, and does not predict the same for all.

    A length scale that suits five decisions may hide all differences among a hundred, since distances add up.

    Args:
        make: as for ``check_predictor``; the predictor must not need more than architectures.
        n_decisions: number of binary decisions, each with a weight; there are three training points for each, and at
            least 60.
        least_r2: smallest allowed R2 on 200 other architectures.
    """
    decisions = {f"x{i}": {"categorical": ["no", "yes"]} for i in range(n_decisions)}
    space, rng = SPACES.load("hyper")(decisions), np.random.default_rng(8)
    n = max(60, 3 * n_decisions)
    archs = space.sample(n + _ASKED, rng)
    total = archs @ rng.standard_normal(n_decisions)
    score = 0.5 + 0.05 * (total - total.mean()) / total.std()
    predictor = make(space)
    predictor.fit(Batch(archs[:n]), score[:n], np.random.default_rng(3))
    mean, true = predictor.predict(Batch(archs[n:])).mean, score[n:]
    r2 = 1 - float(((true - mean) ** 2).sum() / ((true - true.mean()) ** 2).sum())
    spread = float(mean.std() / true.std())
    if not (r2 >= least_r2):
        raise AssertionError(
            f"R2 is {r2:.3f} on a sum over {n_decisions} decisions after {n} points, the predictions' spread "
            f"{spread:.1g} of the truth's; expected {least_r2} at least"
        )
