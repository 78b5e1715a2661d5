"""Files are told apart, and what is no media says what to do."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from mmdia.errors import MediaNotFound, MediaUnreadable, UsageError
from mmdia.media.index import build_index
from mmdia.media.probe import is_media_name, media_hash, probe
from mmdia.media.tracks import same_language

LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n"


@pytest.mark.parametrize(
    ("content", "words", "cure"),
    [
        (LFS, "Git LFS pointer", "git lfs pull"),
        (b"", "empty", "again"),
        (b"\n<!DOCTYPE html><html><body>403</body></html>", "web page", "download"),
        (b"<html lang=en>", "web page", "download"),
        (b"1\n00:00:01,000 --> 00:00:02,000\nHello.\n", "neither picture nor sound", "subtitle"),
        (bytes(range(256)) * 40, "no media", "player"),
    ],
)
def test_what_is_no_media_says_so(tmp_path, content: bytes, words: str, cure: str) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(content)
    with pytest.raises(MediaUnreadable, match=words) as caught:
        probe(path)
    assert cure in (caught.value.hint or "")
    assert caught.value.path == str(path)


def test_folders_and_absent_files(tmp_path) -> None:
    with pytest.raises(MediaUnreadable, match="folder"):
        probe(tmp_path)
    with pytest.raises(MediaNotFound):
        probe(tmp_path / "none.mkv")
    with pytest.raises(FileNotFoundError):
        media_hash(tmp_path / "none.mkv")


def test_a_truncated_mp4_is_called_truncated(films, tmp_path) -> None:
    raw = films["base.mp4"].read_bytes()
    moov = raw.index(b"moov")
    assert moov > len(raw) // 2, "the film's table of contents stands at its end"
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(raw[: moov - 200])
    with pytest.raises(MediaUnreadable, match="truncated") as caught:
        probe(cut)
    assert "again" in (caught.value.hint or "")


def test_what_a_film_holds(films) -> None:
    info = probe(films["late.mkv"])
    assert (info.start_s, info.size) == (7, films["late.mkv"].stat().st_size)
    (video,) = info.video
    assert (video.codec, video.rate, video.width, video.height) == ("h264", Fraction(24000, 1001), 160, 96)
    assert video.rotation == 0
    (audio,) = info.audio
    assert (audio.codec, audio.sample_rate, audio.channels, audio.number) == ("aac", 48000, 2, 0)
    assert probe(films["base.mp4"]).duration_s == pytest.approx(8.008, abs=0.03)
    assert probe(films["six.mkv"]).audio[0].layout == "5.1"


def test_content_identity_is_of_the_content(films, tmp_path) -> None:
    copy = tmp_path / "other name.bin"
    copy.write_bytes(films["base.mp4"].read_bytes())
    assert media_hash(copy) == media_hash(films["base.mp4"])
    assert media_hash(films["base.mkv"]) != media_hash(films["base.mp4"])
    big = tmp_path / "big"
    big.write_bytes(bytes(6 << 20))
    before = media_hash(big)
    for at in (0, 3 << 20, (6 << 20) - 1):
        changed = bytearray(6 << 20)
        changed[at] = 1
        big.write_bytes(changed)
        assert media_hash(big) != before
    big.write_bytes(bytes((6 << 20) + 1))
    assert media_hash(big) != before


@pytest.mark.parametrize(
    ("name", "is_media"),
    [
        ("a.mkv", True),
        ("A.MP4", True),
        ("a.srt", False),
        ("a.mp4.part", False),
        (".a.mp4", False),
        ("x", False),
    ],
)
def test_media_names(name: str, is_media: bool) -> None:
    assert is_media_name(Path("folder") / name) is is_media


def test_choice_of_the_sound_track(tmp_path) -> None:
    """Default flag beats order, commentary loses against it, languages match over code tables."""
    import av
    import numpy as np

    path = tmp_path / "tracks.mkv"
    tracks = [
        ("ger", "", False),
        ("eng", "Director's commentary", True),
        ("eng", "", False),
        ("fra", "", False),
    ]
    with av.open(str(path), "w") as out:
        streams = []
        for language, title, default in tracks:
            stream = out.add_stream("flac", rate=8000, layout="mono")
            stream.metadata.update({"language": language, "title": title})
            stream.disposition = av.stream.Disposition.default.value if default else 0
            streams.append(stream)
        for stream in streams:
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 4096), np.int16), "s16", "mono")
            frame.sample_rate, frame.pts = 8000, 0
            for packet in [*stream.encode(frame), *stream.encode()]:
                out.mux(packet)
    assert [a.commentary for a in probe(path).audio] == [False, True, False, False]
    wishes = {None: 0, "en": 2, "eng": 2, "de": 0, "fr-FR": 3, 1: 1, "1": 1}
    assert {wish: build_index(path, wish).audio.number for wish in wishes} == wishes
    for wrong in ("ja", 4):
        with pytest.raises(UsageError):
            build_index(path, wrong)


@pytest.mark.parametrize("suffix", ["wav", "mkv", "avi", "mp4"])
def test_tags_that_are_not_utf8_are_readable(tmp_path, suffix: str) -> None:
    import av
    import numpy as np

    path = tmp_path / f"tagged.{suffix}"
    with av.open(str(path), "w") as out:
        out.metadata["title"] = "CafXYZ"
        stream = out.add_stream("aac" if suffix == "mp4" else "pcm_s16le", rate=48000, layout="mono")
        stream.metadata["title"] = "CafXYZ"
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        frame.sample_rate, frame.pts = 48000, 0
        for packet in [*stream.encode(frame), *stream.encode()]:
            out.mux(packet)
    path.write_bytes(path.read_bytes().replace(b"CafXYZ", b"Caf\xe9\xff."))
    found = probe(path)
    assert found.title == "Caf\ufffd\ufffd."
    assert {found.audio[0].title} <= {None, found.title}
    assert found.audio[0].title == found.title or suffix in ("wav", "mp4")


def test_language_tags() -> None:
    assert same_language("de-AT", "ger")
    assert same_language("zh", "chi")
    assert not same_language("en", "de")
    assert not same_language(None, "en")


#: Files that other projects collected for their oddities: (streams of picture, of sound, trait).
EDGE = {
    "decord-video_90.mov": (1, 0, lambda i: i.video[0].rotation == 90),
    "decord-video_180.mov": (1, 0, lambda i: i.video[0].rotation == 180),
    "decord-video_270.mov": (1, 0, lambda i: i.video[0].rotation == 270),
    "moviepy-with-attached-pic.mp3": (0, 1, lambda i: i.start_s == Fraction(2399, 200000)),
    "moviepy-no_duration.webm": (1, 1, lambda i: i.duration_s is None and i.audio[0].language == "eng"),
    "moviepy-big_buck_bunny_432_433.webm": (1, 1, lambda i: i.video[0].codec == "vp8"),
    "torchcodec-av1_video.mkv": (1, 0, lambda i: i.video[0].codec == "av1"),
    "torchcodec-h264_10bits.mp4": (1, 0, lambda i: i.video[0].pixel_format == "yuv420p10le"),
    "torchcodec-h265_video.mp4": (1, 0, lambda i: i.video[0].rate == 10),
    "torchcodec-sine_mono_s32_8000.wav": (0, 1, lambda i: i.audio[0].sample_rate == 8000),
    "hfdatasets-test_audio_48000.opus": (0, 1, lambda i: i.audio[0].layout == "mono"),
    "shaka-small.mp4": (1, 1, lambda i: i.duration_s == 10),
    "decord-unordered.mov": (1, 0, lambda i: i.video[0].rate == 32),
}
#: Files in which nothing can be cut, and a word of the message.
UNUSABLE = {
    "lerobot-lfs-pointer.mp4": "LFS",
    "shaka-sintel-video-segment.mp4": "segment",
    "shaka-sintel-audio-segment.mp4": "segment",
    "shaka-sintel-video-init.mp4": "no frame",
}


def fragmented(source: Path, target: Path) -> bytes:
    with (
        av.open(str(source)) as given,
        av.open(str(target), "w", options={"movflags": "frag_keyframe+empty_moov"}) as out,
    ):
        stream = out.add_stream_from_template(given.streams.video[0])
        for packet in (p for p in given.demux(video=0) if p.size):
            packet.stream = stream
            out.mux(packet)
    return target.read_bytes()


def test_a_fragmented_film_that_is_cut_off_says_so_wherever_it_is_cut(films, tmp_path) -> None:
    raw = fragmented(films["base.mp4"], tmp_path / "whole.mp4")
    moov, moof, mdat = (raw.index(name) for name in (b"moov", b"moof", b"mdat"))
    cut = tmp_path / "cut.mp4"
    for size in (moov + 200, moof - 4, moof + 40, mdat + 900):
        cut.write_bytes(raw[:size])
        with pytest.raises(MediaUnreadable) as caught:
            probe(cut)
            build_index(cut)
        assert caught.value.code == "truncated_media", size


def without_stamps(raw: bytes) -> bytes:
    """A program stream whose packets of picture lost their stamps: their headers are all stuffing."""
    content, at = bytearray(raw), 0
    while (at := content.find(b"\0\0\1\xe0", at)) >= 0:
        length = content[at + 8]
        content[at + 7] &= 0x3F
        content[at + 9 : at + 9 + length] = b"\xff" * length
        at += 9
    return bytes(content)


def test_a_stream_without_stamps_is_refused_for_that(tmp_path) -> None:
    path = tmp_path / "film.vob"
    with av.open(str(path), "w", format="vob") as out:
        stream = out.add_stream("mpeg2video", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for _ in range(60):
            out.mux(stream.encode(av.VideoFrame(64, 48, "yuv420p")))
        out.mux(stream.encode())
    path.write_bytes(without_stamps(path.read_bytes()))
    with pytest.raises(MediaUnreadable, match="says when") as caught:
        build_index(path)
    assert caught.value.code == "invalid_media"
    remuxed = tmp_path / "sounding.vob"  # with sound whose stamps are there, the picture alone is lost
    with av.open(str(remuxed), "w", format="vob") as out:
        picture = out.add_stream("mpeg2video", rate=25)
        picture.width, picture.height, picture.pix_fmt = 64, 48, "yuv420p"
        sound = out.add_stream("mp2", rate=48_000, layout="mono")
        for n in range(60):
            out.mux(picture.encode(av.VideoFrame(64, 48, "yuv420p")))
            heard = av.AudioFrame.from_ndarray(np.zeros((1, 1920), np.int16), "s16", "mono")
            heard.sample_rate, heard.pts, heard.time_base = 48_000, 1920 * n, Fraction(1, 48_000)
            out.mux(sound.encode(heard))
        out.mux(picture.encode())
        out.mux(sound.encode())
    remuxed.write_bytes(without_stamps(remuxed.read_bytes()))
    assert build_index(remuxed).damaged == ("stamps",)


def test_odd_files(shared_data: Path) -> None:
    folder = shared_data / "media_edge"
    for name, (pictures, sounds, trait) in EDGE.items():
        info = probe(folder / name)
        assert (len(info.video), len(info.audio)) == (pictures, sounds), name
        assert trait(info), name
    for name, word in UNUSABLE.items():
        with pytest.raises(MediaUnreadable, match=word):
            build_index(folder / name)


def test_every_shared_file_is_read_or_refused_in_words(shared_data: Path) -> None:
    for path in [*(shared_data / "media_edge").iterdir(), *(shared_data / "clips").rglob("*.mp4")]:
        # The header of a sound track without its segments can be probed, and holds nothing to index.
        if path.name in UNUSABLE or path.name == "shaka-sintel-audio-init.mp4":
            with pytest.raises(MediaUnreadable):
                build_index(path)
        else:
            index = build_index(path)
            assert index.video is not None or index.audio is not None
