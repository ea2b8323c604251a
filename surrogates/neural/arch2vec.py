"""arch2vec: a Gaussian process on codes that were learnt from graphs alone, without any score.

Source: Yan, Zheng, Ao, Zeng & Zhang 2020, "Does Unsupervised Architecture Representation Learning Help Neural
Architecture Search?" (arXiv 2006.06936). A variational graph isomorphism autoencoder is trained on the space (5 hops,
perceptrons of 2 layers of 128, codes of 16, dropout 0.3, batches of 32, 10 epochs of Adam at 0.001). A Gaussian
process predicts scores from the mean code of the vertices, as in their comparison of embeddings.

The embedding does not depend on scores and is the same for every fit: ``pretraining_seed`` determines it, not ``rng``.
It is trained once for each space and set of options, and stored on disk.

Differences: the divergence interprets the encoder's second output as a log variance throughout; the authors' code
interprets it as a log variance in one place and as a log standard deviation in another. Padding does not count in
normalisation and means. The kernel is a Matern kernel, with hyperparameters by marginal likelihood.
"""

from dataclasses import dataclass, field

from nasbench.arrays import Archs, Floats, Ints
from nasbench.options import FromTwo, Whole
from nasbench.predictions import Batch
from nasbench.spaces import SearchSpace
from nasbench.surrogates._gp import GaussianProcess, MaternKernel, compute_group_deviations
from nasbench.surrogates._predictor import State
from nasbench.surrogates.neural._graph_autoencoder import LatentEncoding, Pretraining

REQUIRES = {"torch": "torch", "gpytorch": "gp"}


@dataclass(kw_only=True, eq=False)
class Arch2Vec(GaussianProcess):
    """Matern kernel on unsupervised codes.

    Args:
        pretraining_seed: seed of the embedding.
        pretraining_epochs: passes over the architectures from which the embedding is learnt.
        architectures: number of these architectures; an enumerated space that is not larger is used completely.
        latent: numbers in a code.
    """

    encoding: str = field(default="one_hot", init=False)  # replaced by the codes
    pretraining_seed: int = 0
    pretraining_epochs: int = 10
    architectures: int = 20_000
    latent: int = 16
    target: str = "score"
    hyper_points: FromTwo = field(default=300, init=False)
    max_iterations: Whole = field(default=40, init=False)

    def __post_init__(self, space: SearchSpace) -> None:
        """Create the latent encoding of the space."""
        super().__post_init__(space)
        how = Pretraining(self.pretraining_seed, self.pretraining_epochs, self.architectures, latent=self.latent)
        self._codes = LatentEncoding(space, how)
        self._encoding = self._codes

    def embed(self, archs: Archs) -> Floats:
        """Return the codes of architectures [n, d]; ``[n, latent]``. This does not require a fit."""
        return self._codes.encode(self._space.checked(archs))

    def _make_kernel(self, sizes: list[int]) -> MaternKernel:
        return MaternKernel(sizes)

    def _compute_lengths(self, features: Floats, groups: Ints) -> Floats:
        return compute_group_deviations(features, groups, self._encoding.n_groups)

    def _state(self) -> State:
        weights = {f"embedding/{name}": array for name, array in self._codes.weights.items()}
        return super()._state() | weights

    def _restore(self, state: State, batch: Batch, value: Floats) -> None:
        weights = {name.removeprefix("embedding/"): a for name, a in state.items() if name.startswith("embedding/")}
        self._codes.use(weights)
        super()._restore(state, batch, value)
