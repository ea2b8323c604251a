"""Results on other data sets in one Gaussian process, against GPyTorch's task kernel and the plain process."""

from functools import partial

import numpy as np
import pytest

from nasbench.errors import InvalidOption, PredictorError
from nasbench.tasks import TableTask
from tests.surrogates.conftest import beats_the_mean_and_a_random_ranking, tau, trained

torch = pytest.importorskip("torch")
pytest.importorskip("gpytorch")

from nasbench.surrogates._gp.multi_task import compute_correlations, count_loadings  # noqa: E402
from nasbench.surrogates.kernel_methods.functional_gp import FunctionalGP  # noqa: E402
from nasbench.surrogates.kernel_methods.multi_task_gp import MultiTaskGP  # noqa: E402


@pytest.fixture
def transfer(cifar10):
    return partial(MultiTaskGP, cifar10.space, source="nb201-cifar100", n_source=100)


def test_any_loadings_give_correlations(rng):
    for t in (1, 2, 5):
        matrix = compute_correlations(torch.from_numpy(3 * rng.standard_normal(count_loadings(t))), t).numpy()
        np.testing.assert_allclose(np.diag(matrix), 1)
        np.testing.assert_array_equal(matrix, matrix.T)
        assert np.linalg.eigvalsh(matrix).min() > -1e-12
    np.testing.assert_allclose(compute_correlations(torch.tensor([2.0], dtype=torch.float64), 2)[0, 1], 2 / 5**0.5)


def test_with_unrelated_tasks_it_is_the_plain_process(transfer, cifar10, measured):
    """With B = identity, a source adds nothing to the prediction with the same hyperparameters without it.

    The views have no counts, because the set of paths with a column depends on all architectures seen.
    """
    views = "path_statistics+live_operations+canonical"
    predictor, batch, _ = trained(partial(transfer, encoding=views), measured, 30)
    state = predictor.state()
    state["own/loadings"] = np.zeros(1)
    predictor.restore(state)
    plain = FunctionalGP(cifar10.space, encoding=views)
    plain.restore({name: array for name, array in state.items() if "source" not in name and "loadings" not in name})
    for seen, expected in zip(predictor.predict(batch), plain.predict(batch), strict=True):
        np.testing.assert_allclose(seen, expected, rtol=1e-8)


def test_without_a_source_it_is_the_plain_process_from_the_start(cifar10, measured):
    (ours, batch, _), (plain, _, _) = (
        trained(partial(cls, cifar10.space), measured, 30) for cls in (MultiTaskGP, FunctionalGP)
    )
    np.testing.assert_array_equal(ours.predict(batch).mean, plain.predict(batch).mean)


@pytest.mark.filterwarnings("ignore:Sparse invariant checks")  # a warning of torch about GPyTorch's IndexKernel
@pytest.mark.parametrize("source", ["nb201-cifar100", "nb201-cifar100+nb201-imagenet16"])
def test_gpytorch_with_its_kernel_of_tasks_gives_the_same_answers(source, cifar10, measured):
    make = partial(MultiTaskGP, cifar10.space, source=source, n_source=40, target="score")
    predictor, batch, _ = trained(make, measured, 20)
    own = predictor.predict(batch)
    with torch.no_grad():
        model = predictor.model()
        theirs = model.likelihood(model(predictor.features(batch.archs)))
    scale = own.std / theirs.variance.sqrt().numpy()
    np.testing.assert_allclose(scale, scale[0], rtol=1e-5)
    np.testing.assert_allclose((own.mean - own.mean[0]) / scale[0], theirs.mean - theirs.mean[0], atol=1e-5)


def test_another_data_set_helps_at_twenty_points(transfer, cifar10, measured):
    """Better than the same process without CIFAR-100 at 7 of 7 seeds: p < 0.01 by the sign test."""
    cold = partial(FunctionalGP, cifar10.space)
    assert all(tau(transfer, measured, 20, seed) > tau(cold, measured, 20, seed) for seed in range(7))


def test_it_finds_that_data_sets_are_alike_and_that_noise_is_not(transfer, cifar10, measured):
    archs, _ = measured
    alike, _, _ = trained(transfer, measured, 60)
    shuffled, _, _ = trained(transfer, (archs, np.random.default_rng(0).permutation(measured[1])), 60)
    assert alike.correlations[0, 1] > 0.8
    assert abs(shuffled.correlations[0, 1]) < 0.6


def test_conditioning_equals_factoring_anew_and_is_kept(transfer, cifar10, measured):
    predictor, batch, score = trained(transfer, measured, 30)
    for i in range(3):
        predictor.condition(batch.take(np.array([i])), score[i : i + 1])
    grown, whole = transfer(), transfer()
    grown.restore(predictor.state())
    state = predictor.state()
    del state["own/factor"], state["own/jitter"]
    whole.restore(state)
    for ours, kept, anew in zip(*(p.predict(batch) for p in (predictor, grown, whole)), strict=True):
        np.testing.assert_array_equal(ours, kept)
        np.testing.assert_allclose(ours, anew, rtol=1e-7)


def test_it_beats_the_mean_and_a_random_ranking(transfer, measured):
    beats_the_mean_and_a_random_ranking(transfer, measured)


def test_a_source_never_shows_its_test_split(transfer, measured, monkeypatch):
    asked = []
    query = TableTask.query
    monkeypatch.setattr(
        TableTask,
        "query",
        lambda self, archs, split="valid", **options: asked.append(split) or query(self, archs, split, **options),
    )
    trained(transfer, measured, 10)
    assert set(asked) == {"valid"}


def test_what_cannot_be_a_source_is_refused(cifar10, measured):
    with pytest.raises(PredictorError, match="the very scores"):
        trained(partial(MultiTaskGP, cifar10.space, source="nb201-cifar10"), measured, 20)
    with pytest.raises(InvalidOption, match="the searched task has space 'nb201'"):
        MultiTaskGP(cifar10.space, source="nbgraph-cora")
    with pytest.raises(InvalidOption, match="at least 2"):
        MultiTaskGP(cifar10.space, source="nb201-cifar100", n_source=1)


def test_it_names_the_tasks_it_learns_from():
    assert MultiTaskGP.sources("nb201-cifar10", {"source": "nb201-cifar100 + nb201-imagenet16"}) == [
        "nb201-cifar100",
        "nb201-imagenet16",
    ]
