"""Learning curves: reading them, families against published numbers, samplers against closed forms."""

import numpy as np
import pytest
from quick_options import PREDICTOR_OPTIONS
from scipy.optimize import curve_fit
from scipy.stats import multivariate_normal, norm

from nasbench.errors import InvalidOption, PredictorError, UnknownName
from nasbench.predictions import Batch
from nasbench.registry import PREDICTORS, SPACES
from nasbench.surrogates._curves import fill_gaps, find_last_epochs, find_last_values
from nasbench.surrogates._curves.combination import Combination
from nasbench.surrogates._curves.distance import DistanceLeft
from nasbench.surrogates._curves.families import FAMILIES, LC_PFN, select_families
from nasbench.surrogates._curves.increments import compute_median_increments
from nasbench.surrogates._curves.least_squares import SHAPES, fit_family
from nasbench.surrogates._curves.sampler import sample_walkers
from nasbench.surrogates.learning_curves.curve_fit import CurveFit

NAN = np.nan
EPOCHS = np.arange(1.0, 101.0)

# Values of the package lcpfn 0.1.3 (Adriaensen et al. 2023) at epoch 7 with these parameters.
LCPFN = {
    "pow3": ((0.9, 0.4, 0.7), 0.7975548592845144),
    "ilog2": ((0.8, 0.3), 0.6557304959111037),
    "janoschek": ((0.9, 0.1, 0.2, 0.8), 0.5901908542826),
    "log_power": ((0.8, 1.2, -1.5), 0.6030225331306763),
    "weibull": ((0.9, 0.1, 0.2, 0.8), 0.6839037519934719),
    "mmf": ((0.9, 0.1, 0.5, 1.3), 0.7687813170063524),
    "vap": ((-0.3, -0.8, 0.05), 0.7283378878253811),
    "loglog_linear": ((0.2, 1.3), 0.5242444057372987),
    "exp4": ((0.9, 0.3, -0.4, 0.7), 0.6922372827949772),
    "pow4": ((0.95, 0.6, 1.2, 0.9), 0.7307974428647251),
    "dr_hill": ((0.85, 1.4, 2.5), 0.6873794879051555),
}


@pytest.fixture(scope="module")
def space():
    return SPACES.load("nb201")()


def batch_of(space, curves, losses=None):
    rows = np.random.default_rng(5).permutation(len(space.rows))[: len(curves)]
    return Batch(space.rows[rows], np.array(curves, dtype=float), losses=losses)


def power_laws(rng, n, *, noise=0.0):
    end, gain, alpha = rng.uniform(0.6, 0.9, n), rng.uniform(0.2, 0.5, n), rng.uniform(0.4, 1.2, n)
    return end[:, None] - gain[:, None] * EPOCHS ** -alpha[:, None] + noise * rng.standard_normal((n, 100))


def test_curves_are_read_to_their_last_epoch_and_gaps_bridged():
    curves = np.array([[NAN, 0.2, NAN, NAN, 0.8, NAN], [0.1, NAN, NAN, NAN, NAN, NAN], [NAN] * 6])
    assert find_last_epochs(curves).tolist() == [5, 1, 0]
    np.testing.assert_array_equal(find_last_values(curves), [0.8, 0.1, NAN])
    np.testing.assert_allclose(fill_gaps(curves)[0], [0.2, 0.2, 0.4, 0.6, 0.8, NAN])
    np.testing.assert_array_equal(fill_gaps(curves)[1:], curves[1:])


def test_the_baselines_say_what_they_are_called(space):
    train = batch_of(space, [[0.1, 0.4, 0.6], [0.2, 0.5, 0.8]])
    asked = batch_of(space, [[0.5, 0.3, NAN], [NAN, NAN, NAN]])
    for name, expected in (("last_value", 0.3), ("best_so_far", 0.5)):
        predictor = PREDICTORS.load(name)(space)
        predictor.fit(train, np.array([0.6, 0.8]), np.random.default_rng(0))
        mean, std = predictor.predict(asked)
        assert std is None
        np.testing.assert_allclose(mean, [expected, 0.7])


