"""Films that were joined: sound steps by milliseconds from one part to the next."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from pathlib import Path

import av
import numpy as np
import pytest

from mmdia.errors import MediaUnreadable
from mmdia.media.cut import ClipRequest, cut_media
from mmdia.media.index import build_index
from mmdia.media.plain_sound import PlainSound
from mmdia.media.proof import prove_sound
from tests.media import film
from tests.media.test_sound_changes import coded, likeness

RATE = film.RATE
#: Samples by which a coder's sound comes late.
LATE = {"aac": 1024, "ac3": 256, "libmp3lame": 1105}


@cache
def part(codec: str, number: int) -> tuple[np.ndarray, list[tuple[bytes, Fraction]]]:
    """A few seconds of noise (n,) that end within a packet, and its packets."""
    sound = film.noise(1, round((3.013 + 0.31 * number) * RATE), seed=number + 1)
    return sound[0], coded(codec, sound)


def join(path: Path, codec: str, steps: list[float]) -> list[tuple[float, np.ndarray]]:
    """Parts in a row, each stamped a step (ms) after the one before ends; (second, sound) of each."""
    parts, at, base = [], Fraction(0), Fraction(1, 90000)
    with av.open(str(path), "w", options={"avoid_negative_ts": "disabled"}) as out:
        stream = out.add_stream(codec, rate=RATE, layout="mono")
        stream.codec_context.open()
        for number, step in enumerate([0, *steps]):
            at += Fraction(step) / 1000
            sound, packets = part(codec, number)
            parts.append((float(at) + LATE[codec] / RATE, sound))
            for data, length in packets:
                packet = av.Packet(data)
                packet.stream, packet.time_base, packet.is_keyframe = stream, base, True
                packet.pts = packet.dts = round(at / base)
                packet.duration = round(length / base)
                out.mux(packet)
                at += length
    start = float(build_index(path).start)
    return [(second - start, sound) for second, sound in parts]


@pytest.mark.parametrize("steps", [(1, 1), (2.5, -4), (6, -9), (-15, 30)])
@pytest.mark.parametrize(
    ("codec", "suffix"),
    [("aac", "mp4"), ("aac", "mkv"), ("aac", "ts"), ("ac3", "ts"), ("libmp3lame", "mkv")],
)
def test_clips_over_joints_are_right_on_both_sides_and_proven(tmp_path, codec, suffix, steps) -> None:
    path, told = tmp_path / f"a.{suffix}", {}
    parts = join(path, codec, list(steps))
    spans = [(at - before, at + 1.6) for at, _ in parts[1:] for before in (0.6, 1.9)]
    spans.append((parts[2][0] + 0.8, parts[2][0] + 2.9))
    wanted = [ClipRequest(n, *span, tmp_path / f"{n}.flac") for n, span in enumerate(spans)]
    cut_media(path, wanted, index=build_index(path), on_clip=lambda r: told.update({r.key: r.error_code}))
    assert set(told.values()) == {None}
    for number, (first, last) in enumerate(spans):
        clip, rate = film.read_flac(tmp_path / f"{number}.flac")
        step = RATE // rate
        for at, sound in parts:
            low, high = max(first, at + 0.15), min(last, at + len(sound) / RATE - 0.15)
            if high - low < 0.3:
                continue
            got = clip[round((low - first) * rate) :, 0][: round((high - low) * rate)]
            meant = sound[round((low - at) * RATE) :: step][: len(got)]
            lag, alike = likeness(got[: len(meant)], meant)
            assert alike > 0.6
            assert abs(lag) <= 0.002 * rate, f"second {low:.1f}: off by {lag / rate * 1000:.1f} ms"


@pytest.mark.parametrize("off_ms", [-14, -5, -3, 3, 5, 14])
def test_a_joint_gives_no_leave_to_lie_elsewhere(tmp_path, off_ms: int) -> None:
    """A clip over a joint of which one side, or all, comes early or late."""
    ((_, one), (at, two)) = join(tmp_path / "a.ts", "aac", [6])
    whole = np.zeros(round((at + 4) * RATE), np.float32)
    whole[LATE["aac"] :][: len(one)] = one
    whole[round(at * RATE) :][: len(two)] = two
    span = (at - 1.6, at + 1.4)
    plain = PlainSound(tmp_path / "a.ts", build_index(tmp_path / "a.ts"), [span])
    held = plain.take(*span)
    plain.close()
    assert len(held) == 2
    late, joint = round(off_ms * RATE / 1000), round(at * RATE)
    half = np.concatenate([whole[:joint], np.roll(whole[joint:], late)])

    def prove(sound: np.ndarray) -> None:
        low = round(span[0] * RATE)
        prove_sound(sound[None, low : low + 3 * RATE], RATE, span, held, "clip", codec="aac")

    prove(whole)
    for spoilt in (half, np.roll(whole, late)):
        with pytest.raises(MediaUnreadable, match="lie elsewhere"):
            prove(spoilt)


def test_equal_stamps_in_a_row_neither_stop_nor_move_sound(tmp_path) -> None:
    """The second of two stamps says nothing new; packets go on one after the other."""
    sound, packets = part("aac", 0)
    with av.open(str(tmp_path / "a.mkv"), "w", options={"avoid_negative_ts": "disabled"}) as out:
        stream = out.add_stream("aac", rate=RATE, layout="mono")
        stream.codec_context.open()
        for number, (data, length) in enumerate(packets):
            packet = av.Packet(data)
            packet.stream, packet.time_base, packet.is_keyframe = stream, Fraction(1, 1000), True
            packet.pts = packet.dts = round((number - (number % 10 == 3)) * length * 1000)
            out.mux(packet)
    told, path = {}, tmp_path / "a.flac"
    index = build_index(tmp_path / "a.mkv")
    cut_media(
        tmp_path / "a.mkv",
        [ClipRequest(0, 0.5, 2.5, path)],
        index=index,
        on_clip=lambda r: told.update({r.key: r.error_code}),
    )
    assert told == {0: None}
    clip, rate = film.read_flac(path)
    late = LATE["aac"] - float(index.start) * RATE
    meant = sound[round(0.5 * RATE - late) :: RATE // rate][: len(clip)]
    lag, alike = likeness(clip[:, 0], meant)
    assert alike > 0.6
    assert abs(lag) <= 0.0015 * rate
