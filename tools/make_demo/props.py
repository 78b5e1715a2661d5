"""The cat and the mug."""

from __future__ import annotations

from functools import lru_cache

from figures import Pen, shade
from PIL import Image


@lru_cache(maxsize=4)
def cat(tail: int = 0) -> Image.Image:
    """Biscuit asleep, 300 x 180; `tail` moves its tip."""
    pen, fur = Pen((300, 180)), (222, 138, 60)
    dark = shade(fur, 0.72)
    pen.stroke([(254, 140), (282, 118 - tail), (270, 84 - 2 * tail), (280, 64 - 2 * tail)], 20, dark)
    pen.oval(170, 120, 110, 56, fur)
    for x in (140, 175, 210, 242):
        pen.stroke([(x, 70 + abs(x - 170) * 0.2), (x + 8, 96 + abs(x - 170) * 0.2)], 10, dark)
    pen.poly([(38, 60), (44, 18), (76, 44)], fur)
    pen.poly([(92, 42), (122, 16), (130, 60)], fur)
    pen.oval(84, 86, 56, 48, fur)
    pen.oval(84, 106, 24, 16, shade(fur, 1.8))
    for x in (62, 106):
        pen.stroke([(x - 12, 80), (x - 4, 86), (x + 4, 86), (x + 12, 80)], 4, (60, 34, 20))
    pen.poly([(78, 96), (90, 96), (84, 103)], (196, 92, 92))
    pen.oval(120, 160, 36, 14, shade(fur, 1.25))
    return pen.done()


@lru_cache(maxsize=2)
def mug() -> Image.Image:
    """A striped tea mug, 150 x 150."""
    pen = Pen((150, 150))
    pen.oval(118, 76, 28, 32, (224, 226, 230))
    pen.oval(118, 76, 16, 20, (150, 120, 90))
    pen.poly([(20, 24), (112, 24), (106, 138), (26, 138)], (240, 240, 240))
    for y in (48, 78, 108):
        pen.poly([(22, y), (110, y), (109, y + 12), (23, y + 12)], (62, 108, 168))
    pen.oval(66, 24, 46, 10, (120, 72, 40))
    return pen.done()