@pytest.mark.parametrize("name", FAMILIES)
def test_families_are_those_of_the_published_prior(name):
    parameters, value = LCPFN[name]
    assert FAMILIES[name].curve(np.array([7.0]), *parameters) == pytest.approx(value, rel=1e-12)
    assert len(parameters) == len(FAMILIES[name].priors)


@pytest.mark.parametrize("name", FAMILIES)
def test_least_squares_finds_the_curve_that_it_was_given(name):
    """Without noise, from the first half of a curve to its end."""
    curve = FAMILIES[name].curve(EPOCHS, *LCPFN[name][0])
    seen = np.where(EPOCHS <= 50, curve, NAN)[None]
    found = fit_family(SHAPES[name], seen)
    assert found.squares[0] < 1e-8
    assert found.at(SHAPES[name], EPOCHS)[0, -1] == pytest.approx(curve[-1], abs=2e-3)


def test_least_squares_recovers_parameters_and_is_as_good_as_scipy(rng):
    curves = power_laws(rng, 5, noise=0.01)
    found = fit_family(SHAPES["pow3"], curves)
    for i, curve in enumerate(curves):
        best, _ = curve_fit(FAMILIES["pow3"].curve, EPOCHS, curve, p0=(0.7, 0.3, 0.8))
        squares = ((FAMILIES["pow3"].curve(EPOCHS, *best) - curve) ** 2).sum()
        assert found.squares[i] == pytest.approx(squares, rel=1e-4)
        ours = found.constant[i], -found.factor[i], np.exp(found.parameters[i, 0])
        np.testing.assert_allclose(ours, best, rtol=0.02)


def test_curve_fit_extrapolates_power_laws_and_knows_how_well(space, rng):
    curves = power_laws(rng, 60, noise=0.01)
    seen = np.where(EPOCHS <= 40, curves, NAN)
    predictor = PREDICTORS.load("curve_fit")(space)
    predictor.fit(batch_of(space, curves), curves[:, -1], rng)
    mean, std = predictor.predict(batch_of(space, seen))
    assert np.sqrt(((mean - curves[:, -1]) ** 2).mean()) < 0.6 * np.sqrt(
        ((find_last_values(seen) - curves[:, -1]) ** 2).mean()
    )
    assert 0.75 <= (np.abs(mean - curves[:, -1]) < 1.645 * std).mean() <= 1


def test_the_prior_is_that_of_lc_pfn():
    """Mean and spread of 3,000 curves that lcpfn 0.1.3 draws at epochs 1, 10 and 100 (seed 1)."""
    prior = Combination(LC_PFN, normalised=False)
    rng = np.random.default_rng(0)
    coordinates, curves = prior.sample(3000, EPOCHS, rng)
    noisy = curves + prior.noise(coordinates)[:, None] * rng.standard_normal(curves.shape)
    at = noisy[:, [0, 9, 99]]
    np.testing.assert_allclose(at.mean(axis=0), [0.4123, 0.5808, 0.6117], atol=0.02)  # three standard errors
    np.testing.assert_allclose(at.std(axis=0), [0.2322, 0.2300, 0.2345], atol=0.012)
    assert prior.allowed(curves).all()


def test_the_ensemble_samples_a_normal_distribution():
    centre, covariance = np.array([1.0, -2.0, 0.5]), np.array([[2.0, 0.9, 0.0], [0.9, 1.0, -0.3], [0.0, -0.3, 0.5]])
    precision = np.linalg.inv(covariance)

    def log_density(points):
        off = points - centre
        return -0.5 * np.einsum("cwi,ij,cwj->cw", off, precision, off)

    rng = np.random.default_rng(1)
    start = rng.standard_normal((2, 40, 3))
    kept = [walkers.copy() for i, walkers in enumerate(sample_walkers(log_density, start, 1500, rng)) if i >= 300]
    points = np.concatenate(kept, axis=1)[0]
    np.testing.assert_allclose(points.mean(axis=0), centre, atol=0.12)
    np.testing.assert_allclose(np.cov(points.T), covariance, atol=0.25)


