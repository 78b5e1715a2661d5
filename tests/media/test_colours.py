"""Colours of clips and stills are the film's: matrices, ranges, HDR, Dolby Vision."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from mmdia.media import colour
from mmdia.media.cut import ClipRequest, ClipResult, VideoParams, cut_media
from mmdia.media.dolby_vision import profile_of
from mmdia.media.index import build_index
from tests.media.test_shapes import cut

PQ, HLG = 16, 18
#: Kr and Kb of a matrix by its number.
LUMA = {1: (0.2126, 0.0722), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}


def flat(values: tuple[int, int, int], pixels: str, *, matrix: int, full: bool) -> av.VideoFrame:
    """A frame of one colour, by its code values."""
    frame = av.VideoFrame(64, 48, pixels)
    kind = "<u2" if pixels.endswith("10le") else "u1"
    for plane, value in zip(frame.planes, values, strict=True):
        plane.update(np.full(plane.buffer_size // np.dtype(kind).itemsize, value, kind).tobytes())
    frame.colorspace, frame.color_range = matrix, 2 if full else 1
    frame.pts, frame.time_base = 0, Fraction(1, 25)
    return frame


def write(path: Path, frame: av.VideoFrame, codec: str, pixels: str, transfer: int = 2) -> Path:
    """A film of this frame alone, with its colours' tags."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25, options={"qp": "1"} if codec == "libx264" else {})
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, pixels
        context = stream.codec_context
        context.colorspace, context.color_range = frame.colorspace, frame.color_range
        context.color_trc, context.color_primaries = transfer, 9 if transfer in (PQ, HLG) else 2
        for frame.pts in range(20):
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    return path


def as_code(rgb: tuple[int, int, int], matrix: int, *, full: bool) -> tuple[int, int, int]:
    """8-bit luma and chroma of a colour (ITU-T H.273)."""
    r, g, b = (v / 255 for v in rgb)
    kr, kb = LUMA[matrix]
    y = kr * r + (1 - kr - kb) * g + kb * b
    cb, cr = (b - y) / (2 - 2 * kb), (r - y) / (2 - 2 * kr)
    scale, chroma, foot = (255, 255, 0) if full else (219, 224, 16)
    return round(y * scale + foot), round(cb * chroma + 128), round(cr * chroma + 128)


@pytest.mark.slow
@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("matrix", [1, 6, 9])
@pytest.mark.parametrize("codec", ["libx264", "ffv1"])
def test_matrix_and_range_are_the_films(tmp_path, codec: str, matrix: int, full: bool) -> None:
    rgb = (192, 48, 32)
    code = as_code(rgb, matrix, full=full)
    pixels = "yuvj420p" if full and codec == "libx264" else "yuv420p"
    path = write(tmp_path / "a.mkv", flat(code, pixels, matrix=matrix, full=full), codec, pixels)
    assert cut(path, tmp_path, 0.1, 0.5).error_code is None
    with av.open(str(tmp_path / "x.mp4")) as clip:
        frame = next(clip.decode(video=0))
        assert (int(frame.colorspace), int(frame.color_range) == 2) == (matrix, full)
        found = [np.frombuffer(p, np.uint8).reshape(-1, p.line_size)[8, 8] for p in frame.planes]
    assert np.abs(np.array(found, int) - code).max() <= 2
    with Image.open(tmp_path / "x.jpg") as still:
        assert np.abs(np.array(still.getpixel((30, 20))) - rgb).max() <= 4


@pytest.mark.parametrize(
    ("light", "level"), [(0.0, 0), (1.0, 28), (50.0, 142), (203.0, 230), (1000.0, 255)]
)
def test_hdr_stills_show_light_as_common_screens_do(light: float, level: int) -> None:
    """203 cd/m² are reference white (ITU-R BT.2408); below the knee SDR shows light / 203, gamma 2.4."""
    code = round(64 + 876 * float(colour._pq(light)))
    grey = colour.as_rgb(flat((code, 512, 512), "yuv420p10le", matrix=9, full=False), PQ).to_ndarray()
    assert np.abs(grey[20, 20].astype(int) - level).max() <= 2
    if 1 <= light <= 50:
        assert level == pytest.approx(255 * (light / 203) ** (1 / 2.4), abs=3)


def test_hlg_and_pq_agree_on_reference_white() -> None:
    """75 % of HLG are 203 cd/m² (ITU-R BT.2408, table 1)."""
    white = colour.as_rgb(flat((64 + 657, 512, 512), "yuv420p10le", matrix=9, full=False), HLG)
    assert np.abs(white.to_ndarray()[20, 20].astype(int) - 230).max() <= 2


