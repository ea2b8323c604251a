"""Exported networks answer like the trained ones; what does not is refused; int8 is small and nearly as good."""

import json
import shutil

import numpy as np
import onnx
import pytest
import torch

from nasbench.cli import main
from nasbench.errors import ExportFailed, RecordError
from nasbench.export import export_model, find_models, write_onnx
from nasbench.export.onnx import Pixels
from nasbench.export.session import Session
from nasbench.networks import build_network
from nasbench.registry import SPACES
from nasbench.training import read_model, write_model

TEXT = "|nor_conv_3x3~0|+|skip_connect~0|none~1|+|nor_conv_1x1~0|avg_pool_3x3~1|nor_conv_3x3~2|"


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A network that has learnt digits, as the command keeps it."""
    out = tmp_path_factory.mktemp("trained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NASBENCH_HOME", str(out / "home"))
        command = ["train", "--arch", TEXT, "--data", "digits", "--recipe", "small-4", "--out", str(out / "models")]
        assert main([*command, "--network", "nb201,channels=8,n_cells=1,stages=2", "--json"]) == 0
    return out / "models"


@pytest.fixture(scope="module")
def exported(trained):
    (folder,) = find_models([trained])
    return folder, export_model(folder)


def test_every_form_is_measured_and_int8_is_smaller_and_nearly_as_good(exported):
    folder, told = exported
    plain, graph, int8 = (told["forms"][form] for form in ("torch", "onnx", "int8"))
    results = json.loads((folder / "model.json").read_text())["results"]
    for split in ("valid", "test"):
        assert plain["accuracy"][split] == pytest.approx(results[split]["accuracy"])
        assert graph["accuracy"][split] == plain["accuracy"][split] > 0.85
        assert int8["accuracy"][split] == pytest.approx(plain["accuracy"][split], abs=0.03)
    assert int8["bytes"] < graph["bytes"]
    assert all(0 < form["latency_s"]["1"]["median_s"] < form["latency_s"]["256"]["median_s"] for form in (plain, graph))
    assert told["difference"] < 1e-4
    assert json.loads((folder / "export.json").read_text()) == told


def test_the_command_shows_what_it_wrote(trained, exported, capsys):
    assert main(["export", str(trained), "--no-int8"]) == 0
    assert "logits of ONNX differ from torch's by" in capsys.readouterr().out
    assert main(["export", str(trained), "--no-int8", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out).values()
    assert set(told["forms"]) == {"torch", "onnx"}
    assert told["forms"]["onnx"]["accuracy"] == exported[1]["forms"]["onnx"]["accuracy"]


def test_the_int8_form_computes_in_int8_and_the_files_tell_what_they_are(exported):
    folder, _ = exported
    int8, plain = onnx.load(folder / "model.int8.onnx"), onnx.load(folder / "model.onnx")
    weights = [tensor for tensor in int8.graph.initializer if tensor.data_type == onnx.TensorProto.INT8]
    n_convolutions = sum(node.op_type == "Conv" for node in plain.graph.node)
    assert sum(len(tensor.dims) == 4 for tensor in weights) == n_convolutions > 5
    told = {entry.key: entry.value for entry in plain.metadata_props}
    assert told["architecture"] == TEXT
    assert json.loads(told["classes"]) == [str(digit) for digit in range(10)]
    assert b".py" not in (folder / "model.onnx").read_bytes()  # no paths of ours


@pytest.mark.parametrize(
    ("space", "label", "shape"),
    [
        ("nb201", "nb201,axes=1,channels=4,n_cells=1", (1, 40)),
        ("nb101", "nb101,channels=8", (3, 32, 32)),
        ("darts", "darts,channels=4,n_cells=3,auxiliary=True", (3, 32, 32)),
    ],
)
def test_networks_of_other_spaces_answer_the_same_for_any_number_of_images(tmp_path, rng, space, label, shape):
    chosen = SPACES.load(space)()
    arch = chosen.sample(1, rng)
    options = {"n_classes": 7, "in_channels": shape[0]}
    network = build_network(label, arch, rng, **options)
    images = {"shape": shape, "classes": list("abcdefg"), "mean": [100.0] * shape[0], "std": [50.0] * shape[0]}
    texts = {"space": space, "architecture": chosen.format(arch)[0], "network": label, "seed": 0}
    write_model(tmp_path, network, {**texts, "options": options, "images": images})
    model = read_model(tmp_path)
    pixels = rng.integers(256, size=(5, *shape), dtype=np.uint8)
    assert write_onnx(model, tmp_path / "model.onnx", pixels) < 1e-4
    with torch.no_grad():
        expected = model.network((torch.from_numpy(pixels).float() - 100) / 50)
    np.testing.assert_allclose(Session(tmp_path / "model.onnx").compute_logits(pixels[:1]), expected[:1], atol=1e-4)
    np.testing.assert_allclose(Session(tmp_path / "model.onnx").compute_logits(pixels), expected, atol=1e-4)


def test_an_answer_that_differs_is_refused_and_nothing_is_kept(trained, tmp_path, rng, monkeypatch):
    (folder,) = find_models([trained])
    model = read_model(folder)
    pixels = rng.integers(17, size=(4, *model.shape), dtype=np.uint8)
    real = Pixels.forward
    monkeypatch.setattr(
        Pixels, "forward", lambda self, x: real(self, x) + (0.1 if torch.compiler.is_exporting() else 0.0)
    )
    with pytest.raises(ExportFailed, match=r"differs from torch by 0\.1.*it was not kept"):
        write_onnx(model, tmp_path / "model.onnx", pixels)
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_exported_is_refused(trained, tmp_path, capsys):
    with pytest.raises(RecordError, match=r"no trained network in .*nasbench train"):
        find_models([tmp_path])
    assert main(["export", str(trained), "--data", "mnist1d,n_train=200,n_test=100"]) == 1
    assert "name the right data set by --data" in capsys.readouterr().err
    (folder,) = find_models([trained])
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "model.pt").write_bytes(b"nothing")
    assert main(["export", str(copy)]) == 1
    assert "model.pt does not belong to model.json" in capsys.readouterr().err
