"""Listen to a film: where speech is, and what is said; kept, so that no film is heard twice.

What was heard is found again by the film's content, the engine and the sound track, under any file
name. A cache that does not read is made anew; one that cannot be written is done without.
"""

from __future__ import annotations

import base64
import json
import math
import zlib
from array import array
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from mmdia.engines import registry
from mmdia.errors import StoreError
from mmdia.media.probe import media_hash
from mmdia.media.speech_input import iter_speech
from mmdia.schema.activity import Activity
from mmdia.schema.cue import Cue, Word
from mmdia.store.atomic import write_text
from mmdia.store.digest import params_hash
from mmdia.subtitles.words import group_words

#: What the files are; raised when their meaning changes.
_ACTIVITY, _WORDS = "mmdia.activity/1", "mmdia.words/1"

#: Probabilities are kept as whole numbers up to this.
_FULL = 255

AudioTrack: TypeAlias = "str | int | None"


def listen(
    media: Path, detector: str = "auto", *, cache: Path | None = None, audio_track: AudioTrack = None
) -> Activity:
    """Probability of speech all along a film, on the player's timeline.

    Args:
        media: Any file with sound.
        detector: Name of a detector; "auto" is the best one installed.
        cache: Folder for what was heard; None keeps nothing.
        audio_track: Number or language of the sound track; None for the file's default.

    Raises:
        MediaNotFound, MediaUnreadable: The file cannot be read or has no sound.
        UsageError: There is no such detector or sound track.
        MissingExtra: The detector is not installed.
    """
    engine = registry.detector(detector)
    kept = None
    if cache is not None:
        key = _key(_ACTIVITY, media, engine.identity, audio_track)
        kept = cache / "activity" / f"{key}.json"
        found = _read_activity(kept)
        if found is not None:
            return found
    heard = engine.detect(iter_speech(media, audio_track=audio_track))
    # Rounded in any case: the answer must not depend on whether it comes from the cache.
    levels = bytes(round(_FULL * min(1.0, max(0.0, p))) if p == p else 0 for p in heard.probability)
    if kept is not None:
        packed = base64.b64encode(zlib.compress(levels, 6)).decode("ascii")
        facts = {
            "schema": _ACTIVITY,
            "start_s": heard.start_s,
            "step_s": heard.step_s,
            "detector": heard.detector,
            "probability": packed,
        }
        _keep(kept, facts)
    return _activity(heard.start_s, heard.step_s, levels, heard.detector)


def recognise(
    media: Path,
    engine: str,
    *,
    model: str | None = None,
    language: str | None = None,
    download: bool = False,
    cache: Path | None = None,
    audio_track: AudioTrack = None,
) -> tuple[Cue, ...]:
    """What is said in a film, as cues with the time of every word.

    Args:
        media: Any file with sound.
        engine: Name of a recogniser.
        model: Which model of it; None for its usual one.
        language: Language spoken, when known.
        download: Whether a model that is not on this machine may be downloaded.
        cache: Folder for what was recognised; None keeps nothing.
        audio_track: Number or language of the sound track; None for the file's default.

    Raises:
        MediaNotFound, MediaUnreadable: The file cannot be read or has no sound.
        UsageError: There is no such recogniser, model, language or sound track.
        MissingDependency: The engine or its model is not installed.
    """
    recognizer = registry.recognizer(engine, model=model, download=download)
    kept = None
    if cache is not None:
        key = _key(_WORDS, media, recognizer.identity, audio_track, language)
        kept = cache / "words" / f"{key}.json"
        found = _read_words(kept)
        if found is not None:
            return group_words(found)
    words = [
        Word(round(w.start_s, 3), round(w.end_s, 3), w.text)
        for w in recognizer.recognize(iter_speech(media, audio_track=audio_track), language)
    ]
    if kept is not None:
        rows = [[w.start_s, w.end_s, w.text] for w in words]
        _keep(kept, {"schema": _WORDS, "engine": recognizer.identity, "words": rows})
    return group_words(words)


def activity_digest(media: Path, detector: str = "auto", audio_track: AudioTrack = None) -> str:
    """Identity of what `listen` would return, without listening.

    Raises:
        MediaNotFound, MediaUnreadable: The file cannot be read.
        UsageError: There is no such detector.
        MissingExtra: The detector is not installed.
    """
    return _key(_ACTIVITY, media, registry.detector(detector).identity, audio_track)


def _key(schema: str, media: Path, identity: str, *more: object) -> str:
    return params_hash([schema, media_hash(media), identity, *more])


def _keep(path: Path, facts: Mapping[str, Any]) -> None:
    try:
        write_text(path, json.dumps(facts, ensure_ascii=False) + "\n")
    except StoreError:
        pass  # heard is heard


def _read(path: Path, schema: str) -> dict[str, Any] | None:
    try:
        facts = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return facts if isinstance(facts, dict) and facts.get("schema") == schema else None


def _read_activity(path: Path) -> Activity | None:
    facts = _read(path, _ACTIVITY)
    if facts is None:
        return None
    try:
        levels = zlib.decompress(base64.b64decode(facts["probability"], validate=True))
        start, step = float(facts["start_s"]), float(facts["step_s"])
        if not (step > 0 and math.isfinite(start) and math.isfinite(step)):
            return None
        return _activity(start, step, levels, str(facts["detector"]))
    except (KeyError, TypeError, ValueError, zlib.error):
        return None


def _activity(start_s: float, step_s: float, levels: bytes, detector: str) -> Activity:
    return Activity(start_s, step_s, array("f", (level / _FULL for level in levels)), detector)


def _read_words(path: Path) -> list[Word] | None:
    facts = _read(path, _WORDS)
    try:
        return None if facts is None else [Word(float(a), float(b), str(t)) for a, b, t in facts["words"]]
    except (KeyError, TypeError, ValueError):
        return None