def test_the_sampled_posterior_is_that_of_weighted_draws_from_the_prior(space):
    """Importance sampling needs no chain: 200,000 draws of the prior, weighted by the likelihood of two points."""
    domhan = PREDICTORS.load("domhan")(space, families="pow3+ilog2", burn_in=300, samples=4000)
    curves = np.full((4, 20), NAN)
    curves[:, :2] = [0.4, 0.5]
    domhan.fit(
        batch_of(space, np.linspace(0.1, 0.7, 80).reshape(4, 20)),
        np.array([0.2, 0.3, 0.4, 0.5]),
        np.random.default_rng(0),
    )
    mean, std = domhan.predict(batch_of(space, curves[:1]))
    prior, x = Combination(("pow3", "ilog2"), normalised=True), np.array([1.0, 2.0, 20.0])
    coordinates, drawn = prior.sample(200_000, x, np.random.default_rng(3))
    noise = prior.noise(coordinates)
    log_weight = norm.logpdf(curves[0, :2], drawn[:, :2], noise[:, None]).sum(axis=1)
    weight = np.exp(log_weight - log_weight.max())
    weight /= weight.sum()
    expected = weight @ drawn[:, -1]
    spread = np.sqrt(weight @ ((drawn[:, -1] - expected) ** 2 + noise**2))
    assert 1 / (weight**2).sum() > 300, "too few draws count"
    assert mean[0] == pytest.approx(expected, abs=0.25 * spread)
    assert std[0] == pytest.approx(spread, rel=0.25)


def test_families_are_chosen_by_name():
    assert select_families("") == list(FAMILIES)
    assert len(FAMILIES) == 11
    assert select_families(CurveFit.presets["lce_m"]["families"]) == ["mmf", "loglog_linear", "dr_hill", "log_power"]
    with pytest.raises(UnknownName, match="did you mean 'pow4'"):
        select_families("pow5")
    with pytest.raises(InvalidOption, match="an even"):
        PREDICTORS.load("domhan")(SPACES.load("nb201")(), walkers=7)


def test_freeze_thaw_is_the_gaussian_process_that_it_writes_down(space):
    """Likelihood and prediction equal those of one dense covariance over all points of three curves and a new one."""
    predictor = PREDICTORS.load("freeze_thaw")(space)
    curves = np.array([[0.3, 0.5, 0.6, 0.65], [0.2, 0.4, NAN, NAN], [0.35, 0.5, 0.7, NAN], [0.1, 0.3, NAN, NAN]])
    batch = batch_of(space, curves)
    predictor.fit(batch.take(np.arange(3)), np.array([0.65, NAN, NAN]), np.random.default_rng(0))
    logs, standard = predictor._logs, (curves - predictor._mean) / predictor._scale
    x = predictor._columns(batch.archs)
    between = predictor._compute_covariance(logs, predictor._compute_distances(x, x), np.eye(4))
    time = np.arange(1, 5) / 4
    b, a = np.exp(logs[4]), np.exp(logs[3])
    decay = np.exp(logs[2]) * (b / (time[:, None] + time + b)) ** a
    noise = np.exp(logs[5]) + 1e-8
    seen = [(n, t) for n in range(4) for t in range(4) if not np.isnan(curves[n, t])]
    points = [*seen, (3, 3)]
    covariance = np.array([[between[n, m] + (n == m) * decay[t, u] for m, u in points] for n, t in points])
    covariance += noise * np.eye(len(points))
    train = [i for i, (n, _) in enumerate(seen) if n < 3]
    values = np.array([standard[p] for p in seen])
    likelihood = multivariate_normal.logpdf(values[train], np.zeros(len(train)), covariance[np.ix_(train, train)])
    prior = -0.5 * (((logs - _centres()[0]) / _centres()[1]) ** 2).sum()
    ours = predictor._compute_log_posterior(logs, fill_gaps(standard[:3]), predictor._compute_distances(x[:3], x[:3]))
    assert ours == pytest.approx(likelihood + len(train) / 2 * np.log(2 * np.pi) + prior, abs=1e-6)
    gain = np.linalg.solve(covariance[:-1, :-1], covariance[:-1, -1])
    mean, std = predictor.predict(batch.take(np.arange(3, 4)))
    assert mean[0] == pytest.approx(predictor._mean + predictor._scale * gain @ values, rel=1e-6)
    variance = covariance[-1, -1] - gain @ covariance[:-1, -1]
    assert std[0] == pytest.approx(predictor._scale * np.sqrt(variance), rel=1e-5)


