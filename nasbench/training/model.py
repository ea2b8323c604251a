"""A trained network in two files: its weights, ``model.pt``, and its complete description, ``model.json``.

The weights are a plain state dict of tensors. The JSON names the space, the architecture, the network and its options,
so that it can be built again. It also holds the full recipe, the data set with its digest, the normalisation of images,
the results on every split, and the versions of the software.
"""

import hashlib
import io
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from nasbench import __version__
from nasbench.errors import RecordError
from nasbench.file_contents import check_content
from nasbench.files import replace_atomically, write_text
from nasbench.networks import build_network
from nasbench.registry import SPACES
from nasbench.spaces import SearchSpace

_WEIGHTS, _ABOUT, _FORMAT = "model.pt", "model.json", 1


@dataclass(frozen=True, slots=True)
class Model:
    """A trained network.

    Attributes:
        network: in evaluation mode, on the CPU.
        about: content of ``model.json``.
        folder: folder of the files.
    """

    network: nn.Module
    about: dict[str, Any]
    folder: Path

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one image, channels first."""
        return tuple(self.about["images"]["shape"])


def write_model(folder: Path, network: nn.Module, about: Mapping[str, Any]) -> None:
    """Write a trained network, and replace one that is already in the folder.

    Args:
        folder: the folder; the JSON is written last, so that it is there only if the weights are.
        network: the trained network.
        about: ``space`` (with ``space_options`` that decide what codes mean), ``architecture``, ``network``,
            ``options``, ``images`` and more, plain data.

    Raises:
        OSError: the disk is full or read-only; no partial file is left.
    """
    buffer = io.BytesIO()
    torch.save({name: value.cpu().contiguous() for name, value in network.state_dict().items()}, buffer)
    with replace_atomically(folder / _WEIGHTS) as temporary:
        temporary.write_bytes(buffer.getbuffer())
    own = {"format": _FORMAT, "weights_sha256": hashlib.sha256(buffer.getbuffer()).hexdigest()}
    write_text(
        folder / _ABOUT, json.dumps({**about, **own, "versions": list_versions()}, indent=1, allow_nan=False) + "\n"
    )


def has_model(folder: Path) -> bool:
    """Return whether a folder holds a trained network."""
    return (folder / _ABOUT).is_file()


def read_model(folder: Path) -> Model:
    """Build a network again and load its weights. Nothing in the files is executed.

    Raises:
        RecordError: there is no network, or its files are damaged or do not belong together.
    """
    about = _read_about(folder / _ABOUT)
    check_content(folder / _WEIGHTS, "zip", "pickle", error=RecordError)
    try:
        weights = (folder / _WEIGHTS).read_bytes()
        if hashlib.sha256(weights).hexdigest() != about["weights_sha256"]:
            raise ValueError(f"{_WEIGHTS} does not belong to {_ABOUT}")
        network = _build_network(about)
        network.load_state_dict(torch.load(io.BytesIO(weights), map_location="cpu", weights_only=True))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise RecordError(f"the model in {folder} cannot be read ({type(error).__name__}: {error})") from error
    return Model(network.eval(), about, folder)


def _read_about(path: Path) -> dict[str, Any]:
    if not path.is_file():
        raise RecordError(f"there is no {path}; 'nasbench train' writes it when a training run is complete")
    check_content(path, error=RecordError)
    try:
        about: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        form = about["format"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RecordError(f"{path} cannot be read ({type(error).__name__}: {error})") from error
    if form != _FORMAT:
        raise RecordError(f"{path} has format {form}; this version of the suite reads {_FORMAT}")
    return about


def _build_network(about: Mapping[str, Any]) -> nn.Module:
    space: SearchSpace = SPACES.load(about["space"])(**about.get("space_options", {}))
    arch = space.parse([about["architecture"]])
    return build_network(about["network"], arch, np.random.default_rng(0), space=space, **about["options"])


def list_versions() -> dict[str, str]:
    """Return the versions of the software that results depend on, besides the recipe."""
    return {
        "nasbench-suite": __version__,
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
    }
