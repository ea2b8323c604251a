"""What NAO and SemiNAS share: an encoder of token sequences, a predictor of the score, a decoder back to tokens.

Source: Luo et al. 2018 (NAO, arXiv 1808.07233) and 2020 (SemiNAS, arXiv 2002.10389), with the layers of the authors'
code. A bidirectional LSTM produces outputs that are scaled to length one. A residual perceptron reads their mean, and
an LSTM with attention reproduces the sequence.
"""

import math
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nasbench.arrays import Archs
from nasbench.encodings.sequence import SequenceEncoding
from nasbench.errors import InvalidOption, PredictorError
from nasbench.spaces import SearchSpace
from nasbench.surrogates._nets import Dropout, Linear, NetPredictor, TrainingSettings
from nasbench.threads import limit_to_one_thread

_BOUND = 5.0  # bound on the norm of a gradient
_HALF = math.sqrt(0.5)
_CHUNK = 512


class Widths(NamedTuple):
    """Sizes of the three nets.

    Attributes:
        hidden: features of a token, and of an architecture.
        perceptron: width of the predictor's inner layer.
        layers: number of stacked LSTMs in the encoder.
        dropout: dropout rate.
        trade_off: weight of the prediction in the loss; the rest is the weight of the reconstruction.
    """

    hidden: int = 64
    perceptron: int = 16
    layers: int = 1
    dropout: float = 0.1
    trade_off: float = 0.8

    def checked(self) -> "Widths":
        """Return this object after checking it.

        Raises:
            InvalidOption: a number is outside its range.
        """
        if min(self.hidden, self.perceptron, self.layers) < 1 or not (0 <= self.dropout < 1 >= self.trade_off > 0):
            raise InvalidOption(f"{self}; expected whole numbers from 1, dropout in [0, 1) and trade_off in (0, 1]")
        return self


class SequencePredictor(NetPredictor):
    """A predictor on the latent space of an autoencoder of sequences.

    Args:
        space: the search space of the architectures.
        widths: sizes of the nets.
        training: the training settings.
        target: what the predictor learns: ``score``, ``rank`` or ``log_error``.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
    """

    def __init__(
        self, space: SearchSpace, *, widths: Widths, training: TrainingSettings, target: str, device: str
    ) -> None:
        space.require_choices("an autoencoder of sequences")
        super().__init__(space, target=target, loss="mse", training=training, device=device)
        self._widths, self._sequence = widths.checked(), SequenceEncoding(space)

    def _encode_inputs(self, archs: Archs) -> tuple[Tensor, ...]:
        return (torch.from_numpy(self._sequence.tokens(archs)),)

    def _build_net(self, inputs: tuple[Tensor, ...]) -> nn.Module:
        del inputs
        return Autoencoder(self._sequence.vocabulary, self._widths)

    def _learn(self, inputs: tuple[Tensor, ...], value: Tensor, generator: torch.Generator) -> None:
        self._pass_over(inputs[0], value, self._training, generator)

    def _pass_over(self, tokens: Tensor, value: Tensor, training: TrainingSettings, generator: torch.Generator) -> None:
        """Train on sequences [n, d] and their values [n]."""
        share, optimiser = self._widths.trade_off, training.make_optimiser(self._model)
        self._model.train()
        for rows in _draw_batches(len(value), training, generator):
            optimiser.zero_grad(set_to_none=False)
            predicted, said = self._model.predict_and_decode(tokens[rows.to(tokens.device)])
            wanted = tokens[rows.to(tokens.device)].flatten()
            loss = F.mse_loss(predicted, value[rows.to(value.device)])
            loss = share * loss + (1 - share) * F.cross_entropy(said.flatten(0, 1), wanted)
            loss.backward()
            nn.utils.clip_grad_norm_(self._model.parameters(), _BOUND)
            optimiser.step()
        self._model.eval()

    def latent(self, archs: Archs) -> Tensor:
        """Return the latent representation of architectures [n, d]; ``[n, hidden]``, each of length one."""
        with torch.no_grad(), limit_to_one_thread():
            (tokens,) = self._move_inputs(self._encode_inputs(self._require_fitted(archs)))
            return self._model.encoder(tokens)[1].cpu()

    def improve(self, archs: Archs, step: float) -> Archs:
        """Move architectures uphill in the latent space, and decode the results.

        The step follows the gradient of the prediction (Luo et al. 2018, equation 2).

        Args:
            archs: [n, d] valid rows.
            step: step length as a multiple of the gradient; 0 only encodes and decodes.

        Returns:
            ``[n, d]`` valid rows; if a decoded row is invalid, the original architecture.

        Raises:
            PredictorError: the predictor is not fitted.
        """
        archs = self._require_fitted(archs)
        first = torch.from_numpy(self._sequence.first)
        with limit_to_one_thread():
            parts = [
                self._model.move_uphill(
                    *self._move_inputs(self._encode_inputs(archs[i : i + _CHUNK])), step, first, self._cardinality
                )
                for i in range(0, len(archs), _CHUNK)
            ]
        if not parts:
            return archs.copy()
        found = (torch.cat(parts).numpy() - self._sequence.first).astype(archs.dtype)
        return np.where(self._space.is_valid(found)[:, None], found, archs)

    @property
    def _cardinality(self) -> list[int]:
        sizes: list[int] = self._space.cardinality.tolist()
        return sizes

    def _require_fitted(self, archs: Archs) -> Archs:
        if self._target is None:
            raise PredictorError(f"{type(self).__name__} has no latent space before it is fitted; call fit first")
        return self._space.checked(archs)


