"""The autoencoder of sequences: it reproduces its input, and a step uphill raises its own prediction."""

import numpy as np
import pytest
import torch

from nasbench.encodings import make_encoding
from nasbench.encodings.sequence import SequenceEncoding
from nasbench.errors import InvalidOption, PredictorError
from nasbench.predictions import Batch
from nasbench.registry import SPACES
from nasbench.surrogates.neural._sequence_autoencoder import Autoencoder, Widths
from nasbench.surrogates.neural.nao import NAOPredictor
from nasbench.surrogates.neural.seminas import SemiNASPredictor, _exclude_known


def test_each_choice_of_each_decision_is_a_token_of_its_own():
    space = SPACES.load("nb101")()
    sequence = SequenceEncoding(space)
    archs = space.sample(50, np.random.default_rng(0))
    tokens = make_encoding(space, "sequence").encode(archs)
    assert tokens.min() >= 1 and tokens.max() < sequence.vocabulary  # noqa: PT018
    assert sequence.vocabulary == 1 + space.cardinality.sum()
    for i in range(1, tokens.shape[1]):
        assert tokens[:, i].min() > tokens[:, i - 1].max() - space.cardinality[i - 1]
    np.testing.assert_array_equal(tokens - sequence.first, archs)


@pytest.fixture(scope="module")
def learnt():
    """A model that learnt that more 3x3 convolutions (operation 3) are better."""
    space = SPACES.load("nb201")()
    archs = space.sample(100, np.random.default_rng(0))
    model = NAOPredictor(space, hidden=24, epochs=80, lr=2e-2)
    model.fit(Batch(archs), (archs == 3).mean(axis=1), np.random.default_rng(1))
    return model, space


def test_most_of_a_sequence_is_said_again(learnt):
    """By chance, one token in five would be correct."""
    model, space = learnt
    archs = space.sample(100, np.random.default_rng(2))
    assert (model.improve(archs, 0.0) == archs).mean() > 0.8


def test_a_step_uphill_is_an_improvement_and_one_downhill_the_opposite(learnt):
    model, space = learnt
    archs = space.sample(100, np.random.default_rng(2))
    up, down = ((model.improve(archs, step) == 3).mean() for step in (10.0, -10.0))
    assert up > (archs == 3).mean() + 0.1
    assert down < (archs == 3).mean() - 0.05


def test_latent_places_have_length_one(learnt):
    model, space = learnt
    torch.testing.assert_close(model.latent(space.rows[:20]).norm(dim=1), torch.ones(20, dtype=torch.float64))


def test_the_decoder_hears_no_token_before_it_says_it():
    """Changing token i must not change the logits of tokens 0 to i, given the same encoding."""
    torch_generator = torch.Generator().manual_seed(0)
    decoder = Autoencoder(9, Widths(8)).decoder.double().eval()
    places = torch.randn(1, 4, 8, generator=torch_generator, dtype=torch.float64)
    start = torch.zeros(1, 1, 8, dtype=torch.float64)
    for parameter in decoder.parameters():
        torch.nn.init.normal_(parameter, generator=torch_generator)
    said = [decoder(torch.tensor([[0, 1, token, 5]]), (start, start), places)[0] for token in (3, 4)]
    torch.testing.assert_close(said[0][:, :2], said[1][:, :2])
    assert not torch.allclose(said[0][:, 2:], said[1][:, 2:])


def test_nothing_is_improved_before_a_fit():
    space = SPACES.load("nb201")()
    with pytest.raises(PredictorError, match="call fit first"):
        NAOPredictor(space).improve(space.rows[:1], 1.0)


def test_labelled_architectures_are_not_labelled_again():
    rows = np.array([[1, 2], [3, 4], [5, 6]], dtype=np.int8)
    np.testing.assert_array_equal(_exclude_known(rows, rows[1:2]), rows[[0, 2]])


def test_a_negative_number_of_samples_is_refused():
    with pytest.raises(InvalidOption, match="sampled=-2"):
        SemiNASPredictor(SPACES.load("nb201")(), sampled=-2)
