"""Pictures of the film, one luma/chroma frame after another."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import figures
import numpy as np
import places
from PIL import Image, ImageDraw
from props import mug
from shots import VIEWS, Place, lettering
from timeline import Film, Placed, Shot, frame_at, speaking

from mmdia.testing.stamps import STRIP_HEIGHT, draw_frame_stamp

WIDTH, HEIGHT = 320, 180
W, H = places.W, places.H


@lru_cache(maxsize=1024)
def _head(who: str, opening: int, blink: bool, mood: str, gaze: int, scale: float) -> Image.Image:
    sprite = figures.head(who, opening, blink, mood, gaze)
    return sprite.resize((round(figures.W * scale), round(figures.H * scale)), Image.Resampling.LANCZOS)


@lru_cache(maxsize=64)
def _bust(who: str, scale: float) -> Image.Image:
    return figures.bust(who).resize((round(560 * scale), round(420 * scale)), Image.Resampling.LANCZOS)


def _put(page: Image.Image, sprite: Image.Image, x: float, y: float) -> None:
    """Pastes a sprite that may stick out of the page."""
    page.paste(sprite, (round(x), round(y)), sprite)


def draw_person(page: Image.Image, place: Place, opening: int, blink: bool, mood: str, nod: int) -> None:
    """One person of a shot."""
    s = place.scale
    _put(page, _bust(place.who, s), place.x - 280 * s, place.y + (124 - 96) * s)
    _put(
        page,
        _head(place.who, opening, blink, mood, place.gaze, s),
        place.x - figures.CX * s,
        place.y - figures.CY * s + nod,
    )
    if place.mug:
        cup = mug().resize((round(150 * s), round(150 * s)), Image.Resampling.LANCZOS)
        _put(page, cup, place.x - 64 * s, place.y + 38 * s)


_MOVING = {places.shelf: 9, places.cushion: 9, places.radio: 1}


@lru_cache(maxsize=48)
def _back(shot: str, phase: int) -> Image.Image:
    view = VIEWS[shot]
    if view.back in _MOVING:
        return view.back(phase * _MOVING[view.back]).convert("RGB")  # type: ignore[call-arg]
    return view.back().convert("RGB")


@lru_cache(maxsize=64)
def _front(shot: str) -> Image.Image:
    """What lies before the people: a counter or a table cloth, letters."""
    view = VIEWS[shot]
    page = lettering(view.text).copy() if view.text else Image.new("RGBA", (W, H), (0, 0, 0, 0))
    if view.counter:
        draw = ImageDraw.Draw(page)
        draw.rectangle([0, view.counter_y, W, H], fill=(*view.counter, 255))
        draw.rectangle(
            [0, view.counter_y, W, view.counter_y + 7], fill=(*figures.shade(view.counter, 1.4), 255)
        )
    return page


def _rain(page: Image.Image, frame: int, count: int) -> None:
    """A few streaks, moved every other frame."""
    draw = ImageDraw.Draw(page)
    step = frame // 2
    for i in range(count):
        x = (i * 197 + (step // 9) * 83 + i * i * 31) % W
        y = (i * 131 + step * 46) % (H + 60) - 40
        draw.line([(x, y), (x - 6, y + 34)], fill=(150, 164, 196), width=2)


class Director:
    """Knows what every frame shows: shot, moods, mouths."""

    def __init__(self, film: Film) -> None:
        self.film = film
        self.mouths = {who: speaking(film, who) for who in figures.LOOKS}
        self.radio = speaking(film, "radio")
        self._shots = [shot for shot in film.shots for _ in range(shot.last - shot.first)]

    def shot(self, frame: int) -> Shot:
        """The shot a frame belongs to."""
        return self._shots[frame]

    def opening(self, who: str, frame: int) -> int:
        """Mouth opening 0..4, held for two frames as drawn films do."""
        k = frame - frame % 2
        loud = float(self.mouths[who][k])
        return 0 if loud < 0.06 else min(4, 1 + int(loud * 4.2))

    def mood(self, who: str, frame: int) -> str:
        """The mood of the last line that the person began in this scene."""
        scene, mood = self.shot(frame).scene, "neutral"
        for placed in self.film.lines:
            names = figures.LOOKS if "everyone" in placed.line.who else placed.line.who
            if placed.scene == scene and who in names and frame_at(placed.start) <= frame + 4:
                mood = placed.line.mood
        return mood

    def picture(self, frame: int) -> Image.Image:
        """The frame as an RGB picture without its stamp, 320 x 180."""
        shot = self.shot(frame)
        view = VIEWS[shot.name]
        phase = int(self.radio[frame] > 0.2) if view.back is places.radio else frame // 16 % 2
        page = _back(shot.name, phase if view.back in _MOVING else 0).copy()
        for i, place in enumerate(view.people):
            opening = self.opening(place.who, frame)
            beat = (frame + 37 * i + 53 * len(place.who)) % (83 + 9 * i)
            nod = (0, 0, -1, -2, -2)[opening]
            draw_person(page, place, opening, beat < 3, self.mood(place.who, frame), nod)
        front = _front(shot.name)
        page.paste(front, (0, 0), front)
        if view.rain:
            _rain(page, frame, view.rain)
        return page.reduce(2)


def faces(film: Film, placed: Placed, frame: int, director: Director) -> list[dict[str, object]]:
    """The faces on a frame, as drawn: box, whose, hidden or not, speaking or not."""
    out: list[dict[str, object]] = []
    ms = (frame * 1001 * 1000) // 24_000
    for place in VIEWS[director.shot(frame).name].people:
        active = any(
            p.ms[0] <= ms < p.ms[1]
            and not p.line.voice_over
            and (place.who in p.line.who or "everyone" in p.line.who)
            for p in film.lines
        )
        bbox = [round(min(1.0, max(0.0, v)), 4) for v in place.face]
        out.append(
            {"speaker_id": place.who, "bbox": bbox, "score": 1.0, "occluded": place.mug, "active": active}
        )
    return out


def to_yuv(picture: Image.Image, number: int) -> bytes:
    """BT.601 limited-range yuv420p with the frame's stamp drawn in."""
    rgb = np.asarray(picture, dtype=np.float64)
    r, g, b = rgb[..., 0], rgb[..., 1], rgb[..., 2]
    y = 16 + (65.481 * r + 128.553 * g + 24.966 * b) / 255
    u = 128 + (-37.797 * r - 74.203 * g + 112.0 * b) / 255
    v = 128 + (112.0 * r - 93.786 * g - 18.214 * b) / 255
    luma = np.clip(np.rint(y), 16, 235).astype(np.uint8)
    draw_frame_stamp(luma, number)
    planes = [luma.tobytes()]
    for c in (u, v):
        half = c.reshape(HEIGHT // 2, 2, WIDTH // 2, 2).mean(axis=(1, 3))
        half[: round(HEIGHT * STRIP_HEIGHT) // 2] = 128
        planes.append(np.clip(np.rint(half), 16, 240).astype(np.uint8).tobytes())
    return b"".join(planes)


def frames(director: Director) -> Iterator[bytes]:
    """All frames of the film."""
    for k in range(director.film.n_frames):
        yield to_yuv(director.picture(k), k)
