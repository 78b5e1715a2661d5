"""The five drawn places of the film: 640 x 360 backgrounds."""

from __future__ import annotations

import random
from functools import lru_cache

from figures import Color, Pen, shade
from PIL import Image, ImageFilter, ImageFont
from props import cat

W, H = 640, 360


def _sheet(top: Color, bottom: Color) -> Pen:
    """A page with a vertical gradient."""
    pen = Pen((W, H))
    ramp = Image.new("RGBA", (1, 2))
    ramp.putpixel((0, 0), (*top, 255))
    ramp.putpixel((0, 1), (*bottom, 255))
    pen.image.paste(ramp.resize(pen.image.size, Image.Resampling.BILINEAR), (0, 0))
    return pen


def _box(pen: Pen, x0: float, y0: float, x1: float, y1: float, fill: Color) -> None:
    pen.poly([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], fill)


def umbrella(pen: Pen, x: float, y: float, h: float, color: Color, spotted: bool = False) -> None:
    """A furled umbrella hanging by its handle at (x, y)."""
    pen.stroke([(x, y), (x, y + h * 0.3)], 4, (110, 74, 44))
    pen.stroke([(x, y), (x + 8, y - 6), (x + 14, y + 3)], 4, (110, 74, 44))
    pen.poly([(x - 7, y + h * 0.28), (x + 7, y + h * 0.28), (x + 3, y + h), (x - 3, y + h)], color)
    pen.stroke([(x + 2, y + h * 0.3), (x + 1, y + h)], 2, shade(color, 0.7))
    if spotted:
        for k in (0.4, 0.58, 0.74):
            pen.oval(x - 1, y + h * k, 3, 3, (250, 246, 230))


def _window(pen: Pen, x0: float, y0: float, x1: float, y1: float, glass: Color, frame: Color) -> None:
    _box(pen, x0 - 8, y0 - 8, x1 + 8, y1 + 8, frame)
    _box(pen, x0, y0, x1, y1, glass)
    _box(pen, (x0 + x1) / 2 - 3, y0, (x0 + x1) / 2 + 3, y1, frame)
    _box(pen, x0, (y0 + y1) / 2 - 3, x1, (y0 + y1) / 2 + 3, frame)


@lru_cache(maxsize=1)
def yard() -> Image.Image:
    """The station from outside, at night."""
    pen, rng = _sheet((22, 30, 62), (62, 74, 112)), random.Random(4)
    pen.soft(520, 90, 70, 70, (150, 166, 200), 150, 40)
    pen.oval(520, 90, 34, 34, (232, 232, 212))
    for _ in range(9):
        x = rng.uniform(0, W)
        pen.soft(x, rng.uniform(40, 130), 90, 16, (84, 96, 136), 150, 14)
    for i in range(9):
        x = i * 84 - 20
        pen.poly([(x, 270), (x + 40, 176 + 22 * (i % 3)), (x + 84, 270)], (26, 36, 56))
    _box(pen, 0, 262, W, H, (40, 46, 62))
    _box(pen, 150, 170, 470, 290, (128, 78, 62))
    pen.poly([(126, 176), (190, 112), (430, 112), (494, 176)], (70, 46, 52))
    _box(pen, 300, 78, 326, 118, (92, 58, 52))
    for x in (180, 250, 372, 428):
        _window(pen, x, 200, x + 34, 244, (250, 206, 112), (64, 42, 40))
    _box(pen, 308, 204, 350, 290, (54, 80, 76))
    _box(pen, 232, 138, 390, 166, (236, 232, 214))
    font = ImageFont.load_default(size=36)
    pen.draw.text((311 * 2, 152 * 2), "FERN HOLLOW", font=font, fill=(40, 60, 70, 255), anchor="mm")
    pen.soft(310, 292, 200, 22, (240, 190, 100), 110, 16)
    for x in range(0, W, 46):
        _box(pen, x, 322, x + 26, 330, (88, 74, 66))
    pen.stroke([(0, 318), (W, 318)], 4, (150, 154, 166))
    pen.stroke([(0, 334), (W, 334)], 4, (150, 154, 166))
    return pen.done()


