"""One table of checks that every reader of frames must pass."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from mmdia.errors import MediaUnreadable, MissingExtra, UsageError, WindowOutside
from mmdia.media.backends import available_backends, open_reader
from tests.media import film

USABLE = [name for name, problem in available_backends().items() if problem is None]


@pytest.fixture(params=["av", "decord", "ffmpeg"])
def backend(request: pytest.FixtureRequest) -> str:
    problem = available_backends()[request.param]
    if problem is not None:
        pytest.skip(problem)
    return str(request.param)


def gray(picture) -> np.ndarray:
    return picture.rgb.astype(float).mean(axis=2).astype(np.uint8)


@pytest.mark.parametrize("name", ["base.mp4", "base.mkv", "late.mkv", "vfr.mkv"])
def test_frames_are_the_ones_asked_for(films, backend: str, name: str) -> None:
    with open_reader(films[name], backend) as reader:
        assert reader.name == backend
        times = reader.frame_times
        assert times.shape == (film.N_FRAMES,)
        for wanted in (0, 1, 59, 60, 150, film.N_FRAMES - 1):
            picture = reader.frame_at(float(times[wanted]) + 0.015)
            assert picture.number == film.read_number(gray(picture)) == wanted
            assert picture.time_s == pytest.approx(times[wanted])
            assert (picture.rgb.shape, picture.rgb.dtype) == ((film.HEIGHT, film.WIDTH, 3), np.uint8)
        got = list(reader.frames(2.4, 3.0))
        numbers = [p.number for p in got]
        assert numbers == [film.read_number(gray(p)) for p in got]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert times[numbers[0]] <= 2.401 < times[numbers[0] + 1]
        assert times[numbers[-1]] <= 2.998 < times[numbers[-1] + 1]
        with pytest.raises(WindowOutside):
            reader.frame_at(500.0)
        with pytest.raises(WindowOutside):
            list(reader.frames(500.0, 501.0))


def test_an_edit_list_is_honoured_or_refused(films, backend: str) -> None:
    if backend == "decord":
        with pytest.raises(MediaUnreadable, match="counts other frames"):
            open_reader(films["edit.mp4"], backend)
        return
    with open_reader(films["edit.mp4"], backend) as reader:
        picture = reader.frame_at(1.0)
        assert film.read_number(gray(picture)) == picture.number + 40


def test_decord_refuses_what_it_misreads(films) -> None:
    if "decord" not in USABLE:
        pytest.skip("decord is not installed")
    with pytest.raises(MediaUnreadable, match="misreads"):
        open_reader(films["base.ts"], "decord")


def test_a_missing_decord_names_its_cure(films, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "decord", None)
    with pytest.raises(MissingExtra, match=r"mmdia\[decord\]"):
        open_reader(films["base.mp4"], "decord")


def test_unknown_backends_and_files_without_picture(films, tmp_path) -> None:
    import soundfile

    with pytest.raises(UsageError, match="no such backend"):
        open_reader(films["base.mp4"], "vlc")  # type: ignore[arg-type]
    soundfile.write(tmp_path / "a.wav", np.zeros(9000), 8000)
    with pytest.raises(UsageError, match="no moving picture"):
        open_reader(tmp_path / "a.wav")