def _centres():
    from nasbench.surrogates.learning_curves import freeze_thaw

    return freeze_thaw._CENTRES, freeze_thaw._WIDTHS


def test_freeze_thaw_counts_a_training_curve_once(space, rng):
    """For a training row, with the same or a longer curve, the prediction is as if this curve had been trained on."""
    curves = np.array([[0.3, 0.5, 0.6, 0.65], [0.2, 0.4, 0.5, NAN], [0.35, 0.5, 0.7, 0.72]])
    batch = batch_of(space, curves)
    known = np.where(np.arange(4) < [[4], [2], [4]], curves, NAN)
    predictor = PREDICTORS.load("freeze_thaw")(space)
    predictor.fit(Batch(batch.archs, known), np.array([0.65, NAN, 0.72]), rng)
    other = PREDICTORS.load("freeze_thaw")(space)
    other.fit(Batch(batch.archs, known), np.array([0.65, NAN, 0.72]), np.random.default_rng(0))
    other._fit_posterior(predictor._logs, batch.archs, other._standardize(curves))
    asked = batch.take(np.array([1]))
    for ours, expected in zip(predictor.predict(asked), other.predict(asked), strict=True):
        np.testing.assert_allclose(ours, expected, rtol=1e-6)


def test_the_usual_way_and_what_is_left_of_a_distance_by_hand():
    curves = np.array([[1.0, 2.0], [2.0, 4.0], [3.0, 9.0]])
    median, size = compute_median_increments(curves)
    assert median[1, 2] == 2.0  # gains 1, 2 and 6
    assert size[1, 2] == pytest.approx(1.4826)  # distances 1, 0 and 4 from it
    left = DistanceLeft(np.array([[4.0, 2.0], [-4.0, -2.0], [4.0, 2.0], [-4.0, -2.0]]))
    assert left.share[2] == 1.0
    assert 0.5 < left.share[1] < 1  # half remains, and a prior of as many curves that kept everything
    assert DistanceLeft(np.array([[1.0, NAN], [2.0, NAN]])).share.tolist() == [1.0, 1.0, 1.0]


def test_the_features_of_support_vectors_are_values_and_two_differences(space):
    pytest.importorskip("sklearn")
    predictor = PREDICTORS.load("curve_svr")(space, encoding="", configurations=2)
    batch = batch_of(space, [[0.1, 0.4, 0.5, 0.55]])
    assert predictor._compute_features(batch, 4)[0] == pytest.approx([0.1, 0.4, 0.5, 0.55, 0.3, 0.1, 0.05, -0.2, -0.05])
    assert predictor._compute_features(batch, 1).tolist() == [[0.1]]


