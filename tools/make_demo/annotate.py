"""The film's annotation release: every field of the format, from the film's own clockwork."""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any

import figures
from cast import BANK, TITLE_ID, local_speaker
from frames import Director, faces
from screenplay import CONTROL_AXIS, CONTROL_TURNS, DIALOGUES
from script_types import Dialogue
from timeline import FPS, Film, Placed, frame_ms

VERSION = "1.0.0"
CREATED = "2026-11-22"
LICENSE = "CC0-1.0"
URL = "https://github.com/mmdia/mmdia"


def _tidy(value: Any) -> Any:
    """Without null keys: a null and a missing key mean the same."""
    if isinstance(value, dict):
        return {k: _tidy(v) for k, v in value.items() if v is not None}
    return [_tidy(v) for v in value] if isinstance(value, (list, tuple)) else value


def raw_text(placed: Placed) -> str:
    """The line as the subtitle shows it: marks in brackets, voice-over in italics."""
    line = placed.line
    text = line.text
    for mark in line.marks:
        if mark.place.startswith("at:"):
            text = text.replace(mark.place[3:], f"{mark.raw} {mark.place[3:]}")
        elif mark.place == "before":
            text = f"{mark.raw} {text}"
        elif mark.label == "cut off":
            text = f"{text}{mark.raw}"
        elif mark.place == "after" or mark.kind == "visual":
            text = f"{text} {mark.raw}"
    return f"<i>{text}</i>" if line.voice_over else text


def keyframe_ms(placed: Placed) -> int:
    """A turn's midpoint (paper A.6)."""
    start, end = placed.ms
    return (start + end) // 2


def keyframe_number(placed: Placed) -> int:
    """The frame on screen at the keyframe's time."""
    return math.floor((keyframe_ms(placed) + 1) * FPS / 1000)


