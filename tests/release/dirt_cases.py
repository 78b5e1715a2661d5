"""A clean release, and for each class of dirt a change that brings it about."""

from __future__ import annotations

from typing import Any

Tables = dict[str, list[Any]]


def turn(start: int, end: int, **more: Any) -> dict[str, Any]:
    return {"start_ms": start, "end_ms": end, "speakers": ["x"], "text": "so", **more}


def dialogue(i: str, start: int, **more: Any) -> dict[str, Any]:
    row = {
        "dialogue_id": i,
        "title_id": "t",
        "start_ms": start,
        "end_ms": start + 90,
        "split": "test",
        "turns": [turn(start, start + 40), turn(start + 40, start + 90, speakers=["x", "y"])],
        "speakers": [{"speaker_id": "y", "kind": "persona"}],
    }
    return {**row, **more}


def clean() -> Tables:
    """A release that uses most of the format and has nothing wrong with it."""
    rich = dialogue(
        "b", 1000, subsets=["hard", "bench"], control_set={"id": "c", "axis": "tone"}, scene_id="1"
    )
    rich["turns"][0] |= {
        "nonverbal": [
            {"kind": "vocal", "label": "sighs", "start_ms": 1000, "end_ms": 1040},
            {"kind": "music"},
        ],
        "keyframe": {
            "t_ms": 1020,
            "faces": [{"bbox": [0, 0.1, 0.5, 1], "score": 1.0}, {"speaker_id": "x"}],
        },
        "next_start_ms": 1000,
        "confidence": 0.5,
        "sentiment": "neutral",
        "visibility": "visible",
    }
    rich["turns"][1] |= {"interrupts_turn": 0, "text": None, "n_words": 3}
    return {
        "titles": [
            {
                "title_id": "t",
                "kind": "movie",
                "duration_ms": 700_000,
                "fps": "24000/1001",
                "speakers": [{"speaker_id": "x", "gender": "female"}],
            },
            {"title_id": "u", "kind": "episode"},
        ],
        "dialogues": [
            dialogue("a", 0),
            rich,
            dialogue(
                "c", 2000, control_set={"id": "c", "axis": "tone"}, relationship={"category": "Friends"}
            ),
            {
                "dialogue_id": "s",
                "turns": [{"speakers": ["z"], "n_words": 2}],
                "speakers": [{"speaker_id": "z"}],
            },
        ],
        "scenes": [
            {"title_id": "t", "scene_id": "1", "start_ms": 0, "end_ms": 5000},
            {"title_id": "t", "scene_id": "2", "start_ms": 5000, "end_ms": 6000},
            {"title_id": "u", "scene_id": "1", "start_ms": 0, "end_ms": 5000},
        ],
        "withdrawn": [{"dialogue_id": "zz"}, {"title_id": "uu"}],
    }


HEAD = {
    "schema": "mmdia.release/1",
    "name": "n",
    "version": "1",
    "vocab": "paper-15",
    "counts": {"titles": 2, "dialogues": 4, "turns": 7},
}


def changed(**tables: Any) -> Any:
    """A change of the clean release: table -> {row number: keys} or a list of rows to add."""
    return tables


def row(change: dict[str, Any], number: int = 0) -> Any:
    return changed(dialogues={number: change})


def turns(*items: dict[str, Any]) -> Any:
    """The first dialogue with other turns; its own times follow."""
    start = min(item["start_ms"] for item in items)
    end = max(max(item["end_ms"], item["start_ms"]) for item in items)
    return row({"turns": list(items), "start_ms": start, "end_ms": end + 1})


