"""Checkpoints: everything needed to resume a training run, written atomically."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from nasbench.errors import RecordError
from nasbench.file_contents import check_content
from nasbench.files import replace_atomically

_FORMAT = 1


def write_checkpoint(path: Path, identity: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Write a checkpoint atomically.

    Args:
        path: the file.
        identity: identity of the training run, which must be equal when the checkpoint is read.
        state: tensors, numbers, text, and containers of them.

    Raises:
        OSError: the disk is full or read-only; the previous checkpoint is unchanged.
    """
    buffer = io.BytesIO()  # torch would hide an error of the disk behind its own
    torch.save({"format": _FORMAT, "identity": json.dumps(identity, sort_keys=True), "state": dict(state)}, buffer)
    with replace_atomically(path) as temporary:
        temporary.write_bytes(buffer.getbuffer())


def read_checkpoint(path: Path, identity: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the state of a checkpoint, on the CPU; None where there is none. Nothing in the file is executed.

    Raises:
        RecordError: the checkpoint is damaged, or belongs to another version of the suite or to another training run.
    """
    if not path.exists():
        return None
    check_content(path, "zip", "pickle", error=RecordError)
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
        version, theirs, state = loaded["format"], json.loads(loaded["identity"]), dict(loaded["state"])
    except Exception as error:  # a damaged file can raise nearly anything
        raise RecordError(
            f"checkpoint {path} cannot be read ({type(error).__name__}); delete it to start anew"
        ) from error
    if version != _FORMAT:
        raise RecordError(f"checkpoint {path} has format {version}; this version of the suite reads {_FORMAT}")
    ours = json.loads(json.dumps(identity))
    if differing := [key for key in sorted(ours.keys() | theirs.keys()) if ours.get(key) != theirs.get(key)]:
        shown = "; ".join(f"{key}: {theirs.get(key)!r} there, {ours.get(key)!r} here" for key in differing[:3])
        raise RecordError(f"checkpoint {path} is of another training ({shown}); delete it or choose another folder")
    return state
