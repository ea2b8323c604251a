"""A recurrent controller: an LSTM that makes one decision after another, each conditioned on the choices before.

Every decision has its own softmax and its own embeddings of its choices. The embedding of a choice is the input of the
next step; a start vector is that of the first. ``ControllerSearch`` draws architectures from it a batch at a time and
takes an optimisation step for each batch of answers, by the loss of its sub-class.

In spaces where not every row is valid, draws are repeated until they are. Where twenty in a row are not, the space
draws 64 architectures, of which one is taken with a probability proportional to its probability under the controller.
Gradients are those of the controller itself. A crash is rewarded like the worst training run that finished, and ignored
before there is one.
"""

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from nasbench.arrays import Archs, Floats, Ints
from nasbench.devices import torch_generator
from nasbench.options import Count, Decay, NotNegative, Positive
from nasbench.spaces import SearchSpace
from nasbench.strategies._bookkeeping import Ledger
from nasbench.strategies._configured import ConfiguredStrategy
from nasbench.strategies._product_distribution import is_product
from nasbench.strategies.reinforcement_learning._rewards import Rewards
from nasbench.threads import limit_to_one_thread
from nasbench.trials import Results, Trials

_TRIES, _POOL = 20, 64


class _LSTM(nn.LSTM):
    """An LSTM whose weights are set from outside; constructing it does not use torch's global generator."""

    def reset_parameters(self) -> None:
        """Skip the random initialisation."""


class Controller(nn.Module):
    """The probabilities of architectures.

    Args:
        cardinality: choices of each decision, d of them.
        units: of the LSTM and the embeddings.
        n_layers: of the LSTM.
    """

    def __init__(self, cardinality: list[int], *, units: int, n_layers: int) -> None:
        super().__init__()
        d, k = len(cardinality), max(cardinality)
        self.lstm = _LSTM(units, units, n_layers, batch_first=True, dtype=torch.float64)
        self.start = nn.Parameter(torch.zeros(units, dtype=torch.float64))
        self.embedding = nn.Parameter(torch.zeros(d, k, units, dtype=torch.float64))
        self.weight = nn.Parameter(torch.zeros(d, k, units, dtype=torch.float64))
        self.bias = nn.Parameter(torch.zeros(d, k, dtype=torch.float64))
        self.register_buffer("exists", torch.arange(k) < torch.tensor(cardinality)[:, None])

    def initialize(self, init: float, generator: torch.Generator) -> None:
        """Draw all weights uniformly between minus and plus ``init``."""
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.uniform_(-init, init, generator=generator)

    def compute_log_probabilities(self, archs: Tensor) -> Tensor:
        """Return log p of every choice of each decision of ``archs`` [n, d], given those before it; ``[n, d, k]``."""
        chosen = self.embedding[torch.arange(archs.shape[1] - 1), archs[:, :-1]]
        inputs = torch.cat([self.start.expand(len(archs), 1, -1), chosen], dim=1)
        hidden, _ = self.lstm(inputs)
        logits = torch.einsum("ndu,dku->ndk", hidden, self.weight) + self.bias
        return self._normalise(logits, self.exists)

    def sample(self, uniform: Floats) -> Archs:
        """Draw rows of choices by ``uniform`` [n, d] numbers in [0, 1); ``[n, d]``."""
        inputs, state = self.start.expand(len(uniform), 1, -1), None
        archs = np.zeros(uniform.shape, dtype=np.int8)
        last = self.exists.sum(dim=1).numpy() - 1
        for i, u in enumerate(uniform.T):
            hidden, state = self.lstm(inputs, state)
            logits = hidden[:, 0] @ self.weight[i].T + self.bias[i]
            ends = self._normalise(logits, self.exists[i]).exp().cumsum(dim=1).numpy()
            # Rounding may leave the last end below u.
            archs[:, i] = np.minimum((u[:, None] >= ends).sum(axis=1), last[i])
            inputs = self.embedding[i, torch.from_numpy(archs[:, i].astype(np.int64))][:, None]
        return archs

    @staticmethod
    def _normalise(logits: Tensor, exists: Tensor) -> Tensor:
        return torch.log_softmax(logits.masked_fill(~exists, -math.inf), dim=-1)


def compute_likelihood(controller: Controller, archs: Archs) -> tuple[Tensor, Tensor]:
    """Return log p of ``archs`` [n, d] and the entropies, summed over the decisions taken; ``[n]`` each."""
    rows = torch.from_numpy(archs.astype(np.int64))
    log_p = controller.compute_log_probabilities(rows)
    entropy = -(log_p.exp() * log_p.masked_fill(~controller.exists, 0.0)).sum(dim=(1, 2))
    return log_p.gather(2, rows[:, :, None])[:, :, 0].sum(dim=1), entropy


