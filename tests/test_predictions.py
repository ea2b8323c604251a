"""What a predictor offers is read in one place."""

import numpy as np

from nasbench.predictions import PredictorCapabilities, predictor_capabilities_of
from nasbench.registry import PREDICTORS, SPACES


class Bare:
    needs = frozenset()

    def fit(self, batch, score, rng): ...

    def predict(self, batch): ...


def test_a_predictor_with_nothing_but_the_protocol_offers_nothing():
    assert predictor_capabilities_of(Bare()) == PredictorCapabilities()
    assert not predictor_capabilities_of(Bare()).can_believe


def test_what_is_there_is_found_in_objects_and_classes():
    class More(Bare):
        min_points = 7
        learns_from_partial_curves = True

        def condition(self, batch, score):
            return "conditioned"

    for given in (More, More()):
        offered = predictor_capabilities_of(given)
        assert (offered.min_points, offered.learns_from_partial_curves) == (7, True)
        assert offered.restore is None
        assert not offered.can_believe  # a copy cannot be made
    assert predictor_capabilities_of(More()).condition(None, None) == "conditioned"


def test_fewer_than_two_points_are_two():
    class Modest(Bare):
        min_points = 0

    assert predictor_capabilities_of(Modest()).min_points == 2


def test_shipped_predictors_offer_what_their_methods_are():
    space = SPACES.load("nb201")()
    gp, trees, codes = (PREDICTORS.load(name)(space) for name in ("functional_gp", "nu_svr", "freeze_thaw"))
    assert predictor_capabilities_of(gp).can_believe
    assert predictor_capabilities_of(trees).condition is None
    assert predictor_capabilities_of(codes).learns_from_partial_curves
    assert predictor_capabilities_of(gp).condition.__self__ is gp
    assert np.isfinite(predictor_capabilities_of(gp).min_points)
