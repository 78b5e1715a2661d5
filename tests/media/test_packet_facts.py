"""What packets tell: empty pictures, late entries, runs of sound, fields, clocks that start over."""

from __future__ import annotations

import re
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from mmdia.media.frames import decode_frames, plan
from mmdia.media.index import build_index
from mmdia.media.packet_facts import Uncoded, find_runs, packet_size, run_place
from tests.media import film, truth

RATE = Fraction(25)


def encode(
    path: Path, codec: str, options: dict[str, str], n: int = 100, **stream
) -> list[tuple[bytes, bool]]:
    """A silent film of stamped frames at 25 fps; its packets are returned as well."""
    kept = []
    with av.open(str(path), "w") as out:
        video = out.add_stream(codec, rate=RATE, options=options)
        video.width, video.height, video.pix_fmt = film.WIDTH, film.HEIGHT, "yuv420p"
        for name, value in stream.items():
            setattr(video.codec_context, name, value)
        for number in range(n + 1):
            frame = None
            if number < n:
                frame = av.VideoFrame.from_ndarray(film.draw(number), format="gray").reformat(
                    format="yuv420p"
                )
                frame.pts, frame.time_base = number, 1 / RATE
            for packet in video.encode(frame):
                kept.append((bytes(packet), packet.is_keyframe))
                out.mux(packet)
    return kept