@dataclass(kw_only=True, eq=False)
class ControllerSearch(ConfiguredStrategy, ABC):
    """Draw a batch from the controller, learn from a batch of answers. Sub-classes write ``_compute_loss``.

    Attributes:
        units: hidden units of each layer of the LSTM, and length of the embeddings.
        n_layers: of the LSTM.
        init: all weights begin uniform between minus and plus this.
        learning_rate: of Adam.
        adam: the two decays of Adam and the constant in its denominator.
        n_passes: steps of Adam for a batch of answers.
        batch: architectures drawn at a time, and answers that an update waits for.
        momentum: of the moving average of rewards.
        entropy: weight of the policy's entropy in what is maximised.
        power: the reward is this power of the score, or of its rank among all so far where scores are not fractions.
    """

    units: Count
    n_layers: Count
    init: NotNegative
    learning_rate: Positive
    adam: tuple[Decay, Decay, Positive] = field(default=(0.9, 0.999, 1e-8), init=False)
    n_passes: Count = field(default=1, init=False)
    batch: Count
    momentum: Decay = 0.95
    entropy: NotNegative
    power: Positive = field(default=1.0, init=False)

    def __post_init__(self, space: SearchSpace, rng: np.random.Generator) -> None:
        """Draw the first weights."""
        super().__post_init__(space, rng)
        space.require_choices("a recurrent controller")
        self.controller = Controller(space.cardinality.tolist(), units=self.units, n_layers=self.n_layers)
        self.controller.initialize(self.init, torch_generator(rng))
        first, second, epsilon = self.adam
        self._adam: Any = torch.optim.Adam(
            self.controller.parameters(), lr=self.learning_rate, betas=(first, second), eps=epsilon
        )
        self._all_valid = is_product(space)
        self._queue: Archs = space.no_archs
        self._n_drawn = 0
        self._beliefs: dict[int, float] = {}  # log p of each running trial when it was drawn
        self._told: list[tuple[Archs, float, float]] = []  # architecture, reward and that log p, since the last update
        self._rewards = Rewards()
        self._baseline: float | None = None
        self._worst = math.inf
        self._ledger = Ledger()

    @property
    def n_prefetchable(self) -> int:
        """Number of architectures of the batch that are left to ask."""
        return len(self._queue)

    def ask(self, n: int) -> Trials:
        """Return ``n`` architectures drawn from the controller, some of them before its latest update."""
        parts = [self._take(n)]
        while (missing := n - sum(map(len, parts))) > 0:
            self._queue = self._draw(self.batch)
            parts.append(self._take(missing))
        return self._ledger.ask(parts[0] if len(parts) == 1 else np.concatenate(parts))

    def _take(self, n: int) -> Archs:
        taken, self._queue = self._queue[:n], self._queue[n:]
        return taken

    def _draw(self, n: int) -> Archs:
        """Draw ``n`` valid architectures, and remember their log probabilities."""
        with torch.no_grad(), limit_to_one_thread():
            archs = self._sample(n)
            bad = self._find_invalid(archs)
            if len(bad):
                archs[bad] = self._redraw(len(bad))
            log_p, _ = compute_likelihood(self.controller, archs)
        first, self._n_drawn = self._n_drawn, self._n_drawn + n  # asked in the order of drawing: these are their ids
        self._beliefs.update(zip(range(first, first + n), log_p.tolist(), strict=True))
        return archs

    def _sample(self, n: int) -> Archs:
        return self.controller.sample(self._rng.random((n, len(self._space.decisions))))

    def _find_invalid(self, archs: Archs) -> Ints:
        return np.empty(0, dtype=np.int64) if self._all_valid else np.flatnonzero(~self._space.is_valid(archs))

    def _redraw(self, n: int) -> Archs:
        """Draw ``n`` valid architectures, each the first valid one of a fixed number of tries; ``[n, d]``."""
        tries = self._sample(n * _TRIES)  # at once: a step of the LSTM costs the same for a hundred rows
        valid = self._space.is_valid(tries).reshape(n, _TRIES)
        firsts = np.arange(n) * _TRIES + valid.argmax(axis=1)
        return np.stack([tries[firsts[i]] if valid[i].any() else self._draw_likely() for i in range(n)])

    def _draw_likely(self) -> Archs:
        pool = self._space.sample(_POOL, self._rng)
        log_p, _ = compute_likelihood(self.controller, pool)
        # The largest of them plus Gumbel noise is a draw from the softmax.
        return np.asarray(pool[np.argmax(log_p.numpy() + self._rng.gumbel(size=_POOL))])

    def tell(self, results: Results) -> None:
        """Learn whenever a batch of answers is complete."""
        for trial, arch, score in self._ledger.tell(results):
            believed = self._beliefs.pop(trial)
            if score > -math.inf:
                self._worst = min(self._worst, score)
            elif self._worst == math.inf:
                continue
            self._told.append((arch, self._compute_reward(max(score, self._worst)), believed))
            if len(self._told) == self.batch:
                self._learn()

    def _compute_reward(self, score: float) -> float:
        return float(self._rewards(score) ** self.power)

    def _learn(self) -> None:
        archs, rewards, believed = zip(*self._told, strict=True)
        self._told = []
        baseline = float(np.mean(rewards)) if self._baseline is None else self._baseline
        advantage = torch.tensor(rewards, dtype=torch.float64) - baseline
        before = torch.tensor(believed, dtype=torch.float64)
        with limit_to_one_thread():
            for _ in range(self.n_passes):
                self._adam.zero_grad()
                log_p, entropy = compute_likelihood(self.controller, np.stack(archs))
                loss = self._compute_loss(log_p, before, advantage) - self.entropy * entropy.mean()
                loss.backward()
                self._adam.step()
        for reward in rewards:
            baseline = self.momentum * baseline + (1 - self.momentum) * reward
        self._baseline = baseline

    @abstractmethod
    def _compute_loss(self, log_p: Tensor, before: Tensor, advantage: Tensor) -> Tensor:
        """Return what to minimise.

        Args:
            log_p: [n] log probabilities of the answered architectures under the current controller.
            before: [n] their log probabilities when they were drawn.
            advantage: [n] rewards minus the baseline.
        """
