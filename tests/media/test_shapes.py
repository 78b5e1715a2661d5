"""Pictures keep their shape: pixels that are not square, rotation, other sizes, changes within a film."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import pytest
from PIL import Image

from mmdia.media.cut import ClipRequest, ClipResult, VideoParams, cut_media
from mmdia.media.index import build_index
from mmdia.media.lossless import copy_refusal
from mmdia.media.window import snap
from tests.media import film
from tests.media.test_odd_pictures import turned
from tests.media.test_packet_facts import encode

WIDE = Fraction(16, 11)
SHAPE = Fraction(film.WIDTH, film.HEIGHT)
#: Encoder, its options, and two shapes of pixels that the codec can tell (MPEG-2: 4:3 and 16:9 in all).
CODECS = {
    "h264": ("libx264", {"preset": "ultrafast", "g": "25"}, (Fraction(12, 11), WIDE)),
    "mpeg2video": ("mpeg2video", {"g": "12"}, (Fraction(4, 5), Fraction(16, 15))),
}


def cut(path: Path, folder: Path, a: float = 1.0, b: float = 1.4, **options) -> ClipResult:
    wanted = ClipRequest("x", a, b, video_path=folder / "x.mp4", stills=((a, folder / "x.jpg"),))
    results: list[ClipResult] = []
    cut_media(path, [wanted], index=build_index(path), on_clip=results.append, **options)
    return results[0]


def shown(path: Path) -> Fraction:
    """Width by height of a clip on a screen, by what the file says."""
    with av.open(str(path)) as clip:
        stream = clip.streams.video[0]
        return Fraction(stream.sample_aspect_ratio or 1) * Fraction(stream.width, stream.height)


def with_container_shape(source: Path, target: Path, aspect: Fraction) -> Path:
    """The film in a container that says what shape its pixels have, which the pictures do not."""
    with av.open(str(source)) as given, av.open(str(target), "w") as out:
        stream = out.add_stream_from_template(given.streams.video[0], opaque=True)
        stream.codec_context.sample_aspect_ratio = aspect
        for packet in given.demux(video=0):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    return target


@pytest.mark.slow
@pytest.mark.parametrize(("codec", "name"), [("h264", "a.mp4"), ("h264", "a.ts"), ("mpeg2video", "a.vob")])
def test_clips_and_stills_agree_on_the_shape(tmp_path, codec: str, name: str) -> None:
    encoder, options, (_, aspect) = CODECS[codec]
    encode(tmp_path / name, encoder, options, sample_aspect_ratio=aspect)
    told = cut(tmp_path / name, tmp_path)
    ratio = f"{aspect.numerator}:{aspect.denominator}"
    found = (told.video.sample_aspect_ratio, told.video.width, told.video.height)
    assert found == (ratio, film.WIDTH, film.HEIGHT)
    assert shown(tmp_path / "x.mp4") == SHAPE * aspect
    with Image.open(tmp_path / "x.jpg") as still:
        assert still.size == (round(film.WIDTH * aspect), film.HEIGHT)


def test_what_the_container_says_counts_in_copies_too(films, tmp_path) -> None:
    path = with_container_shape(films["silent.mp4"], tmp_path / "wide.mp4", WIDE)
    for lossless in (False, True):
        assert cut(path, tmp_path, lossless=lossless).video.sample_aspect_ratio == "16:11"
        assert shown(tmp_path / "x.mp4") == SHAPE * WIDE


def test_lying_pictures_and_other_heights_keep_the_shape(films, tmp_path) -> None:
    wide = with_container_shape(films["silent.mp4"], tmp_path / "wide.mp4", WIDE)
    lying = turned(wide, tmp_path / "lying.mp4", 90)
    told = cut(lying, tmp_path)
    assert (told.video.sample_aspect_ratio, told.video.width) == ("11:16", film.HEIGHT)
    assert shown(tmp_path / "x.mp4") == 1 / (SHAPE * WIDE)
    cut(lying, tmp_path, video=VideoParams(height=38))  # the width is rounded: other pixels, same shape
    assert float(shown(tmp_path / "x.mp4") * SHAPE * WIDE) == pytest.approx(1, abs=1e-3)


@pytest.mark.slow
@pytest.mark.parametrize("codec", CODECS)
def test_a_shape_that_changes_within_the_film(tmp_path, codec: str) -> None:
    """As on television between a film and the advertisements: the size stays, the shape does not."""
    encoder, options, aspects = CODECS[codec]
    for number, aspect in enumerate(aspects):
        encode(tmp_path / f"{number}.ts", encoder, options, 50, sample_aspect_ratio=aspect)
    with av.open(str(tmp_path / "film.ts"), "w") as out:
        stream = None
        for number in range(2):
            with av.open(str(tmp_path / f"{number}.ts")) as given:
                video = given.streams.video[0]
                stream = stream or out.add_stream_from_template(video, opaque=True)
                for packet in given.demux(video):
                    if packet.size:
                        packet.pts += number * 50 * 3600
                        packet.dts += number * 50 * 3600
                        packet.stream = stream
                        out.mux(packet)
    index = build_index(tmp_path / "film.ts")
    assert index.video.aspects == ((0, aspects[0]), (50, aspects[1]))
    for span, aspect, over in ((0.2, 1.0), 0, False), ((2.2, 3.0), 1, False), ((1.5, 2.5), 0, True):
        told = cut(tmp_path / "film.ts", tmp_path, *span)
        if over and told.error_code == "decode_error":
            continue  # FFmpeg before 8 loses a picture of MPEG-2 where the shape changes
        assert shown(tmp_path / "x.mp4") == SHAPE * aspects[aspect]
        assert told.video.reshaped is over
        assert (copy_refusal(index, snap(index, *span)) is not None) is over
    assert cut(tmp_path / "film.ts", tmp_path, 1.5, 2.5, lossless=True).error_code == "not_copyable"
    assert cut(tmp_path / "film.ts", tmp_path, 2.2, 3.0, lossless=True).error_code is None
    assert shown(tmp_path / "x.mp4") == SHAPE * aspects[1]


@pytest.mark.slow
def test_mpeg_1_is_not_copied(tmp_path) -> None:
    """libavformat hides other pictures of it than an edit list names."""
    encode(tmp_path / "a.mpg", "mpeg1video", {"g": "12", "bf": "2"})
    assert "mpeg1video" in (copy_refusal(build_index(tmp_path / "a.mpg")) or "")
