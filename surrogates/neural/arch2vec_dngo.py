"""arch2vec with DNGO: neural features and Bayesian linear regression on codes learnt from graphs alone.

Source: Yan, Zheng, Ao, Zeng & Zhang 2020, "Does Unsupervised Architecture Representation Learning Help Neural
Architecture Search?" (arXiv 2006.06936): the surrogate of their Bayesian optimisation. The codes are those of
predictor ``arch2vec``, the same for every fit and stored on disk. A net of three layers of 128 is trained on them for
100 epochs. A Bayesian linear regression, whose precisions are those of the highest evidence, replaces its last layer
(see ``dngo``).
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
        space: the search space of the architectures.
        pretraining_seed: seed of the embedding.
        pretraining_epochs: passes over the architectures from which the embedding is learnt.
        architectures: number of these architectures; an enumerated space that is not larger is used completely.
        units: features of each layer.
        epochs: passes over the training data.
        target: what the predictor learns: ``score``, ``rank`` or ``log_error``.
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
        """Return the codes of architectures [n, d]; ``[n, latent]``. This does not require a fit."""
        return self._codes.encode(self._space.checked(archs))

    def _state(self) -> State:
        weights = {f"embedding/{name}": array for name, array in self._codes.weights.items()}
        return super()._state() | weights

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        weights = {name.removeprefix("embedding/"): a for name, a in state.items() if name.startswith("embedding/")}
        self._codes.use(weights)
        own = {name: array for name, array in state.items() if not name.startswith("embedding/")}
        super()._restore(own, batch, value)
