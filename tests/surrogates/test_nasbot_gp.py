"""OTMANN against the linear programme that defines it, and the process against its definition."""

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment, linprog
from scipy.stats import kendalltau, multivariate_normal

from nasbench.errors import InvalidOption
from nasbench.predictions import Batch
from nasbench.registry import SPACES

torch = pytest.importorskip("torch")
pytest.importorskip("gpytorch")

from nasbench.surrogates._gp.otmann import (  # noqa: E402
    compute_distances,
    compute_label_penalties,
    compute_total_mass,
    extract_layers,
    find_best_matching,
)
from nasbench.surrogates._gp.posterior import compute_clipped_likelihood  # noqa: E402
from nasbench.surrogates.kernel_methods.nasbot_gp import NasbotGP  # noqa: E402

WEIGHTS = (0.1, 0.8)


def apart(space, a, b):
    penalty = compute_label_penalties(space.graphs(a[:1]).vocabulary)[1]
    return compute_distances(extract_layers(space, a), extract_layers(space, b), penalty, WEIGHTS)


def layers(x, family, i):
    """Return family, label, profile and mass of every layer, including input and output."""
    n = x.counts[i].sum()
    known = [(family[x.labels[i, j]], x.labels[i, j], x.profiles[i, j], 1.0) for j in range(n)]
    return known + [(10 + end, 0, x.ends[i, end], 0.1 * n) for end in range(2)]


def transport(space, a, b, weight):
    """Solve equation 3 of Kandasamy et al. 2018 for two architectures, the null layers included."""
    family, penalty = compute_label_penalties(space.graphs(a).vocabulary)
    one, other = layers(extract_layers(space, a), family, 0), layers(extract_layers(space, b), family, 0)
    cost = np.full((len(one) + 1, len(other) + 1), 1.0)
    cost[-1, -1] = 0
    for i, (f, label, profile, _) in enumerate(one):
        for j, (g, label2, profile2, _) in enumerate(other):
            cost[i, j] = penalty[label, label2] * (f < 10) + weight * np.abs(profile - profile2).mean()
            cost[i, j] = cost[i, j] if f == g else 1e4
    supply, demand = np.array([m for *_, m in one]), np.array([m for *_, m in other])
    supply, demand = np.append(supply, demand.sum()), np.append(demand, supply.sum())
    rows = np.kron(np.eye(len(supply)), np.ones(len(demand)))
    columns = np.kron(np.ones(len(supply)), np.eye(len(demand)))
    solved = linprog(cost.ravel(), A_eq=np.vstack([rows, columns]), b_eq=np.concatenate([supply, demand]))
    return solved.fun


@pytest.mark.parametrize("name", ["nb201", "nb101", "nbgraph"])
def test_it_is_the_optimal_transport_of_the_paper(name, rng):
    space = SPACES.load(name)()
    a, b = space.sample(8, rng), space.sample(8, rng)
    ours = apart(space, a, b)
    for k, weight in enumerate(WEIGHTS):
        theirs = [transport(space, a[i : i + 1], b[i : i + 1], weight) for i in range(8)]
        np.testing.assert_allclose(np.diagonal(ours[k]), theirs, atol=1e-7)


def test_it_is_a_pseudo_metric(cifar10, rng):
    """Theorem 2 of the paper; isomorphic cells have distance zero."""
    archs = cifar10.space.sample(60, rng)
    among = apart(cifar10.space, archs, archs)
    np.testing.assert_allclose(among, among.swapaxes(1, 2), atol=1e-12)
    np.testing.assert_allclose(np.diagonal(among, axis1=1, axis2=2), 0, atol=1e-12)
    detour = (among[:, :, :, None] + among[:, None, :, :]).min(axis=2)
    assert (among <= detour + 1e-9).all()
    nb101 = SPACES.load("nb101")()
    archs = nb101.sample(60, rng)
    assert (archs != nb101.canonicalize(archs)).any(axis=1).sum() > 20
    twins = apart(nb101, archs, nb101.canonicalize(archs))
    np.testing.assert_allclose(np.diagonal(twins, axis1=1, axis2=2), 0, atol=1e-12)


