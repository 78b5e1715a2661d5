"""Small stamped films, made once a session."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest

from tests.media import film


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The film in the containers and shapes that users have."""
    folder = tmp_path_factory.mktemp("films")
    sound = film.noise(2)
    made = {name: folder / name for name in ("base.mp4", "six.mkv", "silent.mp4", "packed.avi")}
    film.write_film(made["base.mp4"], sound=sound)
    film.write_film(made["six.mkv"], sound=film.noise(6), codec="flac")
    film.write_film(made["silent.mp4"], sound=None)
    film.write_film(made["packed.avi"], sound=None)
    for name, options in {
        "base.mkv": {},
        "late.mkv": {"shift_s": Fraction(7), "sound_s": Fraction(16, 100)},
        "base.ts": {},
        "edit.mp4": {"shift_s": -40 / film.FPS},
        "vfr.mkv": {"vfr": True},
    }.items():
        made[name] = folder / name
        film.remux(made["base.mp4"], made[name], **options)
    return made
