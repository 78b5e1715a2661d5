"""Colours as a screen shows them: pictures of high dynamic range (HDR) are tone-mapped to BT.709.

PQ and HLG code values (ITU-R BT.2100) are made into light in cd/m² (HLG for a display of 1000 cd/m²,
system gamma 1.2); what is brighter than the knee is rolled off in PQ by the curve of BT.2390-10,
5.4.1, from a peak of 1000 cd/m² to reference white, 203 cd/m² (BT.2408), by the greatest of R, G and B,
so that hues stay; BT.2020 primaries become BT.709 (BT.2087), and the display gamma is 2.4 (BT.1886).
All this is worked out once for a grid of colours, between which a filter interpolates.
"""

from __future__ import annotations

import struct
import tempfile
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, cast

import av
import av.filter
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Names of transfer characteristics by their number in ITU-T H.273; 2 says nothing.
TRANSFERS = {
    1: "bt709", 4: "bt470m", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 8: "linear", 9: "log100",
    10: "log316", 11: "iec61966-2-4", 12: "bt1361e", 13: "iec61966-2-1", 14: "bt2020-10",
    15: "bt2020-12", 16: "smpte2084", 17: "smpte428", 18: "arib-std-b67",
}  # fmt: skip
_PQ, _HLG = 16, 18
#: Number of BT.709's primaries, transfer and matrix alike.
BT709 = 1
#: Number of BT.601's matrix, which the scaler takes where none is told.
BT601 = 5
#: Names of matrices as the scaler takes them.
_MATRICES = {1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}

_PEAK, _WHITE = 1000.0, 203.0
_GRID = 33
_TO_BT709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])
_LUMA = np.array([0.2627, 0.6780, 0.0593])


def transfer_of(frame: av.VideoFrame, told: int) -> int:
    """Number of a frame's transfer characteristic; `told` by the container where it has none."""
    own = int(getattr(frame, "color_trc", 2))  # PyAV 17 and later
    return own if own in TRANSFERS else told


def is_hdr(transfer: int) -> bool:
    """Whether code values of this transfer are PQ or HLG."""
    return transfer in (_PQ, _HLG)


def bit_depth(frame_format: Any) -> int:
    """Bits of a sample."""
    return max((int(part.bits) for part in frame_format.components), default=8)


class Look(NamedTuple):
    """How the stored pictures of a clip are to be shown.

    Attributes:
        sample_aspect_ratio: Width of a stored pixel by its height, ``116:81``.
        transfer: Name of the transfer characteristic in ITU-T H.273, ``smpte2084``; None if not told.
        bit_depth: Bits of a sample; None if not known.
    """

    sample_aspect_ratio: str = "1:1"
    transfer: str | None = None
    bit_depth: int | None = None

    @classmethod
    def of(cls, stream: Any) -> Look:
        """What a file says of its picture."""
        context = stream.codec_context
        aspect = Fraction(stream.sample_aspect_ratio or context.sample_aspect_ratio or 1)
        return cls(
            f"{aspect.numerator}:{aspect.denominator}",
            TRANSFERS.get(int(context.color_trc)),
            None if context.format is None else bit_depth(context.format),
        )


def as_rgb(frame: av.VideoFrame, transfer: int) -> av.VideoFrame:
    """A frame as rgb24, by its own matrix and range; HDR is tone-mapped."""
    if is_hdr(transfer):
        return ToneMap(frame, transfer, "rgb24")(frame)
    if frame.format.is_rgb:
        return frame.reformat(format="rgb24")
    # All is said outright: PyAV before 17 takes every matrix for BT.601, and every range for limited.
    matrix, full = int(frame.colorspace), int(frame.color_range) == 2
    return cast(Any, frame).reformat(  # type: ignore[no-any-return]
        format="rgb24", src_colorspace=matrix if matrix in _MATRICES else BT601, dst_colorspace=BT601,
        src_color_range=2 if full else 1,
    )  # fmt: skip


