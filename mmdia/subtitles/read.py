"""Read a subtitle file or text: SRT, WebVTT, ASS and SSA."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from mmdia.errors import SubtitleError, UsageError
from mmdia.schema.cue import Cue
from mmdia.subtitles.ass import looks_like_ass, parse_ass
from mmdia.subtitles.clean import Reading, plain_text, read_payload
from mmdia.subtitles.draft import Draft, DraftCue
from mmdia.subtitles.encoding import decode
from mmdia.subtitles.identify import guess_kind_from_name, guess_language_from_name, language_tag
from mmdia.subtitles.srt import parse_srt
from mmdia.subtitles.track import Problem, SubtitleTrack, TrackKind
from mmdia.subtitles.vtt import has_signature, header_field, parse_vtt

Format = Literal["srt", "vtt", "ass"]

_PARSERS = {"srt": parse_srt, "vtt": parse_vtt, "ass": parse_ass}
_SUFFIXES: dict[str, Format] = {".srt": "srt", ".vtt": "vtt", ".ass": "ass", ".ssa": "ass"}
_KINDS: dict[str, TrackKind] = {
    "captions": "dialogue",
    "subtitles": "dialogue",
    "descriptions": "descriptions",
    "chapters": "chapters",
    "metadata": "metadata",
}
_LARGEST = 64 * 1024 * 1024
#: How files of other kinds begin, and what they are.
_OTHER_FILES = (
    (b"PK\x03\x04", "a zip archive"),
    (b"\x1f\x8b", "a gzip file"),
    (b"Rar!", "a rar archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x1aE\xdf\xa3", "a Matroska film"),
    (b"RIFF", "a RIFF media file"),
    (b"PG\x00", "Blu-ray picture subtitles"),
    (b"\x00\x00\x01\xba", "VobSub picture subtitles"),
    (b"version https://git-lfs", "a Git LFS pointer"),
)
_OTHER_TEXTS = (
    (re.compile(r"\s*# VobSub index file", re.IGNORECASE), "VobSub picture subtitles"),
    (re.compile(r"\s*\{\d+\}\{\d*\}"), "MicroDVD subtitles, whose times are frame numbers"),
    (re.compile(r"\s*<SAMI", re.IGNORECASE), "SAMI subtitles"),
    (re.compile(r"\s*(?:<\?xml[^>]*>\s*)?<(?:\w+:)?tt[\s>]"), "TTML subtitles"),
)


def read_subtitles(
    path: str | Path,
    *,
    encoding: str | None = None,
    format: Format | None = None,
    backend: Literal["own", "pysrt"] = "own",
) -> SubtitleTrack:
    """Read a subtitle file; single bad cues are reported in `problems`, never raised or dropped silently.

    Args:
        path: The file.
        encoding: Its encoding; detected when None. A byte order mark overrules it.
        format: srt, vtt or ass; told from the content, then from the file name, when None.
        backend: "own", or "pysrt" (SRT only; GPL-3, an extra of its own).

    Raises:
        SubtitleError: The file cannot be read, is too big, or holds no text subtitles of these formats.
        UsageError: An argument is not one of the choices.
        MissingExtra: The backend is not installed.
    """
    path = Path(path)
    data = _load(path)
    name_language = guess_language_from_name(path.name)
    try:
        decoded = decode(data, encoding=encoding, language=name_language)
    except SubtitleError as error:
        error.path = str(path)
        raise
    text = decoded.text
    named = _SUFFIXES.get(path.suffix.lower())
    found = format or _recognise(text, path) or named or "srt"
    problems = list(decoded.problems)
    if named is not None and format is None and found != named:
        problems.append(Problem("format_mismatch", 0, f"named {named}, read as {found}"))
    if backend == "pysrt":
        from mmdia.subtitles.pysrt_backend import parse_with_pysrt

        draft = parse_with_pysrt(_without_nul(text), format=found)
    elif backend == "own":
        draft = _parse(_without_nul(text), found)
    else:
        raise UsageError("unknown subtitle backend", expected="own or pysrt", got=backend)
    if "\0" in text:
        problems.append(Problem("nul_removed", text[: text.index("\0")].count("\n") + 1))
    return _track(
        draft,
        found,
        encoding=decoded.encoding,
        language=name_language,
        kind=guess_kind_from_name(path.name),
        problems=tuple(problems),
        path=str(path),
    )


def parse_subtitles(text: str, *, format: Format | None = None) -> SubtitleTrack:
    """The track that a text holds; as `read_subtitles`, without a file.

    Raises:
        SubtitleError: The text is of a subtitle format that is not read here.
        UsageError: `format` is not one of the choices.
    """
    found = format or _recognise(text, None) or "srt"
    problems = (Problem("nul_removed", text[: text.index("\0")].count("\n") + 1),) if "\0" in text else ()
    return _track(_parse(_without_nul(text), found), found, problems=problems)


def _load(path: Path) -> bytes:
    try:
        if path.stat().st_size > _LARGEST:
            raise SubtitleError(
                "too big for a subtitle file",
                path=path,
                expected=f"at most {_LARGEST} bytes",
                got=path.stat().st_size,
            )
        data = path.read_bytes()
    except OSError as error:
        raise SubtitleError("cannot be read", path=path, got=error.strerror or error) from error
    for start, what in _OTHER_FILES:
        if data.startswith(start):
            raise SubtitleError("not a subtitle text", path=path, expected="SRT, WebVTT or ASS", got=what)
    return data


def _without_nul(text: str) -> str:
    return text.replace("\0", "").removeprefix("\ufeff")


def _recognise(text: str, path: Path | None) -> Format | None:
    text = text.removeprefix("\ufeff")
    if has_signature(text):
        return "vtt"
    if "-->" in text:
        first = text.lstrip("\ufeff \t\r\n")[:1]
        return "ass" if first in "[;!" and looks_like_ass(text) and "[events]" in text.lower() else None
    if looks_like_ass(text):
        return "ass"
    for pattern, what in _OTHER_TEXTS:
        if pattern.match(text):
            raise SubtitleError(
                "a subtitle format that is not read here",
                path=path,
                expected="SRT, WebVTT or ASS",
                got=what,
                hint="Convert it to SRT first",
            )
    return None


def _parse(text: str, form: Format) -> Draft:
    parser = _PARSERS.get(form)
    if parser is None:
        raise UsageError("unknown subtitle format", expected="srt, vtt or ass", got=form)
    return parser(text)


def _track(
    draft: Draft,
    form: Format,
    *,
    encoding: str = "",
    language: str | None = None,
    kind: TrackKind | None = None,
    problems: tuple[Problem, ...] = (),
    path: str | None = None,
) -> SubtitleTrack:
    header = draft.header if form == "vtt" else ""
    track_kind: TrackKind = _KINDS.get((header_field(header, "Kind") or "").lower(), kind or "dialogue")
    if not draft.cues:
        draft.report("no_cues", 0)
    return SubtitleTrack(
        cues=tuple(_cue(cue, form, track_kind) for cue in draft.cues),
        format=form,
        encoding=encoding,
        language=language_tag(header_field(header, "Language") or "") or language,
        kind=track_kind,
        header=draft.header,
        problems=tuple(sorted((*problems, *draft.problems), key=lambda problem: problem.line)),
        path=path,
        n_arrows=draft.n_arrows,
    )


def _cue(draft: DraftCue, form: Format, kind: TrackKind) -> Cue:
    raw = draft.raw_text
    if kind == "dialogue":
        reading = read_payload(raw, draft.start_ms, draft.end_ms, form=form)
    else:
        reading = Reading(raw if kind == "metadata" else plain_text(raw, form=form))
    return Cue(
        draft.start_ms,
        draft.end_ms,
        reading.text,
        raw_text=raw,
        speakers=reading.speakers or ((draft.name,) if draft.name else ()),
        marks=reading.marks,
        words=reading.words,
        identifier=draft.identifier,
        settings=draft.settings,
        line=draft.line,
    )