def test_losses_are_summed_by_hand(space):
    losses = np.stack([[[3.0, 2.0, 1.0]], [[9.0, 8.0, 7.0]]], axis=2)
    sotl = PREDICTORS.load("sotl")
    assert sotl(space)._summarize_losses(losses).tolist() == [-6.0]
    assert sotl(space, window=1)._summarize_losses(losses).tolist() == [-1.0]
    weighted = -(0.25 * 3 + 0.5 * 2 + 1) / 1.75 * 3
    assert sotl(space, decay=0.5)._summarize_losses(losses)[0] == pytest.approx(weighted)
    assert PREDICTORS.load("early_stop_loss")(space)._summarize_losses(losses).tolist() == [-7.0]


def test_bad_curves_are_refused_with_a_reason(space, rng):
    predictor = PREDICTORS.load("curve_fit")(space)
    good = power_laws(rng, 4)
    with pytest.raises(PredictorError, match="needs curves"):
        predictor.fit(Batch(space.rows[:4]), good[:, -1], rng)
    bad = good.copy()
    bad[2, 7] = np.inf
    with pytest.raises(PredictorError, match="curve 2 is infinite at epoch 8; write nan"):
        predictor.fit(batch_of(space, bad), good[:, -1], rng)
    with pytest.raises(PredictorError, match="leave out crashed training runs"):
        predictor.fit(batch_of(space, np.full((4, 100), NAN)), np.full(4, NAN), rng)
    predictor.fit(batch_of(space, good), good[:, -1], rng)
    with pytest.raises(PredictorError, match="keep the recipe's width, and write nan where"):
        predictor.predict(batch_of(space, good[:, :50]))


@pytest.mark.parametrize("name", ["curve_fit", "domhan", "lc_pfn", "last_value"])
def test_scores_of_any_unit_are_extrapolated(space, rng, name):
    """For example negative perplexities: scaled into [0, 1], and predictions scaled back."""
    predictor = PREDICTORS.load(name)
    curves = -100 + 50 * power_laws(rng, 12, noise=0.005)
    made = predictor(space, **PREDICTOR_OPTIONS.get(name, {}))
    made.fit(batch_of(space, curves), curves[:, -1], rng)
    mean = made.predict(batch_of(space, np.where(EPOCHS <= 60, curves, NAN))).mean
    assert np.abs(mean - curves[:, -1]).max() < 10


def test_the_transformer_knows_the_prior_that_it_was_trained_on():
    """On new curves: more likely than under the mean of all, closer than the last value, and calibrated intervals."""
    torch = pytest.importorskip("torch")
    from nasbench.surrogates._curves.pfn import WEIGHTS, CurveTransformer
    from nasbench.surrogates._curves.pfn_training import draw_prior_curves
    from nasbench.surrogates._nets import load_arrays

    net = CurveTransformer().double()
    with np.load(WEIGHTS, allow_pickle=False) as stored:
        load_arrays(net, {name: stored[name].astype(np.float64) for name in stored.files})
    curves = draw_prior_curves(500, np.random.default_rng(99))
    end, likelihoods = curves[:, 99], []
    for length in (5, 20, 60):
        epochs = torch.arange(1, length + 1, dtype=torch.float64).expand(500, -1)
        asked = torch.full((500, 1), 100.0, dtype=torch.float64)
        with torch.no_grad():
            values = torch.from_numpy(curves[:, :length])
            log_mass = net(epochs, values, torch.ones(values.shape, dtype=torch.bool), asked)
            likelihoods.append(net.log_density(log_mass, torch.from_numpy(end[:, None])).mean().item())
            mean, std = (part.numpy() for part in net.compute_moments(log_mass[:, 0]))
        assert np.sqrt(((mean - end) ** 2).mean()) < 0.95 * np.sqrt(((curves[:, length - 1] - end) ** 2).mean())
        assert 0.85 < (np.abs(mean - end) < 1.645 * std).mean() < 0.99
    assert likelihoods == sorted(likelihoods)
    assert likelihoods[0] > norm.logpdf(end, end.mean(), end.std()).mean() + 0.5
