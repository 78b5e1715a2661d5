"""The cast drawn: heads with shaded faces, shoulders, the cat. Pillow only, no chance.

A head is drawn twice as large as its sprite (360 x 440) and reduced. Faces are
shaded (dark eye sockets, light nose bridge, cheeks and forehead) so that face
detectors trained on photographs find them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageChops, ImageDraw, ImageFilter

Color = tuple[int, int, int]
W, H, S = 360, 440, 2
CX, CY = 180, 235
FACE_BOX = (CX - 92, CY - 112, CX + 92, CY + 122)
"""The face (chin to hairline) in sprite coordinates: what the annotations call the box."""


@dataclass(frozen=True)
class Look:
    """What tells one character from another."""

    skin: Color
    hair: Color
    coat: Color
    trim: Color
    lips: Color
    iris: Color


LOOKS = {
    "nora": Look(
        (240, 200, 172), (74, 40, 30), (46, 118, 98), (240, 226, 200), (196, 72, 76), (70, 110, 70)
    ),
    "sam": Look(
        (222, 172, 132), (44, 34, 34), (232, 184, 44), (250, 224, 130), (170, 88, 78), (92, 60, 36)
    ),
    "angus": Look(
        (236, 190, 166), (176, 176, 178), (36, 50, 88), (214, 176, 84), (176, 92, 88), (70, 100, 140)
    ),
}


def shade(color: Color, k: float) -> Color:
    """Darker (k < 1) or lighter (k > 1)."""
    if k <= 1:
        return tuple(int(c * k) for c in color)  # type: ignore[return-value]
    return tuple(int(255 - (255 - c) / k) for c in color)  # type: ignore[return-value]


class Pen:
    """A drawing surface in sprite coordinates at twice the resolution."""

    def __init__(self, size: tuple[int, int] = (W, H)) -> None:
        self.image = Image.new("RGBA", (size[0] * S, size[1] * S), (0, 0, 0, 0))
        self.draw = ImageDraw.Draw(self.image)

    def oval(self, x: float, y: float, rx: float, ry: float, fill: Color) -> None:
        """An ellipse about (x, y)."""
        self.draw.ellipse([(x - rx) * S, (y - ry) * S, (x + rx) * S, (y + ry) * S], fill=(*fill, 255))

    def poly(self, points: list[tuple[float, float]], fill: Color) -> None:
        """A filled polygon."""
        self.draw.polygon([(x * S, y * S) for x, y in points], fill=(*fill, 255))

    def stroke(self, points: list[tuple[float, float]], width: float, fill: Color) -> None:
        """A line with round ends."""
        flat = [(x * S, y * S) for x, y in points]
        self.draw.line(flat, fill=(*fill, 255), width=round(width * S), joint="curve")
        for x, y in (points[0], points[-1]):
            self.oval(x, y, width / 2, width / 2, fill)

    def soft(self, x: float, y: float, rx: float, ry: float, fill: Color, alpha: int, blur: float) -> None:
        """A blurred ellipse that stays on what is drawn already."""
        mask = Image.new("L", self.image.size, 0)
        ImageDraw.Draw(mask).ellipse([(x - rx) * S, (y - ry) * S, (x + rx) * S, (y + ry) * S], fill=alpha)
        mask = ImageChops.multiply(
            mask.filter(ImageFilter.GaussianBlur(blur * S)), self.image.getchannel("A")
        )
        self.image.paste(Image.new("RGBA", self.image.size, (*fill, 255)), (0, 0), mask)
        self.draw = ImageDraw.Draw(self.image)

    def done(self) -> Image.Image:
        """The sprite at its own size."""
        return self.image.reduce(S)


def face_outline() -> list[tuple[float, float]]:
    """A round forehead and a narrower chin."""
    points = []
    for i in range(72):
        t = 2 * math.pi * i / 72
        s, c = math.sin(t), math.cos(t)
        width = 92 * (1 - 0.2 * max(0.0, s) ** 2.2)
        points.append((CX + width * math.copysign(abs(c) ** 0.9, c), CY + (124 if s > 0 else 116) * s))
    return points


def _back_hair(pen: Pen, who: str, hair: Color) -> None:
    if who == "nora":
        pen.oval(CX, CY - 22, 124, 128, hair)
        pen.poly(
            [
                (CX - 124, CY - 20),
                (CX - 128, CY + 104),
                (CX - 70, CY + 122),
                (CX + 70, CY + 122),
                (CX + 128, CY + 104),
                (CX + 124, CY - 20),
            ],
            hair,
        )
    elif who == "sam":
        for i in range(11):
            a = math.pi * (1.02 + 0.96 * i / 10)
            pen.oval(CX + 96 * math.cos(a), CY - 34 + 96 * math.sin(a), 30, 30, hair)
    else:
        pen.oval(CX - 90, CY - 4, 22, 60, hair)
        pen.oval(CX + 90, CY - 4, 22, 60, hair)


def _shading(pen: Pen, skin: Color) -> None:
    light, dark = shade(skin, 1.9), shade(skin, 0.52)
    pen.soft(CX - 92, CY + 10, 26, 120, shade(skin, 0.7), 190, 16)
    pen.soft(CX + 92, CY + 10, 26, 120, shade(skin, 0.62), 210, 16)
    pen.soft(CX, CY + 124, 70, 26, shade(skin, 0.66), 180, 12)
    pen.soft(CX, CY - 66, 62, 30, light, 200, 16)
    for side in (-1, 1):
        pen.soft(CX + side * 40, CY - 17, 33, 22, dark, 205, 9)
        pen.soft(CX + side * 46, CY + 36, 26, 20, light, 170, 11)
        pen.soft(CX + side * 52, CY + 42, 20, 13, (236, 120, 104), 60, 9)
    pen.soft(CX, CY - 6, 9, 46, light, 225, 6)
    pen.soft(CX, CY + 47, 26, 7, shade(skin, 0.55), 190, 4)
    pen.soft(CX, CY + 36, 12, 9, light, 180, 5)
    pen.soft(CX, CY + 103, 24, 8, light, 120, 6)


_BROWS = {
    "neutral": (0, 0),
    "happy": (-4, -3),
    "sad": (-2, -12),
    "angry": (6, 13),
    "stern": (4, 7),
    "worried": (-5, -10),
    "surprised": (-13, -3),
}
_CURVE = {"neutral": 2, "happy": 11, "sad": -8, "angry": -6, "stern": -3, "worried": -5, "surprised": 2}


def _eyes(pen: Pen, look: Look, mood: str, blink: bool, gaze: int) -> None:
    lift, tilt = _BROWS[mood]
    lash = (46, 30, 28)
    for side in (-1, 1):
        x, y = CX + side * 40, CY - 12
        if blink:
            pen.stroke([(x - 20, y), (x - 8, y + 5), (x + 8, y + 5), (x + 20, y)], 5, lash)
        else:
            tall = 16 if mood == "surprised" else 11 if mood in ("angry", "stern") else 13
            pen.oval(x, y, 21, tall, (238, 234, 226))
            pen.oval(x + gaze, y + 1, 11, min(11, tall), look.iris)
            pen.oval(x + gaze, y + 1, 6, 6, (20, 14, 14))
            pen.oval(x + gaze + 3, y - 3, 2.4, 2.4, (255, 255, 255))
            pen.stroke([(x - 21, y - 2), (x - 10, y - tall), (x + 10, y - tall), (x + 21, y - 2)], 5, lash)
        inner, outer = (x - side * 22, y - 30 + lift + tilt), (x + side * 26, y - 27 + lift - tilt * 0.4)
        brow = look.hair if look.hair[0] < 120 else (112, 108, 106)
        pen.stroke([inner, (x, y - 37 + lift), outer], 8, brow)


def _mouth(pen: Pen, look: Look, mood: str, opening: int) -> None:
    y, curve = CY + 74, _CURVE[mood]
    if opening == 0:
        pen.stroke(
            [
                (CX - 32, y - curve),
                (CX - 14, y + curve * 0.3),
                (CX + 14, y + curve * 0.3),
                (CX + 32, y - curve),
            ],
            6,
            shade(look.lips, 0.8),
        )
        pen.soft(CX, y + 9, 20, 4, look.lips, 120, 3)
        return
    tall, wide = (0, 7, 13, 20, 27)[opening], (0, 32, 31, 30, 27)[opening]
    pen.oval(CX, y + 2, wide + 5, tall + 6, look.lips)
    pen.oval(CX, y + 2, wide, tall, (58, 16, 22))
    if opening >= 2:
        pen.oval(CX, y + 2 - tall * 0.66, wide * 0.66, tall * 0.28, (240, 236, 228))
        pen.oval(CX, y + 2 + tall * 0.62, wide * 0.55, tall * 0.34, (190, 84, 88))


def _front(pen: Pen, who: str, look: Look) -> None:
    hair, gloss = look.hair, shade(look.hair, 1.25)
    if who == "nora":
        pen.poly(
            [
                (CX - 100, CY + 8),
                (CX - 108, CY - 60),
                (CX - 60, CY - 128),
                (CX + 20, CY - 138),
                (CX + 84, CY - 110),
                (CX + 108, CY - 50),
                (CX + 100, CY + 8),
                (CX + 84, CY - 48),
                (CX + 34, CY - 92),
                (CX - 22, CY - 84),
                (CX - 76, CY - 62),
            ],
            hair,
        )
        pen.soft(CX + 20, CY - 118, 56, 9, gloss, 160, 6)
        pen.oval(CX + 104, CY + 62, 6, 6, (236, 208, 96))
        pen.oval(CX - 104, CY + 62, 6, 6, (236, 208, 96))
    elif who == "sam":
        for i, (x, y, r) in enumerate(
            (
                (-70, -92, 32),
                (-36, -112, 36),
                (4, -118, 36),
                (42, -110, 36),
                (74, -88, 30),
                (-88, -62, 20),
                (88, -62, 20),
                (-14, -92, 22),
                (26, -90, 20),
            )
        ):
            pen.oval(CX + x, CY + y, r, r * 0.86, hair if i % 2 else shade(hair, 1.12))
    else:
        pen.poly(
            [
                (CX - 98, CY - 76),
                (CX - 110, CY - 132),
                (CX - 60, CY - 170),
                (CX + 60, CY - 170),
                (CX + 110, CY - 132),
                (CX + 98, CY - 76),
            ],
            (34, 44, 78),
        )
        pen.poly(
            [(CX - 98, CY - 92), (CX + 98, CY - 92), (CX + 96, CY - 70), (CX - 96, CY - 70)], (120, 26, 34)
        )
        pen.oval(CX, CY - 112, 17, 17, (222, 184, 84))
        pen.poly(
            [(CX - 96, CY - 74), (CX + 96, CY - 74), (CX + 72, CY - 58), (CX, CY - 53), (CX - 72, CY - 58)],
            (22, 26, 44),
        )


def _moustache(pen: Pen, hair: Color) -> None:
    for side in (-1, 1):
        pen.poly(
            [
                (CX, CY + 50),
                (CX + side * 26, CY + 49),
                (CX + side * 50, CY + 66),
                (CX + side * 44, CY + 69),
                (CX + side * 22, CY + 63),
                (CX, CY + 61),
            ],
            shade(hair, 0.9),
        )


@lru_cache(maxsize=512)
def head(who: str, opening: int, blink: bool, mood: str, gaze: int = 0) -> Image.Image:
    """A head, 360 x 440, transparent around it."""
    look, pen = LOOKS[who], Pen()
    _back_hair(pen, who, look.hair)
    for side in (-1, 1):
        pen.oval(CX + side * 92, CY + 4, 15, 25, shade(look.skin, 0.82))
    face = Pen()
    face.poly(face_outline(), look.skin)
    _shading(face, look.skin)
    pen.image.alpha_composite(face.image)
    _mouth(pen, look, mood, opening)
    if who == "angus":
        _moustache(pen, look.hair)
    _eyes(pen, look, mood, blink, gaze)
    _front(pen, who, look)
    return pen.done()


@lru_cache(maxsize=16)
def bust(who: str) -> Image.Image:
    """Neck and shoulders, 560 x 420; the neck's top is at (280, 60)."""
    look, pen = LOOKS[who], Pen((560, 420))
    x, coat = 280, look.coat
    dark = shade(coat, 0.72)
    pen.poly(
        [(20, 420), (34, 250), (90, 168), (x - 60, 128), (x + 60, 128), (470, 168), (526, 250), (540, 420)],
        coat,
    )
    pen.soft(60, 330, 50, 150, dark, 180, 24)
    pen.soft(500, 330, 50, 150, dark, 200, 24)
    pen.poly([(x - 46, 40), (x + 46, 40), (x + 50, 140), (x, 176), (x - 50, 140)], shade(look.skin, 0.78))
    if who == "nora":
        pen.poly(
            [(x - 62, 126), (x, 218), (x + 62, 126), (x + 44, 122), (x, 176), (x - 44, 122)], look.trim
        )
        for y in (250, 310, 370):
            pen.oval(x, y, 9, 9, look.trim)
        pen.stroke([(x, 216), (x, 420)], 4, dark)
    elif who == "sam":
        pen.poly(
            [(x - 96, 150), (x - 58, 96), (x, 196), (x + 58, 96), (x + 96, 150), (x, 262)],
            shade(coat, 0.82),
        )
        pen.stroke([(x, 250), (x, 420)], 7, look.trim)
        for y in (290, 350):
            pen.oval(x - 26, y, 8, 8, (110, 84, 30))
    else:
        pen.poly([(x - 66, 122), (x - 24, 196), (x, 140), (x + 24, 196), (x + 66, 122)], (238, 236, 230))
        pen.poly([(x - 15, 168), (x + 15, 168), (x + 20, 268), (x, 300), (x - 20, 268)], (120, 26, 34))
        pen.poly([(x - 70, 126), (x - 110, 190), (x - 24, 320), (x - 16, 300), (x - 54, 190)], dark)
        pen.poly([(x + 70, 126), (x + 110, 190), (x + 24, 320), (x + 16, 300), (x + 54, 190)], dark)
        for y in (330, 380):
            pen.oval(x - 40, y, 9, 9, look.trim)
            pen.oval(x + 40, y, 9, 9, look.trim)
    return pen.done()
