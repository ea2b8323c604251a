"""arch2vec with DNGO: neural features and Bayesian linear regression on codes that were learnt from graphs alone.

Source: Yan, Zheng, Ao, Zeng & Zhang 2020, "Does Unsupervised Architecture Representation Learning Help Neural
Architecture Search?" (arXiv 2006.06936): the surrogate of their Bayesian optimisation. Codes are those of predictor
``arch2vec``, the same for every fit and kept on disk; on them a net of three layers of 128, 100 epochs, its last layer
replaced by a Bayesian linear regression whose precisions are those of the highest evidence (see ``dngo``).
"""

from nasbench.arrays import Archs, Floats
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._predictor import State
from nasbench.surrogates.neural._graph_autoencoder import LatentEncoding, Pretraining
from nasbench.surrogates.neural.dngo import DNGO

REQUIRES = {"torch": "torch"}


class Arch2VecDNGO(DNGO):
    """Bayesian linear regression on features learnt from unsupervised codes.

    Args:
        space: where the architectures are from.
        pretraining_seed: decides the embedding.
        pretraining_epochs: passes over the architectures that the embedding is learnt from.
        architectures: how many those are; an enumerated space with no more is taken whole.
        units: features of each layer.
        epochs: passes over the training data.
        target: what is learnt, ``score``, ``rank`` or ``log_error``.
    """

    def __init__(
        self,
        space: SearchSpace,
        *,
        pretraining_seed: int = 0,
        pretraining_epochs: int = 10,
        architectures: int = 20_000,
        units: int = 128,
        epochs: int = 100,
        target: str = "score",
    ) -> None:
        super().__init__(space, units=units, epochs=epochs, mcmc=0, target=target)
        self._codes = LatentEncoding(space, Pretraining(pretraining_seed, pretraining_epochs, architectures))
        self._encoding = self._codes

    def embed(self, archs: Archs) -> Floats:
        """Return the codes of architectures [n, d]; ``[n, latent]``. No fit is needed."""
        return self._codes.encode(self._space.checked(archs))

    def _state(self) -> State:
        weights = {f"embedding/{name}": array for name, array in self._codes.weights.items()}
        return super()._state() | weights

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        weights = {name.removeprefix("embedding/"): a for name, a in state.items() if name.startswith("embedding/")}
        self._codes.use(weights)
        own = {name: array for name, array in state.items() if not name.startswith("embedding/")}
        super()._restore(own, batch, value)
