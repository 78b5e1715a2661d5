"""Which sound track clips are cut from: the language of the annotated film, and never a commentary.

A film in another language, or a director who talks over it, gives clips that look right and sound
wrong; so a doubt refuses the sound. A number that the user names is always taken.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from mmdia.media.probe import AudioStream, probe
from mmdia.media.tracks import same_language
from mmdia.schema.receipt import TrackFact
from mmdia.schema.title import Title

#: Words of track titles that are no plain dialogue, in the languages that discs are labelled in.
_NOT_DIALOGUE = re.compile(
    r"comment|kommentar|kommentti|commento|coment[aá]r|komentar|komentář|комментар|コメンタリ|解説|评论|評論|"
    r"descri|deskript|descrit|h[öo]rfassung|audiodesk|visually|blind|aveugle|"
    r"director'?s?\s+(?!cut)|with\s+the\s+cast|cast\s+(?:and|&)\s+crew|rifftrax|trivia|"
    r"isolated|music\s+only|score\s+only|effects\s+only|karaoke|\bM\s*&\s*E\b|\bAD\b",
    re.IGNORECASE,
)

#: Tags that do not say which language it is; "qaa" is how broadcasters write "the original one".
_UNTAGGED = frozenset({"", "und", "mis", "mul", "qaa"})


@dataclass(frozen=True, slots=True)
class TrackChoice:
    """The sound track to cut from, or why there is none.

    Attributes:
        number: Number among the sound tracks of the file, from 0; None when the sound is refused.
        fact: The same for the receipt, with the reason it was taken.
        refusal: audio_language_mismatch, commentary, encrypted, no_audio or no_such_track; None when
            there is a track.
        message: The tracks there are, in words, when the sound is refused.
    """

    number: int | None
    fact: TrackFact | None
    refusal: str | None
    message: str | None = None


def choose_track(path: Path, title: Title, asked: str | None) -> TrackChoice:
    """Choose the sound track of a file.

    Without a wish it is the plain dialogue track in the title's spoken language (else in the
    language of its annotation); of several the one that the file marks as default. An untagged
    track is taken when none is tagged with that language.

    Args:
        path: The media file.
        title: The title it holds.
        asked: The user's wish: a number from 0, which is always taken, or a language.

    Raises:
        MediaNotFound, MediaUnreadable: The file cannot be opened.
    """
    return choose_stream(probe(path).audio, title, asked)


def choose_stream(streams: Sequence[AudioStream], title: Title, asked: str | None) -> TrackChoice:
    """The rule of `choose_track`, for tracks that are known already."""
    if not streams:
        return TrackChoice(None, None, "no_audio", "the file has no sound track")
    wish = (asked or "").strip()
    if wish.isascii() and wish.isdigit():
        found = next((s for s in streams if s.number == int(wish)), None)
        return _take(found, "asked") if found is not None else _refuse("no_such_track", streams)
    plain = [s for s in streams if not is_no_dialogue(s)]
    if wish:
        if not any(same_language(s.language, wish) for s in streams):
            return _refuse("no_such_track", streams)
        fit = _best([s for s in plain if same_language(s.language, wish)], wish)
        return _take(fit, "asked") if fit is not None else _refuse("commentary", streams)
    if not plain:
        return _refuse("commentary", streams)
    return _by_language(plain, streams, title.audio_language or title.language)


def is_no_dialogue(stream: AudioStream) -> bool:
    """Whether a track is a commentary, a description, or sound without speech."""
    return stream.commentary or bool(_NOT_DIALOGUE.search(stream.title or ""))


def _by_language(
    plain: Sequence[AudioStream], streams: Sequence[AudioStream], language: str | None
) -> TrackChoice:
    if language is None or language.casefold() in _UNTAGGED:
        return _take(_best(plain, None), "only" if len(streams) == 1 else "default")
    fit = _best([s for s in plain if same_language(s.language, language)], language)
    if fit is not None:
        return _take(fit, "language")
    untagged = _best([s for s in plain if _untagged(s)], None)
    if untagged is not None:
        return _take(untagged, "only" if len(streams) == 1 else "untagged")
    in_language = any(same_language(s.language, language) for s in streams)
    return _refuse("commentary" if in_language else "audio_language_mismatch", streams)


def _untagged(stream: AudioStream) -> bool:
    return (stream.language or "").casefold() in _UNTAGGED


def _best(streams: Sequence[AudioStream], language: str | None) -> AudioStream | None:
    """The exact tag (Cantonese is tagged as Chinese, too), then the file's default, then the first."""
    wanted = (language or "").casefold()
    return min(
        streams,
        key=lambda s: ((s.language or "").casefold() != wanted, not s.default, s.number),
        default=None,
    )


def _take(stream: AudioStream | None, why: str) -> TrackChoice:
    if stream is None:
        return TrackChoice(None, None, "no_audio", "the file has no sound track")
    if stream.encrypted:
        return _refuse("encrypted", (stream,))
    fact = TrackFact(number=stream.number, language=stream.language, title=stream.title, why=why)
    return TrackChoice(stream.number, fact, None)


def _refuse(code: str, streams: Sequence[AudioStream]) -> TrackChoice:
    there = ", ".join(
        f"{s.number}: {s.language or 'untagged'}"
        + (f" ({s.title})" if s.title else "")
        + (" [no plain dialogue]" if is_no_dialogue(s) else "")
        for s in streams
    )
    return TrackChoice(None, None, code, f"sound tracks: {there}")
