"""Read the pixels of one image file of any kind, on the scale of 0 to 255.

Kinds with a defined range are scaled: 1-bit images to 0 and 255, 16-bit images to fractional levels, so that no
level is lost. Kinds without a range (32-bit numbers in a TIFF file) are refused, and so are transparent images unless
the caller gives a background. Photographs are rotated according to their EXIF orientation.
"""

from pathlib import Path
from typing import Any

import numpy as np

from nasbench.datasets._images import Pixels

_SIXTEEN_BITS = 65535
_MODES = {1: "L", 3: "RGB"}


class Unreadable(Exception):
    """An image without defined pixel values in 0 to 255; the message says why."""


def read_pixels(file: Path, *, size: int, channels: int, background: int) -> tuple[Pixels, list[str]]:
    """Return one image [channels, height, width], uint8 or float32 on the same scale, and notes on unread parts.

    Args:
        file: an image file of any format that Pillow knows.
        size: side in pixels to which the image is resized; 0 keeps its size.
        channels: 1 for grey, 3 for colour.
        background: grey level behind transparent parts; -1 refuses transparent images.

    Raises:
        Unreadable: the image has no defined range, or is transparent without a background.
        Exception: a damaged file can raise almost any exception.
    """
    from PIL import Image, ImageOps

    with Image.open(file) as opened:
        notes = _name_unread(opened)
        opened.load()
        image = ImageOps.exif_transpose(opened)
        grey = _read_sixteen_bits(image, opened.format)
    image = (
        _flatten_transparency(image, background).convert(_MODES[channels]) if grey is None else Image.fromarray(grey)
    )
    if size:
        image = image.resize((size, size), Image.Resampling.BILINEAR)
    pixels = np.atleast_3d(np.asarray(image)).transpose(2, 0, 1)
    return (pixels if grey is None else np.repeat(pixels, channels, axis=0)), notes


def _name_unread(image: Any) -> list[str]:
    """Return notes on what Pillow does not read: further frames, and the lower bits of deep colours."""
    notes = ["with several frames: only the first one is read"] if getattr(image, "n_frames", 1) > 1 else []
    if image.mode in ("LA", "RGB", "RGBA") and ";16" in str(image.tile):
        notes.append("of 16 bits a colour: only the upper 8 are read")
    return notes


def _read_sixteen_bits(image: Any, kind: str | None) -> Any:
    """Return the grey levels [height, width] of a 16-bit image as float32 in 0 to 255; None for an 8-bit image."""
    deep = image.mode.startswith("I;16") or (image.mode == "I" and kind in ("PNG", "PPM"))
    if not deep and (image.mode == "F" or image.mode.startswith("I")):
        raise Unreadable(
            f"its pixels are 32-bit {'floats' if image.mode == 'F' else 'integers'}, whose black and white are not "
            "defined: save it with 8 or 16 bits, or use arrays (arrays,path=...)"
        )
    return np.asarray(image).astype(np.float32) * np.float32(255 / _SIXTEEN_BITS) if deep else None


def _flatten_transparency(image: Any, background: int) -> Any:
    """Return the image on its background, or unchanged if it has no transparent parts."""
    from PIL import Image

    if image.mode not in ("LA", "RGBA", "PA", "La", "RGBa") and "transparency" not in image.info:
        return image
    whole = image.convert("RGBA")
    if whole.getextrema()[3][0] == 255:
        return whole.convert("RGB")
    if background < 0:
        raise Unreadable(
            "it has transparent parts; set the grey level behind them: background=0 (black) to 255 (white)"
        )
    behind = Image.new("RGBA", whole.size, (background,) * 3 + (255,))
    return Image.alpha_composite(behind, whole).convert("RGB")