class ToneMap:
    """A filter that makes HDR frames of one size into BT.709, limited range.

    Args:
        like: A frame of the size and format that come.
        transfer: Their transfer, PQ or HLG.
        target: Pixel format to be made.
    """

    def __init__(self, like: av.VideoFrame, transfer: int, target: str) -> None:
        matrix = _MATRICES.get(int(like.colorspace), "bt2020")
        full = int(like.color_range) == 2
        table = _table(transfer, wide=int(getattr(like, "color_primaries", 9)) != BT709)
        ranges = f"in_range={'full' if full else 'limited'}:out_range=full"
        self._graph: Any = av.filter.Graph()
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "map.cube")
            path.write_text(table, "ascii")
            self._graph.link_nodes(
                self._graph.add_buffer(
                    width=like.width, height=like.height, format=like.format, time_base=like.time_base
                ),
                self._graph.add("scale", f"in_color_matrix={matrix}:{ranges}"),
                self._graph.add("format", "gbrp10le"),
                self._graph.add("lut3d", f"file={_quoted(str(path))}:interp=tetrahedral"),
                self._graph.add("scale", "out_color_matrix=bt709:out_range=limited:flags=bicubic"),
                self._graph.add("format", target),
                self._graph.add("buffersink"),
            ).configure()

    def __call__(self, frame: av.VideoFrame) -> av.VideoFrame:
        """The frame in BT.709, of the same size."""
        self._graph.vpush(frame)
        return cast(av.VideoFrame, self._graph.vpull())


def _quoted(path: str) -> str:
    """A path as an argument of a filter: quoted once for the value."""
    return path.replace("\\", "/").replace("'", r"\'").replace(":", r"\:")


@lru_cache(maxsize=4)
def _table(transfer: int, *, wide: bool) -> str:
    """The mapping of code values to BT.709 as a 3D look-up table, ``.cube``; red runs fastest."""
    steps = np.linspace(0, 1, _GRID)
    blue, green, red = np.meshgrid(steps, steps, steps, indexing="ij")
    light = _light(np.stack([red, green, blue], -1).reshape(-1, 3), transfer)
    greatest = np.maximum(light.max(-1, keepdims=True), 1e-6)
    shown = light * (_rolled_off(greatest) / greatest) / _WHITE
    shown = shown @ _TO_BT709.T if wide else shown
    rows = shown.clip(0, 1) ** (1 / 2.4)
    return f"LUT_3D_SIZE {_GRID}\n" + "\n".join(" ".join(f"{v:.6f}" for v in row) for row in rows)


def _light(code: Floats, transfer: int) -> Floats:
    """Code values 0..1 as light of the display, cd/m²."""
    if transfer == _PQ:
        root = code ** (1 / 78.84375)
        ratio = np.maximum(root - 0.8359375, 0) / (18.8515625 - 18.6875 * root)
        return np.asarray(10_000 * ratio ** (1 / 0.1593017578125))
    high = (np.exp((code - 0.55991073) / 0.17883277) + 0.28466892) / 12
    scene = np.where(code <= 0.5, code**2 / 3, high)
    luma = np.maximum(scene @ _LUMA, 1e-9)[:, None]
    return np.asarray(_PEAK * luma**0.2 * scene)


def _pq(light: Floats | float) -> Floats:
    """Light in cd/m² as a PQ code value."""
    power = (np.asarray(light) / 10_000) ** 0.1593017578125
    return np.asarray(((0.8359375 + 18.8515625 * power) / (1 + 18.6875 * power)) ** 78.84375)


def _rolled_off(light: Floats) -> Floats:
    """Light after the knee of BT.2390: 1000 cd/m² become reference white, dark stays as it is."""
    peak = _pq(_PEAK)
    code, top = np.minimum(_pq(light) / peak, 1), _pq(_WHITE) / peak
    knee = 1.5 * top - 0.5
    t = (code - knee) / (1 - knee)
    rise = 3 * t**2 - 2 * t**3
    curve = (1 - rise) * knee + (t**3 - 2 * t**2 + t) * (1 - knee) + rise * top
    return _light(np.where(code < knee, code, curve) * peak, _PQ)


def light_params(frame: av.VideoFrame) -> dict[str, str]:
    """x264's options for what HDR10 says of the mastering display and of its brightest pictures."""
    told = {data.type.name: bytes(data) for data in cast(Any, frame).side_data}
    found = []
    display, light = told.get("MASTERING_DISPLAY_METADATA"), told.get("CONTENT_LIGHT_LEVEL")
    if display is not None and len(display) >= 88:
        numbers = struct.unpack_from("<22i", display)
        if numbers[20] and numbers[21]:  # both colours and light are told
            r = [n / max(d, 1) for n, d in zip(numbers[:20:2], numbers[1:20:2], strict=True)]
            x, y = [round(v * 50_000) for v in r[:8:2]], [round(v * 50_000) for v in r[1:8:2]]
            points = "".join(f"{k}({x[n]},{y[n]})" for k, n in (("G", 1), ("B", 2), ("R", 0), ("WP", 3)))
            found.append(f"mastering-display={points}L({round(r[9] * 10_000)},{round(r[8] * 10_000)})")
    if light is not None and len(light) >= 8:
        found.append("cll={},{}".format(*struct.unpack_from("<2I", light)))
    return {"x264-params": ":".join(found)} if found else {}
