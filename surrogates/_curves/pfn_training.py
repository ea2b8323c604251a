"""Training LC-PFN's transformer on curves drawn from its prior.

Run it with ``python -m nasbench.surrogates._curves.pfn_training``. It writes ``lc_pfn.npz`` beside this file.

All curves of a batch share one context length. The loss uses a few later epochs, always including the last. Short
contexts are drawn more often because there is more to learn from them.
"""

import math
import sys
import time

import numpy as np
import torch

from nasbench.arrays import Floats
from nasbench.devices import torch_generator
from nasbench.files import replace_atomically
from nasbench.surrogates._curves.combination import Combination
from nasbench.surrogates._curves.families import LC_PFN
from nasbench.surrogates._curves.pfn import EPOCHS, WEIGHTS, CurveTransformer
from nasbench.surrogates._nets import export_arrays, initialize_weights
from nasbench.threads import limit_to_one_thread

_SEED, _STEPS, _BATCH, _ASKED = 20231031, 3700, 128, 8
_RATE, _WARM_UP, _HALF_COSINE, _FALL = 1e-3, 200, 6000, 500
_POOL = 40_000  # curves drawn at once


def draw_prior_curves(n: int, rng: np.random.Generator) -> Floats:
    """Return n noisy curves of the prior; ``[n, 100]``."""
    prior = Combination(LC_PFN, normalised=False)
    coordinates, curves = prior.sample(n, np.arange(1.0, EPOCHS + 1), rng)
    return curves + prior.noise(coordinates)[:, None] * rng.standard_normal(curves.shape)


def train_pfn(steps: int, rng: np.random.Generator) -> CurveTransformer:
    """Return a net trained for the given number of steps; progress goes to standard error."""
    net = CurveTransformer()
    initialize_weights(net, torch_generator(rng))
    pool = draw_prior_curves(_POOL, rng)
    borders = np.quantile(pool, np.linspace(0, 1, len(net.borders)))
    net.borders.copy_(torch.from_numpy(borders))
    optimiser = torch.optim.AdamW(net.parameters(), lr=_RATE, betas=(0.9, 0.98), weight_decay=1e-2)
    started, lost = time.process_time(), []
    for step in range(steps):
        first = step * _BATCH % _POOL
        if first + _BATCH > _POOL:
            pool = draw_prior_curves(_POOL, rng)
            first = 0
        for group in optimiser.param_groups:
            group["lr"] = _RATE * _compute_rate_share(step, steps)
        loss = _compute_loss(net, pool[first : first + _BATCH], rng)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimiser.step()
        lost.append(loss.item())
        if (step + 1) % 100 == 0:
            seconds = time.process_time() - started
            print(f"step {step + 1} of {steps}, loss {np.mean(lost[-100:]):.4f}, {seconds:.0f} s", file=sys.stderr)
    net.eval()
    return net


def _compute_rate_share(step: int, steps: int) -> float:
    """Return the learning rate as a share of its peak: a warm-up, half a cosine, and a decay to zero at the end."""
    rise, fall = (step + 1) / _WARM_UP, (steps - step) / _FALL
    return min(rise, (1 + math.cos(math.pi * step / _HALF_COSINE)) / 2, fall)


def _compute_loss(net: CurveTransformer, curves: Floats, rng: np.random.Generator) -> torch.Tensor:
    length = 1 + int((EPOCHS - 1) * rng.random() ** 1.5)
    later = rng.integers(length, EPOCHS, size=(len(curves), _ASKED))
    later[:, 0] = EPOCHS - 1
    x = torch.arange(1.0, length + 1).expand(len(curves), -1)
    y, true = (torch.from_numpy(part).float() for part in (curves[:, :length], np.take_along_axis(curves, later, 1)))
    seen = torch.ones(x.shape, dtype=torch.bool)
    log_mass = net(x, y, seen, torch.from_numpy(later + 1.0).float())
    return -net.log_density(log_mass, true).mean()


def write_weights(steps: int = _STEPS) -> None:
    """Train the net and write its weights in half precision."""
    with limit_to_one_thread():
        net = train_pfn(steps, np.random.default_rng(_SEED))
    halves = {
        name: array if name == "borders" else array.astype(np.float16) for name, array in export_arrays(net).items()
    }
    with replace_atomically(WEIGHTS) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **halves)


if __name__ == "__main__":
    write_weights(*map(int, sys.argv[1:]))