@lru_cache(maxsize=1)
def office() -> Image.Image:
    """The lost-property office: shelves of forgotten things, a lamp, a window."""
    pen, rng = _sheet((152, 122, 92), (120, 92, 70)), random.Random(7)
    for x in range(0, W, 40):
        pen.stroke([(x, 0), (x, H)], 1, (136, 108, 82))
    pen.soft(330, 60, 220, 150, (255, 226, 160), 130, 60)
    _window(pen, 40, 60, 150, 210, (56, 70, 108), (88, 60, 44))
    for y in (96, 186, 276):
        _box(pen, 360, y, 640, y + 9, (92, 60, 40))
    colors = [(196, 66, 62), (58, 100, 150), (226, 178, 66), (84, 130, 92), (150, 92, 150), (214, 120, 70)]
    for i in range(13):
        umbrella(pen, 376 + i * 20, 202, 66, colors[i % 6], spotted=i == 9)
    x = 368.0
    while x < 626:
        w = rng.uniform(16, 34)
        h = rng.uniform(22, 58)
        _box(pen, x, 96 - h, x + w, 96, shade(colors[rng.randrange(6)], rng.uniform(0.5, 0.9)))
        x += w + rng.uniform(4, 12)
    for i in range(6):
        pen.oval(386 + i * 42, 168, 17, 18, shade(colors[(i + 2) % 6], 0.75))
        _box(pen, 369 + i * 42, 170, 403 + i * 42, 186, shade(colors[(i + 2) % 6], 0.6))
    pen.stroke([(250, 0), (250, 34)], 3, (60, 50, 44))
    pen.poly([(214, 62), (236, 32), (264, 32), (286, 62)], (60, 106, 88))
    pen.oval(250, 64, 15, 9, (255, 240, 190))
    pen.oval(196, 112, 26, 26, (60, 44, 36))
    pen.oval(196, 112, 22, 22, (242, 236, 218))
    pen.stroke([(196, 112), (189, 97)], 3, (40, 30, 28))
    pen.stroke([(196, 112), (192, 94)], 2, (40, 30, 28))
    return pen.done()


@lru_cache(maxsize=1)
def door() -> Image.Image:
    """The office's other wall: the door and the notice about forms."""
    pen = _sheet((150, 122, 94), (116, 90, 70))
    pen.soft(150, 40, 190, 120, (255, 226, 160), 110, 50)
    _box(pen, 380, 30, 560, H, (64, 48, 40))
    _box(pen, 394, 44, 546, H, (70, 98, 90))
    _box(pen, 414, 66, 526, 190, (60, 76, 112))
    _box(pen, 60, 60, 190, 220, (236, 230, 208))
    for i, c in enumerate(((66, 104, 160), (84, 140, 96), (196, 80, 70))):
        _box(pen, 76, 84 + 42 * i, 104, 112 + 42 * i, c)
        for k in range(2):
            pen.stroke([(116, 92 + 42 * i + 12 * k), (176, 92 + 42 * i + 12 * k)], 3, (150, 140, 124))
    return pen.done()


@lru_cache(maxsize=2)
def shelf(tail: int = 0) -> Image.Image:
    """The cutaway: the cat asleep among the umbrellas."""
    pen = _sheet((128, 98, 74), (104, 78, 60))
    colors = [(196, 66, 62), (58, 100, 150), (226, 178, 66), (84, 130, 92), (150, 92, 150)]
    for i in range(9):
        umbrella(pen, 40 + i * 70, 30, 170, colors[i % 5], spotted=i == 6)
    _box(pen, 0, 286, W, 310, (92, 60, 40))
    _box(pen, 0, 310, W, H, (66, 44, 32))
    page = pen.done()
    animal = cat(tail).resize((390, 234), Image.Resampling.LANCZOS)
    page.alpha_composite(animal, (120, 76))
    return page


@lru_cache(maxsize=1)
def platform() -> Image.Image:
    """The platform: a lit train, a lamp, rain."""
    pen = _sheet((20, 26, 50), (46, 56, 84))
    _box(pen, 0, 96, W, 262, (44, 84, 78))
    _box(pen, 0, 96, W, 112, (34, 62, 60))
    _box(pen, 0, 214, W, 224, (222, 196, 120))
    for x in (16, 118, 220, 380, 482, 584):
        _box(pen, x, 128, x + 84, 192, (252, 222, 150))
        pen.oval(x + 52, 182, 15, 20, (150, 116, 84))
        _box(pen, x + 36, 186, x + 68, 192, (150, 116, 84))
    _box(pen, 316, 112, 366, 262, (36, 68, 64))
    _box(pen, 324, 124, 358, 196, (252, 222, 150))
    _box(pen, 0, 262, W, 282, (14, 16, 24))
    _box(pen, 0, 282, W, H, (82, 86, 100))
    _box(pen, 0, 290, W, 297, (226, 206, 120))
    pen.soft(350, 330, 190, 16, (150, 146, 130), 150, 12)
    pen.stroke([(560, 300), (560, 40)], 8, (22, 26, 34))
    pen.soft(560, 40, 70, 60, (255, 236, 170), 140, 26)
    pen.oval(560, 36, 17, 14, (255, 246, 210))
    return pen.done()