@pytest.mark.slow
@pytest.mark.parametrize(("transfer", "name"), [(PQ, "smpte2084"), (HLG, "arib-std-b67")])
def test_hdr_clips_keep_depth_and_tags_or_are_made_sdr(tmp_path, transfer: int, name: str) -> None:
    frame = flat((500, 450, 600), "yuv420p10le", matrix=9, full=False)
    path = write(tmp_path / "a.mkv", frame, "libx264", "yuv420p10le", transfer)
    told = cut(path, tmp_path, 0.1, 0.5)
    assert (told.video.transfer, told.video.bit_depth, told.stills[0].tone_mapped) == (name, 10, True)
    with av.open(str(tmp_path / "x.mp4")) as clip:
        kept = next(clip.decode(video=0))
        assert (kept.format.name, int(kept.colorspace)) == ("yuv420p10le", 9)
        luma = np.frombuffer(kept.planes[0], "<u2")[0]
    assert abs(int(luma) - 500) <= 4
    told = cut(path, tmp_path, 0.1, 0.5, video=VideoParams(tone_map=True))
    assert (told.video.transfer, told.video.bit_depth) == ("bt709", 8)
    with av.open(str(tmp_path / "x.mp4")) as clip, Image.open(tmp_path / "x.jpg") as still:
        made = next(clip.decode(video=0))
        assert int(made.colorspace) == colour.BT709
        seen = colour.as_rgb(made, colour.BT709).to_ndarray()[20, 20].astype(int)
        assert np.abs(seen - still.getpixel((20, 20))).max() <= 5
    told = cut(path, tmp_path, 0.1, 0.5, lossless=True)
    assert (told.video.transfer, told.video.bit_depth) == (name, 10)


@pytest.mark.slow
@pytest.mark.skipif("libx265" not in av.codecs_available, reason="this build of PyAV has no x265")
def test_the_mastering_display_is_kept(tmp_path) -> None:
    told = "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1)"
    with av.open(str(tmp_path / "a.mp4"), "w") as out:
        colours = "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"
        params = f"log-level=none:hdr10=1:{colours}:{told}:max-cll=1000,400"
        stream = out.add_stream("libx265", rate=25, options={"preset": "ultrafast", "x265-params": params})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p10le"
        frame = flat((500, 500, 512), "yuv420p10le", matrix=9, full=False)
        for frame.pts in range(20):
            out.mux(stream.encode(frame))
        out.mux(stream.encode())
    assert cut(tmp_path / "a.mp4", tmp_path, 0.1, 0.5).video.transfer == "smpte2084"
    with av.open(str(tmp_path / "a.mp4")) as film, av.open(str(tmp_path / "x.mp4")) as clip:
        pictures = [colour.light_params(next(opened.decode(video=0))) for opened in (film, clip)]
    assert pictures[0] == pictures[1]
    assert "L(10000000,1):cll=1000,400" in pictures[0]["x264-params"]


def record(profile: int) -> bytes:
    return bytes([1, 0, profile << 1, 0x2D, 0x10]) + bytes(19)


def with_record(source: Path, target: Path, profile: int) -> Path:
    """The film with a record of Dolby Vision at the end of its movie box, which lies last."""
    raw = source.read_bytes()
    at = raw.rindex(b"moov") - 4
    box = (32).to_bytes(4, "big") + b"dvcC" + record(profile)
    assert at + int.from_bytes(raw[at : at + 4], "big") == len(raw)
    target.write_bytes(raw[:at] + (len(raw) - at + len(box)).to_bytes(4, "big") + raw[at + 4 :] + box)
    return target


@pytest.mark.parametrize(("profile", "code"), [(5, "dolby_vision_5"), (8, None)])
def test_dolby_visions_own_colours_are_refused(films, tmp_path, profile: int, code: str | None) -> None:
    path = with_record(films["base.mp4"], tmp_path / "a.mp4", profile)
    index = build_index(path)
    assert index.video.dolby_vision == profile
    assert cut(path, tmp_path).error_code == code
    assert cut(path, tmp_path, lossless=True).error_code == code
    heard: list[ClipResult] = []
    wanted = ClipRequest("x", 1.0, 1.4, audio_path=tmp_path / "x.flac")
    cut_media(path, [wanted], index=index, on_clip=heard.append)
    assert heard[0].error_code is None


def test_records_of_dolby_vision_are_found_in_other_containers(films, tmp_path) -> None:
    matroska = b"\x41\xe4\xaa\x41\xe7\x84dvcC\x41\xed\x98" + record(5)
    stream = b"\x05\x04DOVI\xb0\x05" + record(5)[:5]
    for container, data in ("matroska,webm", matroska), ("mpegts", stream):
        (tmp_path / "x").write_bytes(os.urandom(500) + data + os.urandom(500))
        assert profile_of(tmp_path / "x", container, "hevc") == 5
        assert profile_of(tmp_path / "x", container, "mpeg2video") is None
    assert profile_of(films["base.mp4"], "mov,mp4,m4a,3gp,3g2,mj2", "h264") is None
