"""Times: exact, rounded once, refused when they are none."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmdia.errors import UsageError
from mmdia.release.importers.clock import clock_ms, dots_ms, round_ms, time_reader, timecode_ms

NTSC = Fraction(30000, 1001)


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("00:16:16,059", 976059),
        ("0:12:43,012", 763012),
        ("00:00:03.795", 3795),
        ("01:02.5", 62500),
        ("0:00:01,2345", 1235),
        ("-00:00:01.5", -1500),
        ("00:00:60,000", None),
        ("00:60:00,000", None),
        ("00:00:01:12", None),
        ("12", None),
        ("", None),
    ],
)
def test_clock(text: str, ms: int | None) -> None:
    assert clock_ms(text) == ms


@pytest.mark.parametrize(
    ("text", "rate", "ms"),
    [
        ("00:23:48:04", Fraction(25), (23 * 60 + 48) * 1000 + 160),
        ("00:00:01:24", Fraction(25), 1960),
        ("00:16:18:30", Fraction(25), None),
        ("00:31:55:142", Fraction(25), None),
        ("01:00:00:00", NTSC, 3603600),
        ("01:00:00;00", NTSC, 3599996),
        ("00:01:00;00", NTSC, None),
        ("00:01:00;02", NTSC, 60060),
        ("00:01:00;02", Fraction(25), None),
    ],
)
def test_timecode(text: str, rate: Fraction, ms: int | None) -> None:
    assert timecode_ms(text, rate) == ms


@given(st.integers(0, 359_999_999))
def test_a_clock_says_its_milliseconds(ms: int) -> None:
    seconds, rest = divmod(ms, 1000)
    text = f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    assert clock_ms(f"{text},{rest:03d}") == ms == clock_ms(f"{text}.{rest:03d}")
    assert time_reader("auto")(f"{text},{rest:03d}") == ms
    assert time_reader("ms")(ms) == ms
    assert time_reader("s")(f"{seconds}.{rest:03d}") == ms
    if seconds < 999 * 3600:
        dots = f"{seconds // 3600:02d}.{seconds // 60 % 60:02d}.{seconds % 60:02d}.{rest:03d}"
        assert dots_ms(dots) == ms


@given(st.integers(0, 5_000_000), st.sampled_from([Fraction(24), Fraction(25), Fraction(24000, 1001)]))
def test_a_time_code_counts_frames(frame: int, rate: Fraction) -> None:
    nominal = round(rate)
    seconds, rest = divmod(frame, nominal)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}:{rest:02d}"
    assert timecode_ms(text, rate) == round_ms(Fraction(frame) / rate) == time_reader("frames", rate)(frame)


@pytest.mark.parametrize("value", ["nan", "inf", "1e400", "9" * 40, None, True, "", "about 5"])
def test_what_is_no_time_is_none(value: object) -> None:
    for form in ("auto", "clock", "s", "ms"):
        assert time_reader(form)(value) is None


def test_frames_need_a_rate() -> None:
    with pytest.raises(UsageError, match="--fps"):
        time_reader("auto")("00:00:01:12")
    with pytest.raises(UsageError, match="--fps"):
        time_reader("frames")
    with pytest.raises(UsageError, match="time format"):
        time_reader("hours")
