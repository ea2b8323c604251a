"""Scoring of one architecture by several proxies. The settings are plain data that any process can receive."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

from nasbench.arrays import Archs, Floats, Ints
from nasbench.choices import Choice
from nasbench.datasets import Images
from nasbench.devices import find_device
from nasbench.errors import InvalidOption
from nasbench.networks import build_network, choose_options
from nasbench.proxies._probe import Probe, Proxy
from nasbench.registry import PROXIES
from nasbench.spaces import SearchSpace
from nasbench.threads import limit_to_one_thread
from nasbench.training.feed import compute_moments

_NEGATIVE = 128  # shifts int8 values to the non-negative numbers that a seed needs


class Minibatch(NamedTuple):
    """The images that every network sees.

    Attributes:
        images: [b, channels, ...] float32, normalised by the moments of the training images.
        labels: [b] classes.
        n_classes: number of classes of the data set.
    """

    images: npt.NDArray[np.float32]
    labels: Ints
    n_classes: int


def draw_minibatch(data: Images, size: int, rng: np.random.Generator) -> Minibatch:
    """Draw training images without replacement and normalise them, without augmentation.

    Raises:
        InvalidOption: the size is below 2 or above the number of training images.
    """
    images, labels = data.parts["train"]
    if not 2 <= size <= len(labels):
        raise InvalidOption(
            f"a batch of {size} of {len(labels)} training images of {data.name}; expected 2 to {len(labels)}"
        )
    rows = rng.permutation(len(labels))[:size]
    mean, std = (moment.reshape(-1, *[1] * (images.ndim - 2)) for moment in compute_moments(images))
    normalised = (images[rows] - mean) / np.where(std > 0, std, 1.0)
    return Minibatch(normalised.astype(np.float32), labels[rows], len(data.classes))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring:
    """How architectures are scored.

    The initial weights and the random numbers of a proxy follow from ``seed`` and the architecture.

    Attributes:
        network: label of the networks, such as ``nb201,channels=8``.
        proxies: labels of the proxies.
        batch: the minibatch that the networks see.
        seed: seed of all random numbers.
        device: ``cpu``, ``cuda`` or ``cuda:N``.
        space: search space of the architectures; networks that read other codes are rejected.
    """

    network: str
    proxies: Sequence[str]
    batch: Minibatch
    seed: int
    device: str = "cpu"
    space: SearchSpace | None = None

    def make_proxies(self) -> list[Proxy]:
        """Return the proxies.

        Raises:
            UnknownName: a proxy or an option does not exist.
        """
        resolved = [Choice.parse(label).resolve(PROXIES) for label in self.proxies]
        return [component(**options) for component, options in resolved]

    def probe(self, arch: Archs) -> Probe:
        """Return the probe that the proxies of one architecture [1, d] receive."""
        device, batch = find_device(self.device), self.batch
        entropy = [self.seed, *(arch[0].astype(np.int64) + _NEGATIVE).tolist()]
        rng = np.random.default_rng(entropy)
        options = choose_options(batch.n_classes, batch.images.shape[1:])
        network = build_network(self.network, arch, rng, space=self.space, **options)
        images, labels = (torch.tensor(array, device=device) for array in batch[:2])
        return Probe(network.to(device).train(), images, labels, entropy)

    def scores(self, archs: Archs) -> Floats:
        """Return the score of each architecture [n, d] by each proxy as ``[n, proxies]``, nan where undefined.

        Raises:
            InvalidOption: the batch does not fit into the memory of the GPU.
        """
        proxies = self.make_proxies()
        with limit_to_one_thread():
            rows = [self._score_one(proxies, self.probe(archs[i : i + 1])) for i in range(len(archs))]
        values = np.array(rows, dtype=np.float64).reshape(len(archs), len(proxies))
        return np.where(np.isfinite(values), values, np.nan)

    def _score_one(self, proxies: Sequence[Any], probe: Probe) -> list[float]:
        try:
            return [proxy(probe) for proxy in proxies]
        except torch.OutOfMemoryError as error:
            size = len(self.batch.labels)
            raise InvalidOption(
                f"a batch of {size} images does not fit into the memory of {self.device}; use a smaller batch"
            ) from error
