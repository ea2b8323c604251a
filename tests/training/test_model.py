"""A trained network is kept as weights and JSON, and reading it gives the same network."""

import json

import numpy as np
import pytest
import torch

from nasbench.errors import RecordError
from nasbench.networks import build_network
from nasbench.training import read_model, write_model
from nasbench.training.model import has_model

TEXT = "|nor_conv_3x3~0|+|skip_connect~0|none~1|+|nor_conv_1x1~0|avg_pool_3x3~1|nor_conv_3x3~2|"
ABOUT = {
    "space": "nb201",
    "architecture": TEXT,
    "network": "nb201,channels=4,n_cells=1,stages=2",
    "options": {"n_classes": 10, "in_channels": 1},
    "images": {"shape": [1, 8, 8]},
}


@pytest.fixture
def written(tmp_path, rng):
    network = build_network(ABOUT["network"], np.array([[3, 1, 0, 2, 4, 3]]), rng, **ABOUT["options"])
    with torch.no_grad():
        for buffer in network.buffers():  # as a training would have moved them
            buffer.add_(1)
    write_model(tmp_path, network, ABOUT)
    return tmp_path, network.eval()


def test_it_is_the_same_network(written):
    folder, network = written
    model = read_model(folder)
    assert not model.network.training
    images = torch.rand(3, *model.shape)
    assert torch.equal(model.network(images), network(images))
    assert set(model.about["versions"]) >= {"nasbench-suite", "torch"}


def test_what_is_damaged_or_absent_is_named(written, tmp_path):
    folder, _ = written
    with pytest.raises(RecordError, match=r"there is no .*model\.json; 'nasbench train' writes it"):
        read_model(tmp_path / "elsewhere")
    about = json.loads((folder / "model.json").read_text())
    for changed, why in (
        ({"format": 2}, "has format 2; this version of the suite reads 1"),
        ({"weights_sha256": "0"}, r"model\.pt does not belong to model\.json"),
        ({"architecture": "|none~0|"}, "cannot be read"),
        ({"network": "nb201,channels=8"}, "cannot be read"),
    ):
        (folder / "model.json").write_text(json.dumps(about | changed))
        with pytest.raises(RecordError, match=why):
            read_model(folder)
    (folder / "model.json").write_text("{")
    with pytest.raises(RecordError, match=r"model\.json cannot be read"):
        read_model(folder)


def test_a_full_disk_leaves_no_model_that_is_half_there(tmp_path, rng, monkeypatch):
    network = build_network(ABOUT["network"], np.array([[3, 1, 0, 2, 4, 3]]), rng, **ABOUT["options"])
    real = type(tmp_path).write_bytes
    with monkeypatch.context() as patch:
        patch.setattr(type(tmp_path), "write_bytes", lambda self, data: real(type(tmp_path)("/dev/full"), data))
        with pytest.raises(OSError, match="No space left"):
            write_model(tmp_path, network, ABOUT)
    assert not has_model(tmp_path)
    assert list(tmp_path.iterdir()) == []
