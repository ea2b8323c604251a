"""Deep kernel learning: a Gaussian process on the output of a small network that reads an encoding.

Source: Wilson, Hu, Salakhutdinov & Xing 2016, "Deep Kernel Learning", arXiv 1511.02222. An RBF kernel compares the
outputs of a network. Both are trained together by the marginal likelihood; the network's weights are hyperparameters
of the kernel.

What differs from the paper: it pretrains the network alone, and approximates the kernel matrix by a grid (KISS-GP) for
millions of points. With hundreds of points, neither is needed. A marginal likelihood with many hyperparameters
overfits (Ober, Rasmussen & van der Wilk 2021, arXiv 2102.12108), so the network is small and training is short. The
network reads the coarse views of ``functional_gp`` as logarithms, each of unit spread; the order of a path's
operations is not among them (option ``encoding``).
"""

import numpy as np
import torch
from torch import Tensor

from nasbench.arrays import Archs, Floats
from nasbench.options import Count, FromTwo
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._gp.deep import DeepKernelModel, make_tanh_network
from nasbench.surrogates._gp.posterior import GPPosterior
from nasbench.surrogates._gp.views import ScaledViews, predict_in_chunks
from nasbench.surrogates._predictor import CheckedPredictor, State
from nasbench.surrogates._scaled import COARSE

REQUIRES = {"torch": "gp", "gpytorch": "gp"}

_RATE, _DECAY = 0.003, 0.01


class DeepKernelGP(CheckedPredictor):
    """RBF kernel of a network's output.

    Args:
        space: the search space of the architectures.
        encoding: features that the network reads.
        target: what the predictor learns: ``rank``, ``score`` or ``log_error``.
        width: units of the hidden layer.
        outputs: number of outputs that the kernel compares.
        steps: number of Adam steps, with decoupled weight decay.
        hyper_points: largest number of training points that network and kernel are fitted to, drawn by ``rng``. The
            posterior uses all points.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        encoding: str = COARSE,
        target: str = "rank",
        width: Count = 64,
        outputs: Count = 8,
        steps: Count = 100,
        hyper_points: FromTwo = 500,
    ) -> None:
        super().__init__(space, target=target)
        self._views = ScaledViews(space, encoding)
        self._width, self._outputs, self._steps, self._hyper_points = width, outputs, steps, hyper_points

    def _fit(self, batch: Batch, value: Floats, rng: np.random.Generator) -> None:
        self._views.fit(batch.archs)
        chosen = np.sort(rng.permutation(len(value))[: self._hyper_points])
        x, y = self._views.encode(batch.archs[chosen]), torch.from_numpy(value[chosen])
        generator = torch.Generator().manual_seed(int(rng.integers(2**63)))
        self._model = self._make_model(x, y, generator)
        self._model.learn(self._steps, rate=_RATE, decay=_DECAY)
        self._fit_posterior(batch.archs, torch.from_numpy(value))

    def _make_model(self, x: Tensor, y: Tensor, generator: torch.Generator) -> DeepKernelModel:
        network = make_tanh_network(x.shape[1], self._width, self._outputs, generator)
        return DeepKernelModel(x, y, network=network, outputs=self._outputs)

    def _fit_posterior(self, archs: Archs, value: Tensor) -> None:
        self._x = self._views.encode(archs)
        noise = self._model.likelihood.noise.item()
        self._posterior = GPPosterior(self._model.compute_covariance(self._x, self._x), value, noise)

    def _predict(self, batch: Batch) -> tuple[Floats, Floats]:
        return predict_in_chunks(self._answer, batch.archs, self._views)

    def _answer(self, x: Tensor) -> tuple[Tensor, Tensor]:
        signal = self._model.covar_module.outputscale.detach()
        return self._posterior.predict(self._model.compute_covariance(x, self._x), signal.expand(len(x)))

    def _state(self) -> State:
        return {name: part.numpy() for name, part in self._model.state_dict().items()}

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        self._views.fit(batch.archs)
        x, y = self._views.encode(batch.archs), torch.from_numpy(value)
        self._model = self._make_model(x, y, torch.Generator())
        self._model.load_state_dict({name: torch.from_numpy(np.array(part)) for name, part in state.items()})
        self._fit_posterior(batch.archs, y)