def uncoded(number: int) -> bytes:
    """A picture of MPEG-4 that is not coded: type P, no whole second, the place within it, vop_coded 0."""
    bits = f"0101{number % 25:05b}100"
    bits += "1" * (-len(bits) % 8)
    return b"\x00\x00\x01\xb6" + int(bits, 2).to_bytes(len(bits) // 8, "big")


def rewrite(source: Path, target: Path, packets: list[tuple[bytes, bool]]) -> None:
    """An AVI like `source` that holds these packets, one a frame."""
    with av.open(str(source)) as given, av.open(str(target), "w") as out:
        stream = out.add_stream_from_template(given.streams.video[0], opaque=True)
        stream.time_base = 1 / RATE
        for number, (data, key) in enumerate(packets):
            packet = av.Packet(data)
            packet.stream, packet.time_base = stream, 1 / RATE
            packet.pts = packet.dts = number
            packet.duration, packet.is_keyframe = 1, key
            out.mux(packet)


def test_a_picture_that_is_not_coded_leaves_the_one_before_on_screen(tmp_path) -> None:
    packets = encode(tmp_path / "a.avi", "mpeg4", {"g": "30"})
    with_gaps = []
    for number, packet in enumerate(packets):
        with_gaps += [packet, (uncoded(number), False)] if number % 9 == 8 else [packet]
    rewrite(tmp_path / "a.avi", tmp_path / "b.avi", with_gaps)
    video = build_index(tmp_path / "b.avi").video
    assert (video.n_frames, video.counted) == (100, False)
    assert float(video.time_of(9) - video.time_of(8)) == pytest.approx(2 / 25)
    assert truth.faults_of(tmp_path / "b.avi", tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("n_b", [1, 2, 3])
def test_two_pictures_in_one_packet_are_counted(tmp_path, n_b: int) -> None:
    """DivX and XviD put a picture and the first before it into one packet; an empty one ends the group."""
    packets = encode(tmp_path / "a.avi", "mpeg4", {"g": "48", "b_strategy": "0"}, max_b_frames=n_b)
    kinds = "".join("IPBS"[data[data.index(b"\x00\x00\x01\xb6") + 4] >> 6] for data, _ in packets)
    packed, n = [], 0
    for group in re.findall(r"[IPS]B*", kinds):
        datas, n = packets[n : n + len(group)], n + len(group)
        if len(group) > 1:
            datas = [(datas[0][0] + datas[1][0], datas[0][1]), *datas[2:], (uncoded(n), False)]
        packed += datas
    head, key = packed[0]
    at = head.index(b"\x00\x00\x01\xb6")
    packed[0] = (head[:at] + b"\x00\x00\x01\xb2DivX503b1393p" + head[at:], key)
    assert kinds.count("B") > 30
    rewrite(tmp_path / "a.avi", tmp_path / "b.avi", packed)
    video = build_index(tmp_path / "b.avi").video
    assert (video.n_frames, video.counted, video.rate) == (100, True, 25)
    assert truth.faults_of(tmp_path / "b.avi", tmp_path) == []


def test_a_short_picture_is_no_empty_one() -> None:
    """A dark scene takes a few bytes a picture; what is owed is counted over several packets."""
    coded, short = b"\x00\x00\x01\xb6" + bytes(range(9, 60)), b"\x00\x00\x01\xb6\x9a\x04\x41\x19"
    told = Uncoded()
    assert [told(av.Packet(p)) for p in (coded + short, short, uncoded(3), uncoded(4), b"\x7f")] == [
        False, False, False, True, True,
    ]  # fmt: skip
    assert told.packed


@pytest.mark.slow
@pytest.mark.parametrize(("codec", "bare"), [
    ("libx264", b"\0\0\0\1\x06\x05\x14" + bytes(range(16)) + b"abcd\x80"),
    ("mpeg2video", b"\0\0\1\xb7"),
])  # fmt: skip
def test_packets_without_a_picture_cost_none(tmp_path, codec: str, bare: bytes) -> None:
    """Messages that travel alone: the ffmpeg program complains of them, and shows all pictures."""
    options = {"preset": "ultrafast"} if codec == "libx264" else {}
    packets = encode(tmp_path / "a.ts", codec, {"g": "20", "bf": "0", **options}, 60)
    with av.open(str(tmp_path / "a.ts")) as given, av.open(str(tmp_path / "b.mkv"), "w") as out:
        stream = out.add_stream_from_template(given.streams.video[0], opaque=True)
        for number, (data, key) in enumerate(packets):
            ends = number % 20 == 19 if codec == "mpeg2video" else number % 7 == 3
            for part, (content, is_key) in enumerate([(data, key), (bare, False)][: 1 + ends]):
                packet = av.Packet(content)
                packet.stream, packet.time_base = stream, Fraction(1, 1000)
                packet.pts = packet.dts = 40 * number + 20 * part
                packet.is_keyframe = is_key
                out.mux(packet)
    video = build_index(tmp_path / "b.mkv").video
    assert video.n_frames == 60
    shown = decode_frames(tmp_path / "b.mkv", video, plan(video, np.arange(60)))
    assert [(n, film.read_number(f.to_ndarray(format="gray"))) for n, f in shown] == [
        (n, n) for n in range(60)
    ]


@pytest.mark.slow
def test_decoding_starts_at_pictures_that_are_whole(tmp_path) -> None:
    """Gradual intra refresh marks points from which the picture only begins to heal."""
    options = {"preset": "ultrafast", "x264-params": "intra-refresh=1:keyint=25:bframes=0"}
    encode(tmp_path / "a.ts", "libx264", options)
    with av.open(str(tmp_path / "a.ts")) as given:
        marked = sum(p.is_keyframe for p in given.demux(video=0) if p.size)
    index = build_index(tmp_path / "a.ts")
    assert marked > 1
    assert index.video.keys.tolist() == [0]
    assert truth.faults_of(tmp_path / "a.ts", tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize("suffix", ["ts", "mkv"])
def test_open_groups_are_whole_entries(tmp_path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    encode(
        path, "libx264", {"preset": "veryfast", "x264-params": "open-gop=1:keyint=25:bframes=3:scenecut=0"}
    )
    assert len(build_index(path).video.keys) == 4
    assert truth.faults_of(path, tmp_path) == []


@pytest.mark.slow
@pytest.mark.parametrize(("codec", "suffix", "options"), [
    ("mpeg2video", "ts", {"g": "12", "bf": "2"}),
    ("mpeg2video", "vob", {"g": "12", "bf": "2"}),
    ("mpeg4", "avi", {"g": "24", "bf": "2"}),
    ("libx265", "mkv", {"preset": "ultrafast", "x265-params": "log-level=none:open-gop=1:keyint=25"}),
    ("libvpx-vp9", "webm", {"cpu-used": "8", "deadline": "realtime", "g": "30"}),
    ("libvpx", "webm", {"cpu-used": "5", "g": "30", "auto-alt-ref": "1", "lag-in-frames": "12"}),
])  # fmt: skip
def test_other_codecs_are_exact(tmp_path, codec: str, suffix: str, options: dict[str, str]) -> None:
    if codec not in av.codecs_available:
        pytest.skip(f"this build of PyAV has no {codec}")
    path = tmp_path / f"a.{suffix}"
    encode(path, codec, options, 60)
    index = build_index(path)
    assert (index.video.n_frames, index.video.rate, index.video.interlaced) == (60, 25, False)
    assert truth.faults_of(path, tmp_path) == []


def test_fields_are_told(tmp_path) -> None:
    options = {"preset": "ultrafast", "x264-params": "tff=1:keyint=25"}
    encode(tmp_path / "a.mkv", "libx264", options)
    assert build_index(tmp_path / "a.mkv").video.interlaced is True


@given(
    size=st.sampled_from([1024, 1536, 960]),
    first=st.integers(-2000, 10**7),
    gaps=st.lists(st.tuples(st.integers(60, 300), st.integers(500, 10**6)), max_size=3),
    phase=st.floats(0, 1),
)
def test_runs_are_found_behind_rounded_stamps(size, first, gaps, phase) -> None:
    places, at, meant = [], first, [(0, first)]
    for length, gap in [*gaps, (200, 0)]:
        places += [at + n * size for n in range(length)]
        at += length * size + gap
        meant.append((len(places), at))
    stamps = np.floor(np.array(places) / 48 + phase).astype(np.int64)  # whole milliseconds
    runs = find_runs(stamps, Fraction(1, 1000), Fraction(0), 48000, size)
    assert [packet for packet, _ in runs] == [packet for packet, _ in meant[:-1]]
    # A third of a millisecond between packets averages out; whole ones keep their rounding.
    bias, slack = (48 * (phase - 0.5), 9) if size == 1024 else (0, 49)
    assert all(
        abs(found - true - bias) <= slack for (_, found), (_, true) in zip(runs, meant, strict=False)
    )


def test_sizes_of_packets_are_told_by_their_spacing() -> None:
    stamps = np.round(np.arange(300) * 1536 / 44.1).astype(np.int64)
    assert packet_size("ac3", stamps, Fraction(1, 1000), 44100) == 1536
    assert packet_size("ac3", stamps * 2, Fraction(1, 1000), 44100) == 0
    assert packet_size("vorbis", stamps, Fraction(1, 1000), 44100) == 0


def ms(samples: np.ndarray, rate: int = 48000) -> np.ndarray:
    return np.round(samples * 1000 / rate).astype(np.int64)


def laced(n: int, size: int, lace: int, guessed_ms: int, rate: int = 48000) -> np.ndarray:
    """Stamps of packets of which each `lace` share a true one; the others count whole milliseconds on."""
    number = np.arange(n)
    return ms(number // lace * lace * float(size), rate) + number % lace * guessed_ms


@given(
    lace=st.sampled_from([1, 4, 8, 16, 30]),
    guessed=st.sampled_from([9, 10, 11, 12]),
    at=st.integers(100, 300),
    lost=st.integers(1, 60),
)
@example(lace=30, guessed=9, at=150, lost=60)
def test_stamps_that_come_back_break_no_run_and_those_that_stay_do(lace, guessed, at, lost) -> None:
    stamps = laced(500, 512, lace, guessed)
    steady = find_runs(stamps, Fraction(1, 1000), Fraction(0), 48000, 512)
    assert len(steady) == 1
    assert abs(steady[0][1]) <= 0.0035 * 48000
    gap = np.delete(stamps, np.s_[at : at + lost])
    runs = find_runs(gap, Fraction(1, 1000), Fraction(0), 48000, 512)
    # One or two packets hide among guesses that stray by as much.
    if lace * abs(guessed - 32 / 3) + 4 < lost * 32 / 3:
        assert [packet for packet, _ in runs] == [0, at]
        assert abs(runs[1][1] - (at + lost) * 512) <= 0.0035 * 48000


def test_one_wild_stamp_is_no_run_of_its_own_and_does_not_move_the_others() -> None:
    stamps = ms(np.arange(400) * 1024.0)
    stamps[[50, 51, 200]] += 4000
    ((_, first),) = find_runs(stamps, Fraction(1, 1000), Fraction(0), 48000, 1024)
    assert abs(first) < 24


@pytest.mark.parametrize(
    ("before", "after"), [(48000, 44100), (44100, 48000), (24000, 22050), (48000, 24000)]
)
@pytest.mark.parametrize("lace", [1, 15])
def test_packets_whose_length_changes_are_not_placed_by_their_number(before, after, lace) -> None:
    lengths = np.repeat([1024.0, 1024.0 * before / after], [300, 400])
    places = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    stamps = ms(places[np.arange(700) // lace * lace] + np.arange(700) % lace * 1024.0, before)
    assert find_runs(stamps[:300], Fraction(1, 1000), Fraction(0), before, 1024) != ()
    assert find_runs(stamps, Fraction(1, 1000), Fraction(0), before, 1024) == ()


@given(st.lists(st.one_of(st.none(), st.integers(-3000, 3000)), max_size=200))
def test_a_run_of_whatever_stamps_has_a_place_among_them(stamps) -> None:
    offsets = np.array([np.nan if stamp is None else stamp for stamp in stamps], np.float64)
    place = run_place(offsets, 144.0)
    known = offsets[~np.isnan(offsets)]
    assert place is None if not len(known) else known.min() <= place <= known.max()
