"""Key frames as JPEG: the frame on screen at a given time, upright, with square pixels."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import av
from PIL import Image

from mmdia.errors import UsageError
from mmdia.media.colour import as_rgb
from mmdia.media.probe import frame_rotation

_TURNS = {
    90: Image.Transpose.ROTATE_270,  # Pillow turns counter-clockwise
    180: Image.Transpose.ROTATE_180,
    270: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, slots=True)
class StillParams:
    """How stills are written.

    Attributes:
        quality: JPEG quality, 1 to 100.
        height: Height in pixels (width follows); None keeps the source's.
    """

    quality: int = 95
    height: int | None = None

    def __post_init__(self) -> None:
        if not 1 <= self.quality <= 100:
            raise UsageError("no such JPEG quality", expected="1 to 100", got=self.quality)


@dataclass(frozen=True, slots=True)
class StillFacts:
    """What a receipt tells of a still.

    Attributes:
        path: Where it was written, as the request named it.
        asked_s: Media second that was asked for.
        media_time_s: Media second at which the frame appears (at or before `asked_s` + 1 ms).
        sha256: Hash of the file's bytes.
        width: Pixels.
        height: Pixels.
        tone_mapped: Whether the film is HDR, and the still made for common screens.
    """

    path: Path
    asked_s: float
    media_time_s: float
    sha256: str
    width: int
    height: int
    tone_mapped: bool = False


def write_still(
    path: str | Path,
    frame: av.VideoFrame,
    params: StillParams,
    aspect: Fraction = Fraction(1),
    transfer: int = 2,
) -> tuple[str, int, int]:
    """Write a frame as JPEG, whatever the name ends in; (sha256 of the bytes, width, height).

    Args:
        path: Where to.
        frame: The picture; a rotation noted on it is carried out.
        params: How.
        aspect: Width of a stored pixel by its height (anamorphic discs).
        transfer: Number of its transfer characteristic (ITU-T H.273); PQ and HLG are tone-mapped.

    Raises:
        OSError: The file cannot be written.
    """
    image: Image.Image = cast(Any, as_rgb(frame, transfer)).to_image()
    if aspect > 0 and aspect != 1:
        image = image.resize((max(1, round(image.width * aspect)), image.height), Image.Resampling.BICUBIC)
    turn = _TURNS.get(frame_rotation(frame))
    if turn is not None:
        image = image.transpose(turn)
    if params.height is not None and params.height != image.height:
        width = max(1, round(image.width * params.height / image.height))
        image = image.resize((width, params.height), Image.Resampling.LANCZOS)
    held = io.BytesIO()
    image.save(held, format="JPEG", quality=params.quality)
    Path(path).write_bytes(held.getvalue())
    return hashlib.sha256(held.getvalue()).hexdigest(), image.width, image.height