def _draw_batches(n: int, training: TrainingSettings, generator: torch.Generator) -> Iterator[Tensor]:
    for _ in range(training.epochs):
        yield from torch.randperm(n, generator=generator).split(training.batch_size)


class Autoencoder(nn.Module):
    """Encoder, predictor and decoder; sequences [n, d] do not contain token 0."""

    def __init__(self, vocabulary: int, widths: Widths) -> None:
        super().__init__()
        self.encoder = _Encoder(vocabulary, widths)
        self.predictor = _Predictor(widths)
        self.decoder = _Decoder(vocabulary, widths)

    def forward(self, tokens: Tensor) -> Tensor:
        """Return predictions [1, n, 1] for sequences [1, n, d]."""
        return self.predictor(self.encoder(tokens[0])[1])[None, :, None]

    def predict_and_decode(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Return predictions [n], and logits [n, d, vocabulary] of each token given the tokens before it."""
        places, latent = self.encoder(tokens)
        shifted = F.pad(tokens[:, :-1], (1, 0))
        said, _ = self.decoder(shifted, (latent[None], latent[None]), places)
        return self.predictor(latent), said

    def move_uphill(self, tokens: Tensor, step: float, first: Tensor, sizes: list[int]) -> Tensor:
        """Return the sequences [n, d] decoded after a gradient step; each decision takes one of its own tokens."""
        places, latent = self.encoder(tokens)
        (slope,) = torch.autograd.grad(self.predictor(latent).sum(), places)
        with torch.no_grad():
            places = F.normalize(places + step * slope, dim=-1)
            latent = F.normalize(places.mean(1), dim=-1)
            hidden, token, said = (latent[None], latent[None]), tokens.new_zeros(len(tokens), 1), []
            for start, size in zip(first.tolist(), sizes, strict=True):
                logits, hidden = self.decoder(token, hidden, places)
                token = start + logits[:, :, start : start + size].argmax(-1)
                said.append(token)
            return torch.cat(said, dim=1).cpu()


class _Encoder(nn.Module):
    def __init__(self, vocabulary: int, widths: Widths) -> None:
        super().__init__()
        h = widths.hidden
        self.words = _Embedding(vocabulary, h)
        sizes = [h] + [2 * h] * (widths.layers - 1)
        self.layers = nn.ModuleList(_LSTM(size, h, batch_first=True, bidirectional=True) for size in sizes)
        self.out = Linear(1, 2 * h, h)
        self.dropout = Dropout(widths.dropout)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """Return representations of positions [n, d, hidden] and sequences [n, hidden], of length one each."""
        words = x = self.dropout(self.words(tokens))
        for i, layer in enumerate(self.layers):
            x = layer(self.dropout(x) if i else x)[0]
        places = F.normalize(words + self.out(x[None])[0], dim=-1)
        return places, F.normalize(places.mean(1), dim=-1)


class _Predictor(nn.Module):
    def __init__(self, widths: Widths) -> None:
        super().__init__()
        self.inner = Linear(1, widths.hidden, widths.perceptron)
        self.outer = Linear(1, widths.perceptron, widths.hidden)
        self.value = Linear(1, widths.hidden, 1)
        self.dropout = Dropout(widths.dropout)

    def forward(self, latent: Tensor) -> Tensor:
        """Return predictions [n] for [n, hidden]."""
        x = self.dropout(torch.relu(self.inner(latent[None])))
        x = self.dropout(torch.relu(self.outer(x)))
        return self.value((latent[None] + x) * _HALF)[0, :, 0]


class _Decoder(nn.Module):
    def __init__(self, vocabulary: int, widths: Widths) -> None:
        super().__init__()
        h = widths.hidden
        self.words = _Embedding(vocabulary, h)
        self.layer = _LSTM(h, h, batch_first=True)
        self.query = Linear(1, h, h, bias=False)
        self.mix = Linear(1, 2 * h, h, bias=False)
        self.out = Linear(1, h, vocabulary)
        self.dropout = Dropout(widths.dropout)

    def forward(
        self, tokens: Tensor, hidden: tuple[Tensor, Tensor], places: Tensor
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Return logits [n, t, vocabulary] after each of the tokens [n, t], and the state to continue from."""
        words = self.dropout(self.words(tokens))
        x, hidden = self.layer(words, hidden)
        x = (words + x) * _HALF
        seen = F.softmax(self.query(x[None])[0] @ places.transpose(1, 2), dim=-1) @ places
        x = (x + torch.tanh(self.mix(torch.cat([seen, x], dim=-1)[None])[0])) * _HALF
        return self.out(x[None])[0], hidden


class _Embedding(nn.Embedding):
    def reset(self, generator: torch.Generator) -> None:
        nn.init.normal_(self.weight, generator=generator)


class _LSTM(nn.LSTM):
    def reset(self, generator: torch.Generator) -> None:
        bound = self.hidden_size**-0.5
        for weight in self.parameters():
            nn.init.uniform_(weight, -bound, bound, generator=generator)