CASES: list[tuple[str, int, Any]] = [
    (
        "bad_box",
        3,
        turns(
            turn(
                0,
                1,
                keyframe={
                    "faces": [
                        {"bbox": [0, 0, 1, 1.1]},
                        {"bbox": [0.5, 0, 0.5, 1]},
                        {"bbox": [0, 0, 1]},
                        {"bbox": [0, 0, 1, 1]},
                    ]
                },
            )
        ),
    ),
    ("bad_fps", 2, changed(titles={0: {"fps": "24/0"}, 1: {"fps": "fast"}})),
    ("bench_outside_hard", 1, row({"subsets": ["bench", "ood"]})),
    ("broken_row", 2, changed(dialogues=[b'{"dialogue_id": 1}', b"{"])),
    ("broken_row", 3, changed(titles=[b"null"], scenes=[b"{}"], withdrawn=[b"[]"])),
    ("control_set_single", 1, row({"control_set": {"id": "d"}})),
    ("dialogue_end", 1, row({"end_ms": 0, "turns": []})),
    ("disk_order", 1, changed(dialogues=[dialogue("d", 3000)])),
    ("disk_order", 1, row({"start_ms": 2500}, 1)),
    ("duplicate_dialogue_id", 2, changed(dialogues={1: {"dialogue_id": "a"}, 2: {"dialogue_id": "a"}})),
    ("duplicate_scene_id", 1, changed(scenes={1: {"scene_id": "1"}})),
    (
        "duplicate_speaker",
        2,
        changed(
            dialogues={0: {"speakers": [{"speaker_id": "y"}, {"speaker_id": "y"}]}},
            titles={1: {"speakers": [{"speaker_id": "q"}, {"speaker_id": "p"}, {"speaker_id": "q"}]}},
        ),
    ),
    (
        "duplicate_title_id",
        1,
        changed(
            titles={1: {"title_id": "t"}},
            scenes={2: {"title_id": "t", "scene_id": "3", "start_ms": 9000, "end_ms": 9999}},
        ),
    ),
    ("empty_id", 1, row({"dialogue_id": ""})),
    ("gap_over_10s", 1, turns(turn(0, 100), turn(10_100, 10_200), turn(20_201, 20_300))),
    ("hard_in_train", 1, row({"split": "train"}, 1)),
    (
        "interrupts_range",
        3,
        turns(*(turn(n, n + 1, interrupts_turn=i) for n, i in enumerate([5, -1, 2, 0, 1, 6]))),
    ),
    ("keyframe_outside_turn", 2, turns(*(turn(0, 9, keyframe={"t_ms": t}) for t in (-1, 0, 8, 9)))),
    ("missing_utterances", 1, turns(turn(0, 1, utterance_id=0), turn(1, 2, utterance_id=2))),
    ("missing_utterances", 1, turns(turn(0, 1, utterance_id="2"), turn(1, 2, utterance_id="3"))),
    ("name_collision", 1, row({"dialogue_id": "C"})),
    ("negative_time", 1, turns(turn(-5, 1), turn(0, 2))),
    ("next_start", 1, turns(turn(5, 6, next_start_ms=4), turn(6, 7, next_start_ms=6))),
    ("no_speaker_list", 1, row({"speakers": []}, 3)),
    ("no_speakers", 1, turns(turn(0, 1, speakers=[]), turn(1, 2))),
    ("no_text", 1, turns(turn(0, 1, text=None), turn(1, 2, text=None, n_words=0))),
    ("no_turns", 1, row({"turns": []})),
    (
        "nonverbal_outside_turn",
        3,
        turns(
            turn(
                5,
                9,
                nonverbal=[
                    {"start_ms": 4, "end_ms": 6},
                    {"start_ms": 6, "end_ms": 10},
                    {"start_ms": 8, "end_ms": 7},
                    {"end_ms": 9},
                ],
            )
        ),
    ),
    ("outside_title", 1, changed(titles={0: {"duration_ms": 2050}})),
    ("overlap", 2, turns(turn(0, 2000), turn(1000, 2000), turn(1999, 3000))),
    ("partial_times", 1, row({"title_id": None}, 2)),
    ("partial_times", 1, row({"end_ms": None})),
    ("scene_end", 1, changed(scenes={1: {"end_ms": 5000}})),
    ("scene_overlap", 1, changed(scenes={1: {"start_ms": 4999}})),
    (
        "score_range",
        2,
        row({"emotion_intensity": 0, "scores": [{"dimension": "d", "value": 3, "scale": [0, 1]}]}),
    ),
    (
        "span_over_600s",
        1,
        row(
            {
                "end_ms": 600_001,
                "turns": [turn(n * 50_000, min((n + 1) * 50_000, 600_001)) for n in range(12)]
                + [turn(600_000, 600_001)],
            }
        ),
    ),
    ("start_order", 1, turns(turn(5, 6), turn(4, 7))),
    ("turn_end", 2, turns(turn(0, 0), turn(1, 0), turn(2, 3))),
    ("turn_outside_dialogue", 1, row({"end_ms": 89})),
    ("turn_over_60s", 1, turns(turn(0, 60_000), turn(60_000, 120_001))),
    ("unknown_category", 1, row({"interaction": {"category": "Shouting"}})),
    (
        "unknown_key",
        5,
        changed(
            titles={0: {"mood": None}},
            scenes={0: {"light": 1}},
            withdrawn={0: {"who": "me"}},
            dialogues={0: {"relationship": {"degree": 2}, "turns": [turn(0, 90, pitch={"mean": 1})]}},
        ),
    ),
    ("unknown_scene", 1, row({"scene_id": "9"})),
    (
        "unknown_title",
        3,
        changed(
            dialogues={0: {"title_id": "n", "speakers": [{"speaker_id": s} for s in "xy"]}},
            scenes=[
                {"title_id": "n", "scene_id": s, "start_ms": 8000 + n, "end_ms": 8001 + n}
                for n, s in enumerate("pq")
            ],
        ),
    ),
    (
        "unknown_value",
        4,
        changed(
            titles={0: {"kind": "series"}},
            dialogues={
                0: {"subsets": ["dev"], "split": "dev", "turns": [turn(0, 90, visibility="hidden")]}
            },
        ),
    ),
    ("unlisted_speaker", 1, turns(turn(0, 5, speakers=["x", "v", "w"]), turn(5, 9, speakers=["y"]))),
    *(
        ("unsafe_id", 1, row({"dialogue_id": name}))
        for name in ("../../evil", "a/../b", "/etc/passwd", "C:\\x", "a\\..\\b")
    ),
    ("withdrawn_present", 2, changed(withdrawn=[{"dialogue_id": "a"}, {"title_id": "u"}])),
]
#: What comes with it by the nature of things.
ALONG = {
    "dialogue_end": {"no_turns"},
    "disk_order": {"turn_outside_dialogue", "dialogue_end"},
    "missing_utterances": {"unknown_key"},
    "negative_time": {"overlap"},
    "start_order": {"overlap"},
    "turn_end": {"overlap"},
    "keyframe_outside_turn": {"overlap", "start_order"},
    "partial_times": {"disk_order", "unlisted_speaker"},
    "unknown_title": {"disk_order"},
}
