"""What the length of a file says about whether it is the annotated copy."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from mmdia.schema.time import STANDARD_SPEEDS

#: Lengths that differ by less are those of one copy, seconds.
SAME_S = 1.0

#: A file of less than this share of the title's length is a sample or a part.
_PIECE = 0.6


@dataclass(frozen=True, slots=True)
class LengthFit:
    """How a file's length fits.

    Attributes:
        fit: 2 the same, 1 the same at another standard speed, 0 unknown or another cut, -1 much too
            short.
        says: The same in words; empty when nothing is known.
        ratio: Media seconds per annotated second, where a speed was recognised.
    """

    fit: int = 0
    says: str = ""
    ratio: Fraction | None = None


def judge_length(duration_s: float | None, annotated_ms: int | None) -> LengthFit:
    """Compare a file's length with that of the annotated copy.

    Args:
        duration_s: Length of the file, seconds; None when its header says nothing.
        annotated_ms: Length of the annotated copy, milliseconds; None when the release says nothing.
    """
    if not duration_s or not annotated_ms or annotated_ms <= 0:
        return LengthFit()
    wanted = annotated_ms / 1000
    away = duration_s - wanted
    if abs(away) < SAME_S:
        return LengthFit(2, f"the length agrees within {SAME_S:g} s ({away:+.2f} s)", Fraction(1))
    # A change by a thousandth is told from a longer logo only on films of an hour and more.
    speeds = sorted(STANDARD_SPEEDS, key=lambda r: abs(duration_s - wanted * r))
    nearest = speeds[0]
    off = abs(duration_s - wanted * nearest)
    if nearest != 1 and off < SAME_S and abs(away) > 3 * SAME_S:
        kind = "PAL" if abs(nearest - 1) > Fraction(1, 100) else "1001/1000"
        return LengthFit(1, f"the length agrees at {kind} speed (x{float(nearest):.4f})", nearest)
    if duration_s < _PIECE * wanted:
        return LengthFit(-1, f"much shorter than the annotated copy ({duration_s:.0f} of {wanted:.0f} s)")
    return LengthFit(0, f"another length ({away:+.0f} s): another cut")
