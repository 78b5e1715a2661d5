"""Which sound track holds the dialogue."""

from __future__ import annotations

from collections.abc import Sequence

import av
import av.stream

from mmdia.errors import UsageError

#: ISO 639-1 codes and the 639-2 codes (bibliographic, terminological) that files use.
_LANGUAGES = (
    "ar ara|bg bul|ca cat|cs cze ces|da dan|de ger deu|el gre ell|en eng|es spa|et est|eu baq eus|"
    "fa per fas|fi fin|fr fre fra|gl glg|he heb|hi hin|hr hrv|hu hun|id ind|is ice isl|it ita|ja jpn|"
    "ko kor|lt lit|lv lav|ms may msa|nl dut nld|no nor nob|pl pol|pt por|ro rum ron|ru rus|sk slo slk|"
    "sl slv|sr srp|sv swe|ta tam|te tel|th tha|tr tur|uk ukr|ur urd|vi vie|zh chi zho cmn yue"
)
_CANONICAL = {code: row.split()[0] for row in _LANGUAGES.split("|") for code in row.split()}


def same_language(one: str | None, other: str | None) -> bool:
    """Whether two tags name one language: ``en``, ``eng`` and ``en-US`` agree."""
    return one is not None and other is not None and _primary(one) == _primary(other)


def choose_audio(
    streams: Sequence[av.AudioStream], wanted: str | int | None, path: object = None
) -> int | None:
    """Number (among the sound tracks) of the track to use; None when the file has no sound.

    With no wish: the track the file marks as default unless it is a commentary, else the first
    that is none. With a language: of the tracks in that language by the same order.

    Raises:
        UsageError: The file has no track of that number or language.
    """
    if not streams:
        return None
    if isinstance(wanted, str) and wanted.isascii() and wanted.isdigit():
        wanted = int(wanted)
    if isinstance(wanted, int):
        if 0 <= wanted < len(streams):
            return wanted
        raise UsageError(
            "no such audio track", path=path, expected=f"a number from 0 to {len(streams) - 1}", got=wanted,
            code="no_such_track",
        )  # fmt: skip
    numbers = list(range(len(streams)))
    if wanted is not None:
        numbers = [n for n in numbers if same_language(streams[n].language, wanted)]
        if not numbers:
            tags = ", ".join(f"{n}: {s.language or 'untagged'}" for n, s in enumerate(streams))
            told = "no audio track in that language"
            raise UsageError(told, path=path, expected=wanted, got=tags, code="no_such_track")
    return min(numbers, key=lambda n: (is_commentary(streams[n]), not _is_default(streams[n]), n))


def is_commentary(stream: av.AudioStream) -> bool:
    """Whether the file says that a track is no plain dialogue track (by flag or by title)."""
    flags = av.stream.Disposition
    marked = flags.comment | flags.visual_impaired | flags.hearing_impaired | flags.karaoke
    title = {k.lower(): v for k, v in stream.metadata.items()}.get("title", "").lower()
    return bool(stream.disposition & marked) or "comment" in title or "descri" in title


def _is_default(stream: av.AudioStream) -> bool:
    return bool(stream.disposition & av.stream.Disposition.default)


def _primary(tag: str) -> str:
    code = tag.lower().replace("_", "-").split("-")[0]
    return _CANONICAL.get(code, code)
