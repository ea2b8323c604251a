"""A network and a kernel of its output as one GPyTorch model, trained jointly."""

import torch
from gpytorch.constraints import GreaterThan
from gpytorch.distributions import MultivariateNormal
from gpytorch.kernels import RBFKernel, ScaleKernel
from gpytorch.likelihoods import GaussianLikelihood
from gpytorch.means import ZeroMean
from gpytorch.mlls import ExactMarginalLogLikelihood
from gpytorch.models import ExactGP
from gpytorch.settings import fast_computations
from torch import Tensor, nn

_LEAST_NOISE = 1e-4


class DeepKernelModel(ExactGP):
    """A Gaussian process with zero mean and the RBF kernel of a network's output.

    Args:
        x: [n, f] training features.
        y: [n] targets of about unit variance.
        network: maps features [n, f] to [n, outputs].
        outputs: number of outputs of the network, which the kernel compares.
    """

    def __init__(self, x: Tensor, y: Tensor, *, network: nn.Module, outputs: int) -> None:
        likelihood = GaussianLikelihood(noise_constraint=GreaterThan(_LEAST_NOISE))
        super().__init__(x, y, likelihood)
        self.network = network
        self.mean_module, self.covar_module = ZeroMean(), ScaleKernel(RBFKernel(ard_num_dims=outputs))
        self.double()
        self.covar_module.outputscale, self.covar_module.base_kernel.lengthscale = 1.0, 1.0
        likelihood.noise = 0.1

    def forward(self, x: Tensor) -> MultivariateNormal:
        """Return the prior at features [n, f]."""
        x = self.network(x)
        return MultivariateNormal(self.mean_module(x), self.covar_module(x))

    def learn(self, steps: int, *, rate: float, decay: float) -> None:
        """Maximise the marginal likelihood over network and kernel; only the network has weight decay."""
        self.train()
        likelihood = ExactMarginalLogLikelihood(self.likelihood, self)
        kernel = [p for name, p in self.named_parameters() if not name.startswith("network")]
        groups = [{"params": self.network.parameters(), "weight_decay": decay}, {"params": kernel, "weight_decay": 0.0}]
        optimiser = torch.optim.AdamW(groups, lr=rate)
        (x,), y = self.train_inputs, self.train_targets
        for _ in range(steps):
            optimiser.zero_grad()
            # Cholesky factors, because conjugate gradients start from global random numbers
            with fast_computations(covar_root_decomposition=False, log_prob=False, solves=False):
                (-likelihood(self(x), y)).backward()
            optimiser.step()
        self.eval()

    def compute_covariance(self, x1: Tensor, x2: Tensor) -> Tensor:
        """Return the prior covariance between ``[n, f]`` and ``[m, f]``; ``[n, m]``."""
        with torch.no_grad():
            matrix: Tensor = self.covar_module(self.network(x1), self.network(x2)).to_dense()
        return matrix


def make_linear_layer(inputs: int, outputs: int, generator: torch.Generator) -> nn.Linear:
    """Return a layer with zero bias and Glorot-uniform weights (Glorot & Bengio 2010) drawn from ``generator``."""
    layer = nn.utils.skip_init(nn.Linear, inputs, outputs, dtype=torch.float64)
    nn.init.xavier_uniform_(layer.weight, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer


def make_tanh_network(inputs: int, width: int, outputs: int, generator: torch.Generator) -> nn.Module:
    """Return a network with one hidden layer."""
    return nn.Sequential(
        make_linear_layer(inputs, width, generator), nn.Tanh(), make_linear_layer(width, outputs, generator)
    )
