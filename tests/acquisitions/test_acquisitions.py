"""Acquisitions against closed forms, high precision, quadrature and BoTorch."""

import mpmath
import numpy as np
import pytest
from scipy import integrate, stats

from nasbench.acquisitions import check_acquisition, log_ei_helper, log_local_penalty, log_positive, weigh
from nasbench.errors import InvalidOption, UnknownName
from nasbench.predictions import Prediction
from nasbench.registry import ACQUISITIONS

MEAN, STD, BEST = np.array([0.2, 0.5, 0.7, 0.9]), np.array([0.3, 0.1, 0.05, 0.2]), 0.6


def weighed(name, kappa=2.0, seed=0, mean=MEAN, std=STD):
    return weigh(name, Prediction(mean, std), best=BEST, kappa=kappa, rng=np.random.default_rng(seed))


def test_expected_improvement_is_the_mean_of_what_exceeds_the_best():
    for found, mean, std in zip(weighed("ei"), MEAN, STD, strict=True):
        density = stats.norm(mean, std).pdf
        expected, _ = integrate.quad(lambda y, density=density: (y - BEST) * density(y), BEST, mean + 12 * std)
        assert found == pytest.approx(expected, rel=1e-7)


def test_probability_of_improvement_is_the_normal_tail():
    assert np.exp(weighed("pi")) == pytest.approx(stats.norm(MEAN, STD).sf(BEST), rel=1e-12)


def test_upper_confidence_bound_and_exploiting():
    assert weighed("ucb", kappa=2.0) == pytest.approx([0.8, 0.7, 0.8, 1.3])
    assert (weighed("exploit") == MEAN).all()


def test_a_drawn_confidence_bound_adds_as_many_deviations_to_all():
    """Hutter, Hoos & Leyton-Brown 2012: their number follows an exponential distribution."""
    drawn = np.array([(weighed("randomized_ucb", kappa=0.5, seed=seed) - MEAN) / STD for seed in range(2000)])
    assert drawn == pytest.approx(np.repeat(drawn[:, :1], len(MEAN), axis=1))
    assert stats.kstest(drawn[:, 0], stats.expon(scale=0.5).cdf).pvalue > 0.01
    assert (weighed("randomized_ucb", kappa=0.0) == MEAN).all()


@pytest.mark.parametrize("z", [5.0, 0.0, -0.999, -1.001, -5.0, -37.0, -200.0, -999.0, -1001.0, -1e5])
def test_the_log_ei_helper_is_exact_far_into_the_tail(z):
    """mpmath with enough digits for ``phi(z) + z Phi(z)``, which loses all of double's beyond z = -7."""
    with mpmath.workdps(60):
        exact = float(mpmath.log(mpmath.npdf(z) + mpmath.mpf(z) * mpmath.erfc(-mpmath.mpf(z) / mpmath.sqrt(2)) / 2))
    assert log_ei_helper(np.array([z]))[0] == pytest.approx(exact, rel=1e-9)


@pytest.mark.filterwarnings("ignore:ExpectedImprovement has known numerical issues")
@pytest.mark.parametrize(("ours", "theirs"), [("log_ei", "LogExpectedImprovement"), ("ei", "ExpectedImprovement")])
def test_improvement_is_botorchs(ours, theirs):
    """BoTorch's own functions on a posterior with these means and variances."""
    torch = pytest.importorskip("torch")
    analytic = pytest.importorskip("botorch.acquisition.analytic")
    models = pytest.importorskip("botorch.models.deterministic")
    posterior = pytest.importorskip("botorch.posteriors.gpytorch")
    gpytorch = pytest.importorskip("gpytorch")

    class Known(models.DeterministicModel):
        num_outputs, batch_shape = 1, torch.Size([])

        def forward(self, X):
            return X

        def posterior(self, X, **_):
            mean, variance = X[..., 0], X[..., 1] ** 2
            return posterior.GPyTorchPosterior(
                gpytorch.distributions.MultivariateNormal(mean, torch.diag_embed(variance))
            )

    function = getattr(analytic, theirs)(Known(), best_f=BEST)
    expected = function(torch.tensor(np.stack([MEAN, STD], axis=1))[:, None]).numpy()
    assert weighed(ours) == pytest.approx(expected, rel=1e-6)


def test_draws_follow_the_marginals():
    mean, std = np.full(20000, 0.4), np.full(20000, 0.2)
    for name in ("its", "thompson"):
        draws = weighed(name, mean=mean, std=std)
        assert stats.kstest(draws, stats.norm(0.4, 0.2).cdf).pvalue > 0.01
        assert (draws == weighed(name, mean=mean, std=std)).all()
        assert (draws != weighed(name, mean=mean, std=std, seed=1)).any()


def test_the_local_penalty_is_that_of_its_paper():
    """Gonzalez et al. 2016: half the complementary error function of (M - mu - L d) / sqrt(2 sigma^2)."""
    distance, lead, std = np.array([[0.0, 3.0], [2.0, 1.0]]), np.array([0.1, 0.4]), np.array([0.2, 0.3])
    found = np.exp(log_local_penalty(distance, steepness=0.2, lead=lead, std=std))
    by_hand = [
        [float(mpmath.erfc((m - 0.2 * d) / (s * 2**0.5)) / 2) for d, m, s in zip(row, lead, std, strict=True)]
        for row in distance
    ]
    assert found == pytest.approx(np.prod(by_hand, axis=1), rel=1e-12)


@pytest.mark.parametrize("name", ACQUISITIONS.names())
def test_a_positive_acquisition_keeps_the_order(name):
    worth = weighed(name)
    assert (np.argsort(log_positive(name, worth)) == np.argsort(worth)).all()


def test_a_predictor_without_spread_can_only_be_exploited():
    bare = Prediction(MEAN)
    rng = np.random.default_rng(0)
    assert (weigh("exploit", bare, best=BEST, kappa=1, rng=rng) == MEAN).all()
    with pytest.raises(InvalidOption, match="acquisition=exploit"):
        weigh("ei", bare, best=BEST, kappa=1, rng=rng)


def test_an_unknown_acquisition_is_refused():
    with pytest.raises(UnknownName, match="log_ei"):
        check_acquisition("log_eii")


def test_records_of_earlier_versions_name_the_randomised_bound_otherwise():
    assert (weighed("drawn_ucb", seed=3) == weighed("randomized_ucb", seed=3)).all()


class NotAnAcquisition:
    """A callable that declares nothing of itself."""


def test_a_class_that_is_not_an_acquisition_is_refused():
    with pytest.raises(InvalidOption, match="not a subclass"):
        check_acquisition(f"{__name__}:NotAnAcquisition")
