from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdia.errors import ReleaseError
from mmdia.schema.fingerprint import METHOD, Fingerprint, SoundBands

MADE = Fingerprint(bytes(range(40)), 4, 0.032, 0.064, METHOD)


@given(
    st.binary(max_size=64),
    st.sampled_from([1, 2, 4]),
    st.floats(1e-3, 1),
    st.floats(-10, 10),
    st.text("abc/1", max_size=16),
)
def test_bytes_give_the_same_value_back(
    data: bytes, width: int, step: float, start: float, name: str
) -> None:
    made = Fingerprint(data[: len(data) // width * width], width, step, start, name)
    assert Fingerprint.from_bytes(made.to_bytes()) == made


def test_head_is_as_documented() -> None:
    raw = MADE.to_bytes()
    assert len(raw) == 64 + 40
    assert raw[:4] == b"MMFP"
    assert struct.unpack_from("<HH", raw, 4) == (1, 4)
    assert raw[8:24].rstrip(b"\0").decode() == METHOD
    assert struct.unpack_from("<ddQ", raw, 24) == (0.032, 0.064, 10)
    assert raw[64:] == MADE.data


def test_count_and_duration() -> None:
    assert MADE.count == 10
    assert MADE.duration_s == pytest.approx(0.32)
    bands = SoundBands(bytes(12), 4, 0.016, 0.064, 180.0, METHOD)
    assert (bands.count, bands.duration_s) == (3, pytest.approx(0.048))


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "no audio fingerprint"),
        (b"RIFF" + bytes(100), "no audio fingerprint"),
        (MADE.to_bytes()[:30], "cut off"),
        (MADE.to_bytes()[:-1], "cut off"),
        (MADE.to_bytes() + b"x", "bytes too many"),
        (b"MMFP" + struct.pack("<H", 9) + MADE.to_bytes()[6:], "another format version"),
        (MADE.to_bytes()[:70] + b"\xff" + MADE.to_bytes()[71:], "damaged"),
        (MADE.to_bytes()[:25] + b"\x01" + MADE.to_bytes()[26:], "damaged"),
        (MADE.to_bytes()[:24] + struct.pack("<d", -1.0) + MADE.to_bytes()[32:], "makes no sense"),
    ],
)
def test_what_is_no_fingerprint_says_so(raw: bytes, says: str) -> None:
    with pytest.raises(ReleaseError, match=says) as caught:
        Fingerprint.from_bytes(raw, where="a.mmfp")
    assert caught.value.path == "a.mmfp"
