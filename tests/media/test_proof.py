"""Finished clips are compared with a second, plain decode: what is not the film's is refused."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmdia.errors import MediaUnreadable
from mmdia.media import clip_sound, lossless
from mmdia.media.cut import AudioParams, ClipRequest, ClipResult, cut_media
from mmdia.media.index import build_index
from mmdia.media.plain_sound import Plain, PlainSound
from mmdia.media.proof import prove_sound
from tests.media import film


def cut(path: Path, out: Path, **options) -> ClipResult:
    found: list[ClipResult] = []
    picture = out / "clip.mp4" if options.get("lossless") else None
    sound = None if picture else out / "clip.flac"
    request = ClipRequest(0, 2.1, 4.6, sound, picture, speed=options.pop("speed", Fraction(1)))
    cut_media(path, [request], index=build_index(path), on_clip=found.append, **options)
    return found[0]


@pytest.mark.parametrize("name", ["base.mp4", "late.mkv", "six.mkv", "edit.mp4"])
@pytest.mark.parametrize("channels", ["mono", "keep"])
def test_what_is_right_is_proven(films, tmp_path, name, channels) -> None:
    assert cut(films[name], tmp_path, audio=AudioParams(24000, channels)).error_code is None
    assert cut(films[name], tmp_path, speed=Fraction(960, 1001)).error_code is None


def spoilt(monkeypatch: pytest.MonkeyPatch, change) -> None:
    """Let sound come to the clips as `change` makes it of float32 (channels, n)."""
    born = clip_sound.ClipSound.__init__

    def init(self, block, *rest, **options) -> None:
        born(self, replace(block, samples=change(block.samples)), *rest, **options)

    monkeypatch.setattr(clip_sound.ClipSound, "__init__", init)


def moved(samples: np.ndarray) -> np.ndarray:
    """The middle third comes 5 ms late."""
    out, third = samples.copy(), samples.shape[1] // 3
    out[:, third : 2 * third] = samples[:, third - 240 : 2 * third - 240]
    return out


def muted(samples: np.ndarray) -> np.ndarray:
    out = samples.copy()
    out[:, samples.shape[1] * 3 // 4 :] = 0
    return out


def stuttering(samples: np.ndarray) -> np.ndarray:
    """Twelve times a second 2 ms are lost."""
    keep = np.arange(samples.shape[1]) % 4000 >= 96
    return np.pad(samples[:, keep], ((0, 0), (0, int((~keep).sum()))))


def faster(samples: np.ndarray) -> np.ndarray:
    at = np.arange(samples.shape[1]) * 44.1 / 48
    return np.stack([np.interp(at, np.arange(len(row)), row) for row in samples]).astype(np.float32)


@pytest.mark.parametrize("change", [moved, muted, stuttering, faster])
@pytest.mark.parametrize("name", ["base.mp4", "six.mkv"])
def test_sound_that_is_not_the_films_is_refused(films, tmp_path, monkeypatch, change, name) -> None:
    spoilt(monkeypatch, change)
    result = cut(films[name], tmp_path)
    assert result.error_code == "not_proven"
    assert "not the film's" in result.message
    assert list(tmp_path.iterdir()) == []
    assert cut(films[name], tmp_path, proof=False).error_code is None


def test_a_lossless_clip_whose_pictures_lack_their_key_is_refused(films, tmp_path, monkeypatch) -> None:
    put = lossless.CopyWriter.put_picture

    def late(self, number, packet) -> None:
        if number == self.first_packet:
            garbage = type(packet)(bytes(packet)[:5] + bytes(packet.size - 5))
            garbage.pts, garbage.dts, garbage.time_base = packet.pts, packet.dts, packet.time_base
            packet = garbage
        put(self, number, packet)

    monkeypatch.setattr(lossless.CopyWriter, "put_picture", late)
    result = cut(films["base.mp4"], tmp_path, lossless=True)
    assert result.error_code == "not_proven"
    assert cut(films["base.mp4"], tmp_path, lossless=True, proof=False).error_code is None


def test_copied_sound_is_proven_at_both_ends(films, tmp_path, monkeypatch) -> None:
    put = lossless.CopyWriter.put_sound
    monkeypatch.setattr(lossless.CopyWriter, "put_sound", lambda self, at, p: put(self, at + 1024, p))
    assert cut(films["base.mp4"], tmp_path, lossless=True).error_code == "not_proven"


def test_spans_are_given_in_any_order(films) -> None:
    spans = [(1.0, 2.0), (1.5, 3.0), (6.0, 7.0)]
    index = build_index(films["base.mkv"])
    alone = {}
    for span in spans:
        plain = PlainSound(films["base.mkv"], index, [span])
        alone[span] = plain.take(*span)
        plain.close()
    plain = PlainSound(films["base.mkv"], index, spans)
    for span in (spans[1], spans[0], spans[2]):
        for at, x, *_ in plain.take(*span):
            mine, y, *_ = alone[span][0]
            shift = round((mine - at) * 8000)
            a, b = max(0, -shift), min(y.shape[1], x.shape[1] - shift)
            assert b - a > (span[1] - span[0]) * 8000
            # Where decoding starts earlier, the first packets sound otherwise.
            assert np.abs(x[:, shift + a + 2400 : shift + b - 64] - y[:, a + 2400 : b - 64]).max() < 0.02
    plain.close()


@settings(max_examples=25, deadline=None)
@given(lag=st.integers(-40, 40), weights=st.lists(st.floats(0.2, 1), min_size=3, max_size=3))
def test_any_mix_at_its_place_passes_and_no_other_place_does(lag: int, weights) -> None:
    x = film.noise(3, 24_000, seed=3)
    clip = np.asarray(weights, np.float32) @ x

    def prove() -> None:
        prove_sound(np.roll(clip, lag * 8)[None], 8000, (10, 13), [Plain(10.0, x)], "clip", codec="flac")

    if abs(lag) <= 1:
        prove()
    else:
        with pytest.raises(MediaUnreadable):
            prove()


def test_a_clip_of_another_length_is_refused() -> None:
    x = film.noise(1, 24_000)
    with pytest.raises(MediaUnreadable, match="not as long"):
        prove_sound(x, 8000, (0, 2.99), [Plain(0.0, x)], "clip", codec="flac")


def test_silence_is_judged_by_the_centre_where_there_is_one() -> None:
    """A silent centre under music is no fault; a clip without the film's voice is one."""
    x = film.noise(6, 24_000)
    silence = np.zeros((1, 24_000), np.float32)
    music = x.copy()
    music[2, 8000:] = 0
    prove_sound(music[2:3], 8000, (0, 3), [Plain(0.0, music, centre=2)], "clip", codec="ac3")
    music[2] = 0
    for voice, centre in ((x, 2), (music, 2), (x[:2], None), (np.stack([x[0], 0 * x[0]]), None)):
        with pytest.raises(MediaUnreadable, match="are others"):
            prove_sound(silence, 8000, (0, 3), [Plain(0.0, voice, centre=centre)], "clip", codec="ac3")


def test_one_wrong_stamp_gives_no_leave_to_lie_elsewhere() -> None:
    x = film.noise(1, 24_000)
    with pytest.raises(MediaUnreadable, match="lie elsewhere"):
        prove_sound(np.roll(x, 40), 8000, (0, 3), [Plain(0.0, x, 0.001)], "clip", codec="flac")
    prove_sound(np.roll(x, 40), 8000, (0, 3), [Plain(0.0, x, 0.006)], "clip", codec="flac")
