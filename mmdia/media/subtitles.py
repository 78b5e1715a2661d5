"""Text subtitle tracks inside a film, read by demultiplexing: nothing is decoded.

Payloads are handed out as stored (markup included, line ends made plain); cleaning them is the work of
`mmdia.subtitles`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av

from mmdia.errors import UsageError
from mmdia.media.probe import SubtitleStream, codec_name, open_input, probe, start_time

#: Seconds for which a cue stays when neither it nor its successor says when it ends.
_OPEN_END_MS = 5000


def text_tracks(path: str | Path) -> tuple[SubtitleStream, ...]:
    """The subtitle tracks that are text; pictures of text (PGS, VobSub, DVB) are left out.

    `probe(path).subtitles` names those too, with `is_text` false.

    Raises:
        MediaNotFound: There is no such file.
        MediaUnreadable: No media can be read from it.
    """
    return tuple(track for track in probe(path).subtitles if track.is_text)


def read_text_track(path: str | Path, stream_index: int) -> list[tuple[int, int, str]]:
    """The cues of one text track: (start_ms, end_ms, raw text) in player time, by start.

    Args:
        path: The film.
        stream_index: `SubtitleStream.index` of the track.

    Raises:
        MediaNotFound: There is no such file.
        MediaUnreadable: No media can be read from it.
        UsageError: There is no such subtitle track, or it holds pictures.
    """
    with open_input(path) as container:
        stream: Any = next((s for s in container.streams.subtitles if s.index == stream_index), None)
        if stream is None or not stream.codec_context:
            raise UsageError("no such subtitle track", path=path, got=stream_index)
        codec = codec_name(stream)
        cues = _read(container, stream, codec) if codec in _PAYLOADS else None
        if cues is None:
            raise UsageError(
                "this subtitle track is no text", path=path, got=codec,
                hint="Pictures of text need recognition; use a subtitle file instead.",
            )  # fmt: skip
        return cues


def _read(container: Any, stream: Any, codec: str) -> list[tuple[int, int, str]]:
    start = start_time(container)
    rows: list[tuple[int, int | None, str]] = []
    try:
        for packet in container.demux(stream):
            if packet.pts is None:
                continue
            begin = round((packet.pts * stream.time_base - start) * 1000)
            length = round((packet.duration or 0) * stream.time_base * 1000)
            # An empty packet (mov_text between cues) ends the cue before it.
            rows.append((begin, begin + length if length > 0 else None, _PAYLOADS[codec](bytes(packet))))
    except (av.FFmpegError, OSError):
        pass  # a damaged tail: what was read stands
    rows.sort(key=lambda row: row[0])
    cues: list[tuple[int, int, str]] = []
    for n, (begin, end, text) in enumerate(rows):
        if not text.strip():
            continue
        if end is None:
            end = rows[n + 1][0] if n + 1 < len(rows) else begin + _OPEN_END_MS
        cues.append((begin, end, text))
    return cues


def _plain(payload: bytes) -> str:
    text = payload.decode("utf-8", "replace").rstrip("\0")
    return text.replace("\r\n", "\n").strip("\r\n")


def _mov_text(payload: bytes) -> str:
    """Two bytes of length, the text (UTF-8, or UTF-16 with a mark), then style boxes."""
    length = int.from_bytes(payload[:2], "big")
    text = payload[2 : 2 + length]
    if text[:2] in (b"\xfe\xff", b"\xff\xfe"):
        return text.decode("utf-16", "replace").strip("\r\n")
    return _plain(text)


def _ass(payload: bytes) -> str:
    """ReadOrder, Layer, Style, Name, three margins, Effect, then the text with its tags."""
    fields = _plain(payload).split(",", 8)
    return fields[8] if len(fields) == 9 else ""


_PAYLOADS = {
    "subrip": _plain,
    "srt": _plain,
    "text": _plain,
    "webvtt": _plain,
    "mov_text": _mov_text,
    "ass": _ass,
    "ssa": _ass,
}
