"""What file names tell: the language and kind of a track, and which film a sidecar belongs to.

Known sidecars of ``Film.mkv``: ``Film.srt``, ``Film.en.srt``, ``Film.en.sdh.srt``, ``Film.mkv.srt``,
``Film_English.srt``, the same in a folder ``Subs``, ``Sub``, ``Subtitles`` or ``Captions`` beside it, and
there also names of a language alone, ``Subs/2_English.srt``, or a folder named after the film,
``Subs/Film/2_English.srt``.
"""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

from mmdia.subtitles.languages import CODES, NAMES, REGIONS
from mmdia.subtitles.track import TrackKind

_SUFFIXES = (".srt", ".vtt", ".webvtt", ".ass", ".ssa")
_FILM_SUFFIXES = frozenset(
    ".mkv .mp4 .m4v .mov .avi .webm .ts .m2ts .mts .mpg .mpeg .wmv .flv .ogv .ogm .vob .3gp .divx".split()
)
_FOLDERS = frozenset({"subs", "sub", "subtitles", "subtitle", "captions"})
_FLAGS = frozenset(
    "sdh cc hi forced foreign full default dub dubbed signs songs commentary captions subtitles subs sub "
    "official closed hearing impaired utf8 utf-8 original auto calibrated".split()
)
_KIND_WORDS: dict[str, TrackKind] = {
    "descriptions": "descriptions",
    "description": "descriptions",
    "audiodescription": "descriptions",
    "audiodescriptions": "descriptions",
    "audio-description": "descriptions",
    "chapters": "chapters",
    "chapter": "chapters",
    "metadata": "metadata",
    "thumbnails": "metadata",
    "storyboard": "metadata",
}
_SPLIT = re.compile(r"[.\s_()\[\]]+")
_NOT_FULL = frozenset({"forced", "foreign", "signs", "songs", "commentary"})


def guess_language_from_name(name: str) -> str | None:
    """BCP-47 tag that a subtitle file name ends with (``Film.en.sdh.srt`` -> "en"), or None.

    Codes count in small or capital letters, not as ``Dr.No.srt``; names of languages in any case.
    Words such as ``sdh`` and ``forced`` are passed over. A name that is only a code counts too.
    """
    for token in reversed(_tokens(name)):
        tag = language_tag(token)
        # "hi" is Hindi, or "hearing impaired" after the real language.
        if token.lower() == "hi" and any(language_tag(other) for other in _tokens(name)[:-1]):
            continue
        if tag is not None:
            return tag
        if token.lower() not in _FLAGS and token.lower() not in _KIND_WORDS and not token.isdecimal():
            return None
    return None


def language_tag(token: str) -> str | None:
    """BCP-47 tag of a code or a language's name (``eng``, ``pt_BR``, ``English``), or None."""
    named = NAMES.get(token.lower())
    if named is not None:
        return named
    parts = token.replace("_", "-").split("-")
    code = CODES.get(parts[0].lower())
    if code is None or not (parts[0].islower() or parts[0].isupper()) or len(parts) > 2:
        return None
    if len(parts) == 1:
        return code
    region = REGIONS.get(parts[1].lower())
    return f"{code}-{region}" if region else None


def guess_kind_from_name(name: str) -> TrackKind | None:
    """Kind of track that a file name tells (``Film.chapters.en.vtt`` -> "chapters"), or None."""
    for token in _tokens(name)[1:]:
        if token.lower() in _KIND_WORDS:
            return _KIND_WORDS[token.lower()]
    return None


def is_sidecar_of(sub_path: str | Path, media_path: str | Path) -> bool:
    """Whether a subtitle file belongs to a film, by its name and place alone (nothing is opened)."""
    sub, media = Path(sub_path), Path(media_path)
    return sub.suffix.lower() in _SUFFIXES and _closeness(sub, media) is not None


def find_sidecars(media_path: str | Path) -> tuple[Path, ...]:
    """The subtitle files of a film, best first.

    Best is: dialogue before descriptions and chapters, complete before forced or commentary, named after
    the film before named after a language, beside the film before in a folder, without extra words, SRT
    before WebVTT before ASS, then by name. Files named after a language alone are taken only where the
    film's folder holds one film.
    """
    media = Path(media_path)
    folder = media.parent
    candidates = _files(folder)
    films = [path for path in candidates if path.suffix.lower() in _FILM_SUFFIXES]
    for child in _folders(folder):
        if child.name.lower() in _FOLDERS:
            candidates += _files(child)
            for inner in _folders(child):
                if _fold(inner.name) == _fold(media.stem):
                    candidates += _files(inner)
    ranked: list[tuple[tuple[object, ...], Path]] = []
    for path in candidates:
        closeness = _closeness(path, media) if path.suffix.lower() in _SUFFIXES else None
        if closeness is None or (closeness == 2 and len(films) > 1):
            continue
        words = {token.lower() for token in _tokens(path.name)}
        kind = guess_kind_from_name(path.name)
        rank = (
            kind is not None,
            bool(words & _NOT_FULL),
            closeness,
            path.parent != folder,
            len(_extra(path.stem, media) or ""),
            _SUFFIXES.index(path.suffix.lower()),
            path.name,
        )
        ranked.append((rank, path))
    return tuple(path for _, path in sorted(ranked, key=lambda pair: pair[0]))


def _closeness(sub: Path, media: Path) -> int | None:
    """0: the film's name; 1: that and known words; 2: in its folder for subtitles; None: not its own."""
    folder = sub.parent
    in_subs = folder.name.lower() in _FOLDERS and _same(folder.parent, media.parent)
    in_own = (
        folder.parent.name.lower() in _FOLDERS
        and _fold(folder.name) == _fold(media.stem)
        and _same(folder.parent.parent, media.parent)
    )
    if not (_same(folder, media.parent) or in_subs or in_own):
        return None
    extra = _extra(sub.stem, media)
    if extra == "":
        return 0
    if extra is not None and _all_known(extra):
        return 1
    if in_own and _all_known(sub.stem):
        return 1
    return 2 if in_subs and _all_known(sub.stem) else None


def _extra(stem: str, media: Path) -> str | None:
    """What a subtitle's name has after the film's name; None when it does not begin with it."""
    folded = _fold(stem)
    for name in (_fold(media.name), _fold(media.stem)):
        if folded == name:
            return ""
        if folded.startswith(name) and folded[len(name)] in "._- ([":
            return stem[-(len(folded) - len(name)) :]
    return None


def _all_known(text: str) -> bool:
    tokens = [token for token in _SPLIT.split(text.strip(" .-_")) if token.strip("-")]
    words = {*_FLAGS, *_KIND_WORDS}
    return bool(tokens) and all(
        token.strip("-").lower() in words
        or token.strip("-").isdecimal()
        or language_tag(token.strip("-")) is not None
        for token in tokens
    )


def _tokens(name: str) -> list[str]:
    stem = Path(name).stem if Path(name).suffix.lower() in _SUFFIXES else name
    # "pt_BR" and "zh_Hans" are one token, though "_" splits elsewhere.
    stem = re.sub(r"(?<=[._\s])([a-z]{2,3})_([A-Z]{2}|[Hh]an[st]|br|cn|tw|419)(?=$|[._\s])", r"\1-\2", stem)
    return [token.strip("-") for token in _SPLIT.split(stem) if token.strip("-")]


def _fold(name: str) -> str:
    return unicodedata.normalize("NFC", name).lower()


def _same(left: Path, right: Path) -> bool:
    return left == right or left.absolute() == right.absolute()


def _files(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_file())
    except OSError:
        return []


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.is_dir())
    except OSError:
        return []