@lru_cache(maxsize=1)
def box() -> Image.Image:
    """The signal box: levers, a long window on the line."""
    pen = _sheet((92, 108, 104), (70, 84, 82))
    _box(pen, 20, 30, 620, 190, (54, 60, 56))
    for x in (28, 176, 324, 472):
        _box(pen, x, 38, x + 140, 182, (30, 40, 74))
    for x, y, c in ((90, 120, (230, 60, 50)), (250, 140, (70, 220, 120)), (540, 110, (240, 190, 70))):
        pen.soft(x, y, 22, 22, c, 0, 8)
        pen.oval(x, y, 8, 8, c)
    pen.stroke([(28, 168), (612, 168)], 3, (92, 98, 118))
    _box(pen, 0, 250, W, H, (60, 50, 44))
    for i in range(10):
        x = 40 + i * 62
        pen.stroke([(x, 300), (x + 12, 214)], 7, ((190, 60, 54), (66, 106, 170), (210, 210, 200))[i % 3])
        pen.stroke([(x + 12, 214), (x + 14, 200)], 9, (206, 206, 206))
    return pen.done()


@lru_cache(maxsize=2)
def radio(lit: int = 0) -> Image.Image:
    """The radio set, close."""
    pen = _sheet((84, 98, 96), (62, 74, 74))
    _box(pen, 0, 280, W, H, (78, 58, 44))
    pen.poly([(150, 80), (490, 80), (500, 290), (140, 290)], (104, 66, 42))
    pen.poly([(164, 92), (476, 92), (484, 278), (156, 278)], (132, 86, 54))
    pen.oval(248, 186, 74, 74, (60, 44, 36))
    for i in range(-3, 4):
        pen.stroke(
            [(248 - (66 - 7 * abs(i)), 186 + i * 18), (248 + (66 - 7 * abs(i)), 186 + i * 18)],
            5,
            (150, 124, 92),
        )
    _box(pen, 346, 112, 462, 160, (250, 220, 140) if lit else (206, 170, 96))
    pen.stroke([(400, 112), (400, 160)], 3, (180, 50, 40))
    for x in (372, 436):
        pen.oval(x, 224, 24, 24, (60, 44, 36))
        pen.stroke([(x, 224), (x + 10, 208)], 4, (220, 206, 180))
    pen.stroke([(470, 80), (540, 6)], 4, (190, 194, 200))
    return pen.done()


@lru_cache(maxsize=1)
def tearoom() -> Image.Image:
    """The tea room: warm walls, a dresser of cups, bunting for the cat."""
    pen = _sheet((206, 150, 116), (178, 116, 92))
    pen.soft(320, 70, 250, 140, (255, 226, 170), 130, 60)
    for y in (110, 180):
        _box(pen, 30, y, 220, y + 8, (112, 70, 48))
        for i in range(5):
            c = ((240, 240, 236), (122, 164, 190), (226, 120, 100))[(i + y) % 3]
            pen.poly([(44 + i * 36, y - 26), (68 + i * 36, y - 26), (64 + i * 36, y), (48 + i * 36, y)], c)
    _window(pen, 450, 70, 580, 200, (50, 62, 100), (240, 226, 204))
    pen.oval(492, 110, 10, 10, (232, 232, 212))
    for i in range(13):
        x, y = 12 + i * 50, 14 + 12 * abs((i % 6) - 3)
        pen.poly(
            [(x, y), (x + 32, y), (x + 16, y + 26)], ((214, 84, 74), (250, 214, 110), (92, 150, 140))[i % 3]
        )
    return pen.done()


@lru_cache(maxsize=2)
def cushion(tail: int = 0) -> Image.Image:
    """The guest of honour, asleep on the tea table."""
    page = blurred(tearoom(), (180, 20, 520, 211), 3.0)
    pen = Pen((W, H))
    _box(pen, 0, 268, W, H, (232, 222, 204))
    pen.oval(318, 284, 196, 34, (150, 62, 70))
    pen.poly([(520, 214), (566, 214), (560, 276), (526, 276)], (240, 240, 240))
    page.alpha_composite(pen.done())
    page.alpha_composite(cat(tail).resize((390, 234), Image.Resampling.LANCZOS), (124, 64))
    hat = Pen((W, H))
    hat.poly([(196, 104), (252, 92), (206, 24)], (92, 150, 190))
    hat.oval(206, 24, 9, 9, (250, 214, 110))
    page.alpha_composite(hat.done())
    return page


def blurred(image: Image.Image, crop: tuple[int, int, int, int], amount: float) -> Image.Image:
    """A part of a background, enlarged and out of focus: what stands behind a close-up."""
    part = image.crop(crop).resize((W, H), Image.Resampling.BICUBIC)
    return part.filter(ImageFilter.GaussianBlur(amount))
