"""Whether the sound says the text (``--check-speech``).

Some clips of a title, spread over the film, are listened to. The score of a clip is the share of
its words that were heard in order; that of the title is the median over clips. Below the threshold
the title carries the reason ``speech_mismatch``.

What that does to rows: a clip that was listened to carries ``speech``, and the reason
``speech_mismatch`` when its own score lies below the threshold; of a title below it, clips nobody
listened to carry the reason too. A clip stays ``built`` and keeps its ``confidence``, which speaks of
the time map alone: loaders filter by reason or score. Run again with another threshold or another
engine, and the reasons are set anew.

Texts that the release withholds, and languages that no engine here knows, are not judged: such a
title gets the reason ``speech_unchecked`` and no more.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from statistics import median
from typing import Any

from mmdia.engines import registry
from mmdia.engines.comparison import primary, said_words
from mmdia.engines.ports import RATE, Listener
from mmdia.errors import MediaError, MissingExtra, StoreError
from mmdia.media.clip_speech import decode_flac, speech_samples
from mmdia.rebuild.config import TitleJob
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.receipt import TitleSpeech
from mmdia.schema.title import Title

Row = dict[str, Any]
Read = Callable[[dict[str, Any]], bytes]

MISMATCH, UNCHECKED = "speech_mismatch", "speech_unchecked"

#: The engine that listens, when options name none: ``name`` or ``name:model``.
VARIABLE = "MMDIA_ASR"

#: Clips of fewer words are listened to only where there are no others, and not judged by themselves.
ENOUGH_WORDS = 5

#: A title is judged on no fewer words than this.
_TITLE_WORDS = 10

#: Sound around turns that belongs to them, seconds.
_AROUND_S = 0.3

#: What was heard is kept for clips that do not say their text: no more characters than this.
_HEARD_KEPT = 200


@dataclass(frozen=True)
class Checked:
    """What listening to a title gave.

    Attributes:
        rows: Receipt rows that changed.
        speech: The title's score; None when nothing could be judged.
        reasons: Reason codes for the title's row.
    """

    rows: list[Row]
    speech: TitleSpeech | None
    reasons: tuple[str, ...]


def require_listener(spec: str | None = None) -> None:
    """Make sure that something can listen, before any work.

    Args:
        spec: Engine as options name it; None for ``$MMDIA_ASR``, else the best one that is here.

    Raises:
        UsageError: There is no such engine or model.
        MissingDependency: The engine or its model is not installed.
    """
    named = spec or os.environ.get(VARIABLE)
    if named:
        registry.listener(named)
    elif next(registry.listeners(), None) is None:
        raise MissingExtra(
            "nothing is installed that can listen to clips", hint="Run: pip install 'mmdia[asr]'"
        )


@lru_cache(maxsize=8)
def _listener(spec: str | None, language: str | None) -> Listener | None:
    """What listens to this language; None when nothing here knows it. Kept for the process."""
    if spec:
        engine = registry.listener(spec)
        return engine if engine.knows(language) else None
    return next((engine for engine in registry.listeners() if engine.knows(language)), None)


def check_title(
    job: TitleJob, title: Title, dialogues: Sequence[Dialogue], rows: Sequence[Row], read: Read
) -> Checked:
    """Listen to some clips of a title.

    Clips that carry a score of the same engine for as many words are not listened to again.

    Args:
        job: The title's job: ``check_speech`` clips (-1 for all), ``min_speech``, ``asr``.
        title: The title.
        dialogues: Its dialogues.
        rows: Receipt rows of all its clips that are there.
        read: Gives the bytes of a stored file by its fact.

    Raises:
        UsageError: There is no such engine or model.
        MissingDependency: The engine is not installed.
    """
    language = title.audio_language or title.language
    engine = None if _translated(title) else _listener(_spec(job), primary(language))
    texts = {d.dialogue_id: d for d in dialogues}
    clips = [c for row in rows if (c := _clip(row, texts.get(row["dialogue_id"]), language))]
    if engine is None or not clips:
        return Checked(_marked(rows, {}, False, None), None, (UNCHECKED,))
    scored: dict[str, Row] = {}
    for clip in sample(clips, job.check_speech if job.check_speech is not None else -1):
        fact = _known(clip, engine) or _heard(clip, engine, language, read)
        if fact is not None:
            scored[clip.row["dialogue_id"]] = fact
    limit = engine.default_threshold if job.min_speech is None else job.min_speech
    for fact in scored.values():
        if fact["score"] >= limit:
            fact["heard"] = None
    if sum(fact["n_words"] for fact in scored.values()) < _TITLE_WORDS:
        return Checked(_marked(rows, scored, False, limit), None, (UNCHECKED,))
    score = round(median(fact["score"] for fact in scored.values()), 4)
    told = TitleSpeech(n=len(scored), score=score, threshold=limit, engine=engine.identity)
    bad = score < limit
    return Checked(_marked(rows, scored, bad, limit), told, (MISMATCH,) if bad else ())


@dataclass(frozen=True)
class Clip:
    """A clip that can be listened to.

    Attributes:
        row: Its receipt row.
        text: What it ought to say.
        n_words: Words of that.
        at_s: Where in the film it lies.
        files: Facts of its sound, in order: one file, or those of its sentence clips.
        turns: (text, start, end) of its turns within the clip, where all are known.
    """

    row: Row
    text: str
    n_words: int
    at_s: float
    files: tuple[dict[str, Any], ...]
    turns: tuple[tuple[str, float, float], ...] = ()


def sample(clips: Sequence[Clip], count: int) -> list[Clip]:
    """As many clips, spread evenly over the film; those of too few words only to fill up.

    Args:
        clips: All that can be listened to.
        count: How many; -1 for all.
    """
    ordered = sorted(clips, key=lambda clip: (clip.at_s, clip.row["dialogue_id"]))
    if count < 0 or count >= len(ordered):
        return ordered
    good = [clip for clip in ordered if clip.n_words >= ENOUGH_WORDS]
    if len(good) < count:
        short = sorted((c for c in ordered if c not in good), key=lambda c: (-c.n_words, c.at_s))
        return sorted([*good, *short[: count - len(good)]], key=lambda c: (c.at_s, c.row["dialogue_id"]))
    return [good[(2 * k + 1) * len(good) // (2 * count)] for k in range(count)]


def _spec(job: TitleJob) -> str | None:
    return job.asr or os.environ.get(VARIABLE) or None


def _translated(title: Title) -> bool:
    """Whether the text is in another language than the sound, so that words say nothing."""
    text, sound = title.language, title.audio_language
    return bool(text and sound) and primary(text) != primary(sound)


def _clip(row: Row, dialogue: Dialogue | None, language: str | None) -> Clip | None:
    """The row as a clip to listen to; None when it has no sound or its text is withheld."""
    if dialogue is None or row.get("status") != "built":
        return None
    if row.get("audio"):
        files, turns = (row["audio"],), list(dialogue.turns)
    else:
        parts = [part for part in row.get("turn_clips") or () if part.get("audio")]
        files = tuple(part["audio"] for part in parts)
        held = {k for part in parts for k in part["turns"]}
        turns = [turn for k, turn in enumerate(dialogue.turns) if k in held]
    # A turn without text in which nothing is said is a sound; one with words is withheld.
    if not files or any(turn.text is None and turn.n_words for turn in turns):
        return None
    text = "\n".join(turn.text for turn in turns if turn.text)
    words = len(said_words(text, language))
    start = (row.get("clip") or {}).get("media_start") or 0.0
    timed = _timed(row, dialogue) if row.get("audio") else ()
    return Clip(row, text, words, float(start), files, timed) if words else None


def _known(clip: Clip, engine: Listener) -> Row | None:
    """The score of an earlier run, where it still holds."""
    fact = clip.row.get("speech")
    if not fact or fact.get("engine") != engine.identity or fact.get("n_words") != clip.n_words:
        return None
    return dict(fact)


def _heard(clip: Clip, engine: Listener, language: str | None, read: Read) -> Row | None:
    import numpy as np

    try:
        parts = [speech_samples(*decode_flac(read(fact))) for fact in clip.files]
    except (MediaError, StoreError, OSError):
        return None  # verify tells of broken files
    sound = np.concatenate(parts)
    found = [engine.listen(t, sound[a:b], language) for t, a, b in _pieces(clip, engine.best_s, len(sound))]
    words = sum(piece.n_words for piece in found)
    if not words:
        return None
    heard = " ".join(piece.text for piece in found if piece.text)
    return {
        "score": round(sum(piece.score * piece.n_words for piece in found) / words, 4),
        "n_words": clip.n_words,
        "engine": engine.identity,
        "heard": heard[:_HEARD_KEPT] or None,
    }


def _pieces(clip: Clip, best_s: float, length: int) -> list[tuple[str, int, int]]:
    """(text, first sample, end) of a few turns each, about `best_s` long; the whole clip for 0."""
    if not best_s or not clip.turns:
        return [(clip.text, 0, length)]
    out: list[tuple[str, int, int]] = []
    lines: list[str] = []
    start, end = float("inf"), 0.0
    for k, (text, turn_start, turn_end) in enumerate(clip.turns):
        lines.append(text)
        start, end = min(start, turn_start), max(end, turn_end)
        if end - start >= best_s or k == len(clip.turns) - 1:
            first = max(0, round((start - _AROUND_S) * RATE))
            out.append(("\n".join(lines), first, min(length, round((end + _AROUND_S) * RATE))))
            lines, start, end = [], float("inf"), 0.0
    return out


def _timed(row: Row, dialogue: Dialogue) -> tuple[tuple[str, float, float], ...]:
    """(text, start, end) of the turns, by start; none unless every text has its times."""
    pairs = [(turn.text, fact) for turn, fact in zip(dialogue.turns, row.get("turns") or (), strict=False)]
    said = [(text, fact.get("start"), fact.get("end")) for text, fact in pairs if text]
    if len(pairs) < len(dialogue.turns) or any(a is None or b is None for _, a, b in said):
        return ()
    return tuple(sorted(said, key=lambda turn: turn[1]))


def _marked(rows: Sequence[Row], scored: Mapping[str, Row], bad: bool, limit: float | None) -> list[Row]:
    """Rows that change: scores, and reasons set anew."""
    out = []
    for row in rows:
        fact = scored.get(row["dialogue_id"])
        if fact is None:
            wrong = bad
        else:
            wrong = limit is not None and fact["score"] < limit and (bad or fact["n_words"] >= ENOUGH_WORDS)
        before = [code for code in row.get("reasons") or () if code != MISMATCH]
        reasons = sorted([*before, MISMATCH]) if wrong else before
        now = {**row, "reasons": reasons, "speech": fact or row.get("speech")}
        if now != row:
            out.append(now)
    return out