def _nonverbal(placed: Placed) -> list[dict[str, Any]]:
    rows = []
    for mark, start, end, offset in sorted(placed.marks, key=lambda m: (m[1], m[0].raw)):
        own = mark.kind in ("vocal", "speech_event", "tone", "visual")
        rows.append(
            {
                "kind": mark.kind,
                "label": mark.label,
                "raw": mark.raw,
                "tag": mark.tag,
                "start_ms": start // 48,
                "end_ms": max(end // 48, start // 48 + 1),
                "speaker_id": placed.line.who[0] if own else None,
                "other_speaker_id": mark.other,
                "char_offset": offset,
            }
        )
    return rows


def _visibility(placed: Placed, found: list[dict[str, Any]]) -> str | None:
    bank = {str(p["speaker_id"]) for p in BANK}
    if not set(placed.line.who) <= bank:
        return None
    if len(placed.line.who) > 1:
        return "not_labelled"
    if not found:
        return "no_face"
    return "visible" if any(f["speaker_id"] == placed.line.who[0] for f in found) else "invisible"


def turn_row(
    film: Film, index: int, first: int, director: Director, hashes: Mapping[int, str]
) -> dict[str, Any]:
    """One turn; `first` is the index in the film of its dialogue's first line."""
    placed = film.lines[index]
    line, (start, end) = placed.line, placed.ms
    number = keyframe_number(placed)
    found = faces(film, placed, number, director)
    following = film.lines[index + 1].ms[0] if index + 1 < len(film.lines) else None
    return {
        "start_ms": start,
        "end_ms": end,
        "next_start_ms": following,
        "speakers": list(line.who),
        "text": None if line.withheld else line.text,
        "n_words": len(line.text.split()),
        "raw_text": None if line.withheld else raw_text(placed),
        "style": line.style,
        "emotion": line.emotion,
        "sentiment": line.sentiment,
        "emotion_intensity": line.intensity,
        "confidence": 0.8 if line.interrupts or len(line.who) > 1 else 1.0,
        "interrupts_turn": index - first - 1 if line.interrupts else None,
        "nonverbal": _nonverbal(placed),
        "visibility": _visibility(placed, found),
        "keyframe": {
            "t_ms": keyframe_ms(placed),
            "phash": hashes.get(number),
            "n_faces": len(found),
            "faces": found,
        },
        "shot": director.shot(number).name,
    }


def _scores(dialogue: Dialogue) -> list[dict[str, Any]]:
    """Two model scores, and human ones; all invented, and the README says so."""
    intensity, volatility, fit = dialogue.fields["scores"]
    speaker = next(iter(dialogue.fields["styles"]))
    model = {"scale": [1, 10], "rater_kind": "model", "rater_id": "screenplay", "protocol": "mmdia-demo/1"}
    human = {
        "scale": [1, 10],
        "rater_kind": "human",
        "rater_id": "invented-rater-1",
        "protocol": "mmdia-demo/1",
    }
    return [
        {"dimension": "emotion_intensity", "value": intensity, **model},
        {"dimension": "emotion_volatility", "value": volatility, **model},
        {"dimension": "emotion_volatility", "target": speaker, "value": volatility, **model},
        {"dimension": "emotion_intensity", "value": max(1, intensity - 1), **human},
        {"dimension": "style_fit", "target": "turn:0", "value": fit, **human},
    ]


def _provenance() -> list[dict[str, Any]]:
    tool = {"tool": "make_demo", "version": VERSION}
    return [
        {"group": "turns.times", **tool, "inputs": ["A"], "human_checked": False},
        {"group": "turns.speakers", **tool, "inputs": ["T", "A"], "human_checked": True},
        {"group": "turns.keyframe", **tool, "inputs": ["V", "I"], "human_checked": False},
        {"group": "triplet", **tool, "prompt": "screenplay", "inputs": ["T"], "human_checked": True},
    ]


def dialogue_row(
    film: Film, dialogue: Dialogue, director: Director, hashes: Mapping[int, str]
) -> dict[str, Any]:
    """One dialogue of the film."""
    index = [i for i, p in enumerate(film.lines) if p.dialogue is dialogue]
    turns = [turn_row(film, i, index[0], director, hashes) for i in index]
    who = list(dict.fromkeys(s for t in turns for s in t["speakers"]))
    f = dialogue.fields
    scene = film.lines[index[0]].scene
    return {
        "dialogue_id": dialogue.id,
        "title_id": TITLE_ID,
        "start_ms": min(t["start_ms"] for t in turns),
        "end_ms": max(t["end_ms"] for t in turns),
        "scene_id": scene,
        "split": dialogue.split,
        "subsets": list(dialogue.subsets),
        "turns": turns,
        "speakers": [local_speaker(s) for s in who],
        **{
            k: f[k]
            for k in (
                "relationship",
                "interaction",
                "emotional_tone",
                "description",
                "summary",
                "emotion_intensity",
                "emotion_volatility",
            )
        },
        "speaker_styles": [
            {"speaker_id": s, "description": d, "emotion_volatility": v}
            for s, (d, v) in f["styles"].items()
        ],
        "scores": _scores(dialogue),
        "sensitive": ["shouting"] if f["emotion_intensity"] >= 9 else [],
        "source": {"dataset": "mmdia-demo", "id": f"{scene}/{turns[0]['start_ms']}"},
        "provenance": _provenance(),
        "synthetic": True,
    }


def script_rows() -> list[dict[str, Any]]:
    """Three scripts without a film that differ in the relationship alone."""
    rows = []
    for script_id, category, label in CONTROL_AXIS:
        rows.append(
            {
                "dialogue_id": script_id,
                "title_id": None,
                "split": None,
                "subsets": ["ood"],
                "turns": [
                    {"speakers": [s], "text": t, "n_words": len(t.split()), "sentiment": m, "nonverbal": []}
                    for s, t, m in CONTROL_TURNS
                ],
                "speakers": [
                    {"speaker_id": s, "name": s.upper(), "kind": "unknown", "gender": "unknown"}
                    for s in "ab"
                ],
                "relationship": {
                    "label": label,
                    "labels": label.split(" and "),
                    "category": category,
                    "pairs": [{"a": "a", "b": "b", "label": label, "category": category}],
                },
                "interaction": {
                    "label": "Reproach and excuse",
                    "labels": ["Accusation", "Justification"],
                    "category": "Explanation",
                    "pairs": [],
                },
                "emotional_tone": "Tense, held back.",
                "emotion_intensity": 4,
                "emotion_volatility": 3,
                "speaker_styles": [],
                "scores": [],
                "sensitive": [],
                "control_set": {"id": "late_arrival", "axis": "relationship", "value": category},
                "source": {"dataset": "mmdia-demo", "id": script_id},
                "provenance": _provenance()[3:],
                "synthetic": True,
            }
        )
    return rows


def _clock(ms: int) -> str:
    return f"{ms // 3_600_000:02d}:{ms // 60_000 % 60:02d}:{ms // 1000 % 60:02d},{ms % 1000:03d}"


def srt(cues: list[tuple[int, int, str]]) -> str:
    """A SubRip file."""
    return "".join(
        f"{i}\n{_clock(a)} --> {_clock(b)}\n{text}\n\n" for i, (a, b, text) in enumerate(cues, 1)
    )


def title_row(film: Film, subtitle: str) -> dict[str, Any]:
    """The film itself."""
    bank = [
        {
            **p,
            "portrait_sha256": hashlib.sha256(
                figures.head(str(p["speaker_id"]), 0, False, "neutral").tobytes()
            ).hexdigest(),
        }
        for p in BANK
    ]
    return {
        "title_id": TITLE_ID,
        "kind": "episode",
        "name": "The Last Umbrella",
        "year": 2026,
        "series": "Small Station Stories",
        "season": 1,
        "episode": 1,
        "absolute_episode": 1,
        "air_date": "2026-01-05",
        "aka": ["Der letzte Schirm"],
        "imdb_id": "tt0000000",
        "edition": f"demo {VERSION}",
        "genres": ["Comedy", "Romance", "Animation"],
        "country": "GB",
        "language": "en",
        "audio_language": "en",
        "duration_ms": frame_ms(film.n_frames),
        "fps": "24000/1001",
        "source_url": f"{URL}/raw/main/mmdia/demo/media/{TITLE_ID}.mp4",
        "license": "CC0-1.0",
        "subtitle": {
            "kind": "official",
            "source": "tools/make_demo: the screenplay, placed by the maker",
            "sha256": hashlib.sha256(subtitle.encode()).hexdigest(),
            "verdict": "identity",
            "residual_ms": 0.0,
            "human_checked": False,
        },
        "speakers": bank,
        "synthetic": True,
    }


def _jsonl(rows: list[dict[str, Any]]) -> str:
    return "".join(json.dumps(_tidy(r), ensure_ascii=False, separators=(",", ":")) + "\n" for r in rows)


def release(film: Film, hashes: Mapping[int, str]) -> dict[str, str]:
    """All files of the release folder: name to text."""
    director = Director(film)
    subtitle = srt([(*p.ms, raw_text(p)) for p in film.lines])
    rows = [dialogue_row(film, d, director, hashes) for d in DIALOGUES] + script_rows()
    scenes = [
        {
            "title_id": TITLE_ID,
            "scene_id": s,
            "start_ms": frame_ms(a),
            "end_ms": frame_ms(b),
            "source": f"screenplay: {place}",
        }
        for s, place, a, b in film.scenes
    ]
    head = {
        "schema": "mmdia.release/1",
        "name": "mmdia-demo",
        "version": VERSION,
        "license": LICENSE,
        "text_license": LICENSE,
        "created": CREATED,
        "sources": [
            {
                "name": "The Last Umbrella (synthetic film, made by tools/make_demo)",
                "kind": "synthetic",
                "url": URL,
                "license": LICENSE,
                "citation": "mmdia developers, The Last Umbrella, 2026",
            }
        ],
        "counts": {"titles": 1, "dialogues": len(rows), "turns": sum(len(r["turns"]) for r in rows)},
        "vocab": "paper-15",
    }
    assert not re.search(r"[^\x00-\x7f]", subtitle)
    return {
        "release.json": json.dumps(head, indent=1) + "\n",
        "titles.jsonl": _jsonl([title_row(film, subtitle)]),
        "dialogues.jsonl": _jsonl(rows),
        "scenes.jsonl": _jsonl(scenes),
        f"subtitles/{TITLE_ID}.srt": subtitle,
    }
