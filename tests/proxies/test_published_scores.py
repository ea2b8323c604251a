"""Our scores equal the public ones of NAS-Bench-Suite-Zero: here for ten cells, for more with a command.

nasbench proxies nb201-cifar10 --data folder,path=CIFAR10 --sample 200 --against nb201_zero_cost_cifar10
"""

import itertools
import tarfile

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from nasbench.proxies import Minibatch, Scoring
from nasbench.spaces.nb201 import NASBench201

Image = pytest.importorskip("PIL.Image")

N_CELLS, N_IMAGES = 10, 16
SAME = {
    "params": 1e-9,
    "l2_norm": 0.01,
    "synflow": 0.01,
    "zen": 0.05,
}  # relative; their initial weights differ
ALIKE = {"flops": 0.95, "naswot": 0.9, "jacov": 0.7}  # Spearman; theirs counts more operations and uses more images


@pytest.fixture
def published(shared):
    """The public scores of ten cells, in our units."""
    scores = pd.read_csv(shared / "nb201/zero_cost_proxies_cifar10.csv").rename(columns={"nwot": "naswot"})
    return scores[scores.jacov > -1e8].assign(params=scores.params * 1e6).sample(N_CELLS, random_state=0)


@pytest.fixture
def batch(shared):
    """The first images of CIFAR-10's archive, all of one class."""
    with tarfile.open(shared / "images/cifar10-jpeg.tar.xz", "r|xz") as archive:
        files = (archive.extractfile(entry) for entry in archive if entry.name.endswith(".jpg"))
        images = np.stack([np.asarray(Image.open(file)) for file in itertools.islice(files, N_IMAGES)])
    pixels = images.transpose(0, 3, 1, 2) / 255
    normalised = (pixels - pixels.mean((0, 2, 3), keepdims=True)) / pixels.std((0, 2, 3), keepdims=True)
    return Minibatch(normalised.astype(np.float32), np.arange(N_IMAGES) % 10, 10)


def test_ten_cells_score_as_published(published, batch):
    names = [*SAME, *ALIKE]
    scoring = Scoring(network="nb201", proxies=names, batch=batch, seed=0)
    ours = dict(zip(names, scoring.scores(NASBench201().parse(published.net_str)).T, strict=True))
    for name, tolerance in SAME.items():
        np.testing.assert_allclose(ours[name], published[name], rtol=tolerance, err_msg=name)
    found = {name: spearmanr(ours[name], published[name]).statistic for name in ALIKE}
    assert all(found[name] >= least for name, least in ALIKE.items()), found
