"""Every camera position: what stands behind, who is in it, what lies before them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import places
from figures import FACE_BOX, Color
from PIL import Image, ImageDraw, ImageFont

W, H = places.W, places.H


@dataclass(frozen=True)
class Place:
    """One person in a shot: face centre (x, y) in canvas pixels, scale, where the eyes look."""

    who: str
    x: int
    y: int
    scale: float
    gaze: int = 0
    mug: bool = False

    @property
    def face(self) -> tuple[float, float, float, float]:
        """The face's box as fractions of the picture."""
        half_w = (FACE_BOX[2] - FACE_BOX[0]) / 2 * self.scale
        half_h = (FACE_BOX[3] - FACE_BOX[1]) / 2 * self.scale
        return ((self.x - half_w) / W, (self.y - half_h) / H, (self.x + half_w) / W, (self.y + half_h) / H)


@dataclass(frozen=True)
class View:
    """A shot."""

    back: Callable[[], Image.Image]
    people: tuple[Place, ...] = ()
    counter: Color | None = None
    counter_y: int = 318
    text: tuple[str, ...] = ()
    rain: int = 0


WOOD, CLOTH = (104, 66, 44), (232, 222, 204)


def _close(
    image: Callable[[], Image.Image], x: int, y: int, width: int, blur: float = 3.0
) -> Callable[[], Image.Image]:
    return lru_cache(maxsize=1)(
        lambda: places.blurred(image(), (x, y, x + width, y + width * 9 // 16), blur)
    )


N, A, Z = "nora", "angus", "sam"
VIEWS: dict[str, View] = {
    "title": View(places.yard, text=("THE LAST", "UMBRELLA"), rain=7),
    "sky": View(_close(places.yard, 320, 20, 320, 0.5), rain=7),
    "station": View(_close(places.yard, 130, 90, 380, 0.5), rain=7),
    "office_wide": View(places.office, (Place(N, 400, 196, 0.46), Place(A, 130, 186, 0.46, 4)), WOOD, 300),
    "nora_desk": View(_close(places.office, 240, 20, 400), (Place(N, 330, 176, 0.72),), WOOD, 326),
    "nora_looks": View(_close(places.office, 220, 40, 400), (Place(N, 400, 176, 0.7, -6),), WOOD, 326),
    "angus_door": View(_close(places.door, 120, 30, 460, 2.2), (Place(A, 300, 186, 0.72, 3),)),
    "cat_shelf": View(places.shelf),
    "office_two": View(
        _close(places.office, 40, 20, 580, 1.2),
        (Place(Z, 184, 178, 0.58, 5), Place(N, 452, 182, 0.58, -5)),
        WOOD,
        322,
    ),
    "sam_office": View(_close(places.door, 160, 10, 460, 2.2), (Place(Z, 318, 180, 0.72, 4),)),
    "plat_wide": View(places.platform, (Place(Z, 226, 206, 0.4, 4), Place(N, 420, 210, 0.4, -4)), rain=9),
    "plat_two": View(
        _close(places.platform, 60, 60, 520, 1.6),
        (Place(Z, 192, 174, 0.6, 5), Place(N, 446, 180, 0.6, -5)),
        rain=6,
    ),
    "plat_nora": View(_close(places.platform, 300, 60, 340, 3.5), (Place(N, 350, 182, 0.82, -6),), rain=4),
    "plat_sam": View(_close(places.platform, 20, 60, 340, 3.5), (Place(Z, 290, 178, 0.82, 5),), rain=4),
    "box_wide": View(places.box, (Place(A, 330, 150, 0.44),)),
    "box_radio": View(places.radio),
    "box_angus": View(_close(places.box, 150, 10, 420, 2.4), (Place(A, 320, 190, 0.74, -3),)),
    "tea_wide": View(
        places.tearoom, (Place(A, 196, 190, 0.46, 3), Place(Z, 440, 196, 0.46, -3, True)), CLOTH, 300
    ),
    "tea_angus": View(_close(places.tearoom, 20, 30, 420), (Place(A, 310, 188, 0.72, 4),), CLOTH, 330),
    "sam_mug": View(
        _close(places.tearoom, 220, 20, 400), (Place(Z, 322, 172, 0.74, -4, True),), CLOTH, 330
    ),
    "sam_tea": View(_close(places.tearoom, 220, 20, 400), (Place(Z, 322, 172, 0.74, -4),), CLOTH, 330),
    "tea_two": View(
        _close(places.tearoom, 40, 10, 580, 1.2),
        (Place(A, 184, 184, 0.58, 5), Place(Z, 452, 180, 0.58, -5)),
        CLOTH,
        322,
    ),
    "tea_nora": View(_close(places.tearoom, 300, 10, 340), (Place(N, 320, 178, 0.76),), CLOTH, 334),
    "tea_all": View(
        _close(places.tearoom, 20, 6, 610, 1.0),
        (Place(A, 124, 184, 0.5, 4), Place(N, 320, 178, 0.5), Place(Z, 516, 180, 0.5, -4)),
        CLOTH,
        312,
    ),
    "tea_cat": View(places.cushion),
    "end": View(places.yard, text=("THE END", "(the cat is staff)"), rain=7),
}


@lru_cache(maxsize=4)
def lettering(text: tuple[str, ...]) -> Image.Image:
    """Title letters with Pillow's own font, so no font has to be installed."""
    page = Image.new("RGBA", (W, H), (0, 0, 0, 0))
    draw = ImageDraw.Draw(page)
    for i, words in enumerate(text):
        font = ImageFont.load_default(size=52 if words.isupper() else 26)
        width = draw.textlength(words, font=font)
        x, y = (W - width) / 2, 20 + i * 54
        draw.text((x + 3, y + 3), words, font=font, fill=(10, 14, 30, 255))
        draw.text((x, y), words, font=font, fill=(250, 236, 190, 255))
    return page
