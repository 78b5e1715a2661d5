"""Marks that say which frame and which sample of the film a clip shows.

The bundled demo title (and any test film that draws them) carries two marks:

* **Frame stamp**: a strip of 20 cells along the top of the picture. Two cells
  calibrate (bright, dark), 13 hold the frame number in Gray code (so that from
  one frame to the next one cell of it changes), five hold a checksum. A cell is a
  twentieth of the width, so the stamp survives scaling and re-encoding.
* **Pilot**: a faint hiss in the whole sound track, read by `locate_pilot` (see
  `mmdia.testing.pilot`, whose names can be imported from here too).

    >>> import numpy as np
    >>> picture = np.full((180, 320), 90, np.uint8)
    >>> draw_frame_stamp(picture, 1234)
    >>> read_frame_stamp(picture[::2, ::2])
    1234
    >>> read_frame_stamp(np.full((180, 320), 90, np.uint8)) is None
    True
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mmdia.errors import UsageError
from mmdia.testing.pilot import FILM_RATE, RELIABLE_SCORE, PilotFix, locate_pilot, locate_span, pilot

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = [
    "FILM_RATE",
    "MAX_FRAME",
    "RELIABLE_SCORE",
    "STRIP_HEIGHT",
    "PilotFix",
    "draw_frame_stamp",
    "frame_stamp_cells",
    "locate_pilot",
    "locate_span",
    "pilot",
    "read_frame_stamp",
]

MAX_FRAME = (1 << 13) - 1
"""Largest frame number a stamp can hold."""
STRIP_HEIGHT = 8 / 180
"""Height of the stamp strip as a fraction of the picture height."""

_CELLS, _NUMBER_BITS, _CRC_BITS, _CRC_POLYNOMIAL = 20, 13, 5, 0x15
_BRIGHT, _DARK = 200, 40


def _crc(code: int) -> int:
    """Five-bit cyclic checksum of a 13-bit code (started at ones, so 0 is not all dark)."""
    register = (1 << _CRC_BITS) - 1
    for position in range(_NUMBER_BITS - 1, -1, -1):
        top = (register >> (_CRC_BITS - 1)) & 1
        register = (register << 1) & ((1 << _CRC_BITS) - 1)
        if top ^ ((code >> position) & 1):
            register ^= _CRC_POLYNOMIAL
    return register


def frame_stamp_cells(number: int) -> tuple[bool, ...]:
    """The 20 cells of a frame's stamp, left to right; True is bright.

    Raises:
        UsageError: the number is negative or over `MAX_FRAME`.
    """
    if not 0 <= number <= MAX_FRAME:
        raise UsageError("a frame stamp holds 13 bits", expected=f"0..{MAX_FRAME}", got=str(number))
    code = number ^ (number >> 1)
    word = (code << _CRC_BITS) | _crc(code)
    bits = _NUMBER_BITS + _CRC_BITS
    return (True, False, *(bool((word >> (bits - 1 - i)) & 1) for i in range(bits)))


def draw_frame_stamp(gray: NDArray[np.uint8], number: int) -> None:
    """Draws the stamp of frame `number` into a luma plane (height, width), in place."""
    height, width = gray.shape
    rows = max(1, round(height * STRIP_HEIGHT))
    for i, bright in enumerate(frame_stamp_cells(number)):
        left, right = round(i * width / _CELLS), round((i + 1) * width / _CELLS)
        gray[:rows, left:right] = _BRIGHT if bright else _DARK


def read_frame_stamp(gray: NDArray[Any]) -> int | None:
    """Frame number shown by a picture, or None when there is no readable stamp.

    Args:
        gray: luma of the whole picture, shape (height, width), any size from
            about 80 pixels of width; a colour image (height, width, channels)
            is averaged over its channels.

    A picture is refused when its calibration cells do not differ by 40 levels,
    when any cell lies too near the threshold, or when the checksum is wrong.
    """
    import numpy as np

    image = np.asarray(gray)
    if image.ndim == 3:
        image = image.mean(axis=2)
    if image.ndim != 2 or image.shape[1] < 2 * _CELLS or image.shape[0] < 16:
        return None
    strip = image.shape[0] * STRIP_HEIGHT
    top = int(strip * 0.25)
    rows = image[top : max(top + 1, round(strip * 0.75))].astype(np.float64)
    step = image.shape[1] / _CELLS
    means = []
    for i in range(_CELLS):
        left = round((i + 0.3) * step)
        means.append(float(rows[:, left : max(left + 1, round((i + 0.7) * step))].mean()))
    bright, dark = means[0], means[1]
    if bright - dark < 40:
        return None
    levels = [(m - dark) / (bright - dark) for m in means[2:]]
    if any(0.35 < level < 0.65 for level in levels):
        return None
    word = 0
    for level in levels:
        word = (word << 1) | (level > 0.5)
    code = word >> _CRC_BITS
    if _crc(code) != word & ((1 << _CRC_BITS) - 1):
        return None
    number = code
    for shift in (8, 4, 2, 1):
        number ^= number >> shift
    return number
