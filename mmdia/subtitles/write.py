"""Write cues as SRT or WebVTT, so that reading them back gives the same times and raw texts.

What the formats cannot hold, and what is done:

* empty lines and arrows inside a text: written with a WORD JOINER that reading takes away (`lines.py`);
* negative times: written as 0; the cue stays, and `write_problems` says which;
* carriage returns are written as line feeds, NUL characters left out;
* SRT numbers cues 1, 2, 3...; WebVTT keeps identifiers and settings that are valid there.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from mmdia.schema.cue import Cue
from mmdia.subtitles.lines import payload_out
from mmdia.subtitles.times import srt_time, vtt_time
from mmdia.subtitles.track import Problem

_COORDINATES = re.compile(r"(?:[XYxy][12]:-?\d+\s*)+")
_SETTING = re.compile(r"(?:vertical|line|position|size|align|region):\S+")


def write_srt(cues: Iterable[Cue], *, clean: bool = False) -> str:
    """The cues as an SRT text, in the order given.

    Args:
        cues: Cues; none is dropped, whatever its times and text.
        clean: Write `text` (spoken words only) even where there is a `raw_text`.
    """
    out: list[str] = []
    for number, cue in enumerate(cues, start=1):
        settings = f"  {cue.settings.strip()}" if _COORDINATES.fullmatch(cue.settings.strip()) else ""
        times = f"{srt_time(max(0, cue.start_ms))} --> {srt_time(max(0, cue.end_ms))}"
        raw = cue.text if clean or not cue.raw_text else cue.raw_text
        out.append("\n".join([str(number), times + settings, *payload_out(raw), ""]))
    return "\n".join(out)


def write_vtt(cues: Iterable[Cue], *, clean: bool = False) -> str:
    """The cues as a WebVTT text, in the order given; arguments as in `write_srt`.

    A `text` is escaped (``&amp;``, ``&lt;``, ``&gt;``); a `raw_text` is written as it is.
    """
    out = ["WEBVTT\n"]
    for cue in cues:
        head = f"{vtt_time(max(0, cue.start_ms))} --> {vtt_time(max(0, cue.end_ms))}"
        settings = [word for word in cue.settings.split() if _SETTING.fullmatch(word) and "-->" not in word]
        lines = [" ".join([head, *settings])]
        if _is_identifier(cue.identifier):
            lines.insert(0, cue.identifier.strip())
        is_raw = bool(cue.raw_text) and not clean
        lines += payload_out(cue.raw_text if is_raw else html.escape(cue.text, quote=False))
        out.append("\n".join([*lines, ""]))
    return "\n".join(out)


def write_problems(cues: Iterable[Cue]) -> tuple[Problem, ...]:
    """What SRT and WebVTT cannot hold of these cues; `line` is the cue's 1-based place in the output."""
    return tuple(
        Problem("negative_time", place, f"{cue.start_ms} --> {cue.end_ms} ms")
        for place, cue in enumerate(cues, start=1)
        if cue.start_ms < 0 or cue.end_ms < 0
    )


def _is_identifier(text: str) -> bool:
    text = text.strip()
    return (
        bool(text)
        and len(text.splitlines()) == 1
        and not re.match(r"NOTE\b|STYLE\b|REGION\b|WEBVTT", text, re.IGNORECASE)
        and "-->" not in text
        and "\0" not in text
        and "\u2192" not in text
    )
