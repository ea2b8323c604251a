"""Zero-cost proxies of one NAS-Bench-201 network: proxies that share a pass, against that pass in plain torch.

The floor builds the same network and does only what is unavoidable: one forward and one backward pass.
"""

import numpy as np
import pytest
import torch

from nasbench.networks import build_network
from nasbench.proxies import Minibatch, Scoring
from nasbench.threads import limit_to_one_thread

SHARED = {"by the loss": ["snip", "grad_norm", "plain", "fisher"], "by the images": ["naswot", "jacov", "epe_nas"]}
CELL = np.array([[3, 3, 3, 1, 3, 2]], dtype=np.int8)  # 333132 in the order of the table's source


@pytest.fixture
def batch():
    rng = np.random.default_rng(0)
    return Minibatch(rng.standard_normal((64, 3, 32, 32), dtype=np.float32), np.arange(64) % 10, 10)


@pytest.mark.parametrize("what", SHARED)
def test_proxies_of_one_pass(benchmark, batch, what):
    benchmark.group = f"proxies of one pass, {what}"
    scoring = Scoring(network="nb201", proxies=SHARED[what], batch=batch, seed=0)
    assert benchmark.pedantic(scoring.scores, args=(CELL,), rounds=3, warmup_rounds=1).shape == (1, len(SHARED[what]))


@pytest.mark.parametrize("what", SHARED)
def test_floor_of_a_pass(benchmark, batch, what):
    benchmark.group = f"proxies of one pass, {what}"
    labels = torch.tensor(batch.labels)

    def run():
        network = build_network("nb201", CELL, np.random.default_rng(0))
        images = torch.tensor(batch.images, requires_grad=what == "by the images")
        logits = network(images)
        if images.requires_grad:
            return torch.autograd.grad(logits.sum(), images)
        loss = torch.nn.functional.cross_entropy(logits, labels)
        return torch.autograd.grad(loss, [parameter for parameter in network.parameters() if parameter.ndim > 1])

    with limit_to_one_thread():
        assert benchmark.pedantic(run, rounds=3, warmup_rounds=1)