def test_label_penalties_are_the_published_ones():
    """get_cnn_layer_label_mismatch_penalties in nn/nn_comparators.py of kirthevasank/nasbot, unscaled."""
    family, penalty = compute_label_penalties(
        ("conv_3x3", "conv_5x5", "conv_7x7", "max_pool_3x3", "avg_pool_3x3", "gat")
    )
    assert family.tolist() == [0, 0, 0, 1, 1, 2]
    assert penalty[0, 1] == pytest.approx(0.2)
    assert penalty[0, 2] == pytest.approx(0.2 * 2**0.5)
    assert penalty[3, 4] == 0.5
    assert not penalty.diagonal().any()


def test_path_lengths_of_a_cell_worked_by_hand(cifar10):
    """The cell 0 -> 1 -> 3 with convolution and pooling, in parallel with the convolution 0 -> 3."""
    text = "|nor_conv_3x3~0|+|none~0|none~1|+|nor_conv_3x3~0|avg_pool_3x3~1|none~2|"
    found = extract_layers(cifar10.space, cifar10.space.parse([text]))
    assert found.counts.tolist() == [[2, 1, 0]]
    assert compute_total_mass(found) == pytest.approx(3.6)
    shortest_longest_walk = found.ends[0, 1, :3]  # from the input to the output, all layers
    np.testing.assert_allclose(shortest_longest_walk, [1, 2, 1.5])
    pooling = found.profiles[0, 2]
    np.testing.assert_allclose(pooling[:6], [1, 1, 1, 0, 0, 0])  # one convolution before, no layer after


@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (2, 5), (6, 6), (9, 8)])
def test_best_matching_equals_scipy(shape, rng):
    gain = rng.random((20, *shape))
    theirs = [matrix[linear_sum_assignment(matrix, maximize=True)].sum() for matrix in gain]
    np.testing.assert_allclose(find_best_matching(gain), theirs)


def test_clipped_likelihood_is_the_gaussian_one_and_has_its_gradient(rng):
    root, y = torch.from_numpy(rng.standard_normal((6, 6))), torch.from_numpy(rng.standard_normal(6))
    noise = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    positive = root @ root.mT
    expected = multivariate_normal(cov=positive.numpy() + 0.3 * np.eye(6)).logpdf(y.numpy())
    assert compute_clipped_likelihood(positive, y, noise).item() == pytest.approx(expected + 3 * np.log(2 * np.pi))
    indefinite = (root + root.mT).requires_grad_()
    assert (torch.linalg.eigvalsh(indefinite.detach()) < -0.1).any()
    assert torch.autograd.gradcheck(lambda k, s: compute_clipped_likelihood((k + k.mT) / 2, y, s), (indefinite, noise))


def test_it_ranks_better_than_chance_and_better_with_more_points(cifar10):
    """p < 1e-10 that 60 points rank 1,000 others by chance."""
    rng = np.random.default_rng(3)
    archs = cifar10.table.architectures[rng.permutation(cifar10.rows)[:1200]]
    score = cifar10.query(archs)

    def tau(n):
        predictor = NasbotGP(cifar10.space, max_iterations=15)
        predictor.fit(Batch(archs[:n]), score[:n], rng)
        return kendalltau(predictor.predict(Batch(archs[200:])).mean, score[200:])

    few = tau(60)
    assert few.pvalue < 1e-10
    assert tau(200).statistic > few.statistic > 0.55


def test_weights_that_are_not_numbers_are_refused(cifar10):
    with pytest.raises(InvalidOption, match=r"structure is '0\.1,0\.2'; expected numbers separated by '-'"):
        NasbotGP(cifar10.space, structure="0.1,0.2")
