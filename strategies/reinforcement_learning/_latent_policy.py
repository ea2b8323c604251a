"""The policy of arch2vec-RL: an LSTM, trained by REINFORCE, that chooses the next point in a latent space."""

import numpy as np
import torch
from torch import Tensor, nn

from nasbench.arrays import Floats

_HIDDEN = 128


class LatentPolicy:
    """A normal distribution of unit variance around the output of an LSTM cell, in a space of ``width`` numbers.

    Args:
        width: numbers in a code.
        learning_rate: of Adam.
        rng: draws weights and actions.
    """

    def __init__(self, width: int, *, learning_rate: float, rng: np.random.Generator) -> None:
        generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
        with torch.device("meta"):  # torch's layers draw weights from the global generator, but not there
            cell, head = nn.LSTMCell(width, _HIDDEN), nn.Linear(_HIDDEN, width)
        self._cell, self._head = (net.double().to_empty(device="cpu") for net in (cell, head))
        for weight in self._list_parameters():
            nn.init.uniform_(weight, -(_HIDDEN**-0.5), _HIDDEN**-0.5, generator=generator)
        self._optimiser = torch.optim.Adam(self._list_parameters(), lr=learning_rate, eps=1e-8)
        self._rng = rng
        self.begin()

    def _list_parameters(self) -> list[Tensor]:
        return [*self._cell.parameters(), *self._head.parameters()]

    def begin(self) -> None:
        """Begin an episode: forget the LSTM's state and the actions so far."""
        self._state: tuple[Tensor, Tensor] | None = None
        self._moves: list[tuple[Tensor, Tensor]] = []  # codes and actions; torch's graph of them could not be copied

    def act(self, code: Floats) -> Floats:
        """Return the next point from ``code`` [width]; ``[width]``."""
        seen = torch.from_numpy(code[None].copy())
        with torch.no_grad():
            self._state = self._cell(seen, self._state)
            mean = self._head(self._state[0])[0].numpy()
        action: Floats = mean + self._rng.standard_normal(len(mean))
        self._moves.append((seen, torch.from_numpy(action)))
        return action

    def _compute_log_chances(self) -> Tensor:
        """Return log p of each action of the episode, up to a constant; ``[t]``."""
        state, found = None, []
        for seen, action in self._moves:
            state = self._cell(seen, state)
            found.append(-((action - self._head(state[0])[0]) ** 2).sum() / 2)
        return torch.stack(found)

    def compute_gradient(self, advantages: Floats) -> list[Floats]:
        """Return the gradient, by each weight, of the mean of -log p times the advantage [t] of each action."""
        loss = -(self._compute_log_chances() * torch.from_numpy(advantages)).mean()
        return [part.numpy() for part in torch.autograd.grad(loss, self._list_parameters())]

    def learn(self, advantages: Floats) -> None:
        """Take one step against the gradient."""
        for weight, slope in zip(self._list_parameters(), self.compute_gradient(advantages), strict=True):
            weight.grad = torch.from_numpy(slope)
        self._optimiser.step()
