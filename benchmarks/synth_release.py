"""Make a synthetic release of any size, for benchmarks: clean rows in the shape of real ones.

    python benchmarks/synth_release.py OUT [--dialogues 54700] [--turns 449138] [--seed 0] [--rebuilt DIR]

The defaults are the sizes of the paper's Table 3. Text is random syllables. Nine titles in ten are in
train; the others are in validation and test by turns, where some rows are tagged bench or hard. With
--rebuilt, the receipt of a rebuild that has a clip (of sound, and a still for each turn) for nearly all.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from mmdia.schema.vocab import PAPER_15

TITLES = 209
_SYLLABLES = "ka to mi ren sol da vi per lo an ther ing es ti on ra be cu no wa".split()


class Writer:
    """Random words and dialogues from one seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        r = self.random
        self.words = ["".join(r.choices(_SYLLABLES, k=r.randint(1, 4))) for _ in range(20_000)]
        self.relationships = PAPER_15.names("relationship")
        self.interactions = PAPER_15.names("interaction")

    def text(self, n: int) -> str:
        """N random words."""
        return " ".join(self.random.choices(self.words, k=n))

    def turns(self, start_ms: int, n: int, speakers: list[str]) -> list[dict[str, Any]]:
        """N turns, one after the other."""
        r, t, out = self.random, start_ms, []
        for _ in range(n):
            length = max(400, int(r.gauss(2400, 1000)))
            n_words = max(1, int(r.gauss(8, 4)))
            turn: dict[str, Any] = {
                "start_ms": t,
                "end_ms": t + length,
                "speakers": [r.choice(speakers)],
                "text": self.text(n_words),
                "n_words": n_words,
                "visibility": r.choice(["visible", "invisible", "not_labelled"]),
                "keyframe": {"t_ms": t + length // 2, "n_faces": 1},
            }
            if r.random() < 0.1:
                turn["nonverbal"] = [{"kind": "vocal", "label": "sighs", "start_ms": t, "end_ms": t + 300}]
            out.append(turn)
            t += length + r.randint(0, 900)
        return out

    def dialogue(self, title: str, number: int, start_ms: int, n_turns: int, split: str) -> dict[str, Any]:
        """One dialogue of a title."""
        r = self.random
        speakers = [f"c{i}" for i in r.sample(range(40), 2 if r.random() < 0.75 else 3)]
        turns = self.turns(start_ms, n_turns, speakers)
        tagged = split == "test" and number % 15 == 0
        return {
            "dialogue_id": f"{title}_clip_{number:03d}",
            "title_id": title,
            "start_ms": turns[0]["start_ms"],
            "end_ms": turns[-1]["end_ms"],
            "split": split,
            **({"subsets": ["bench", "hard"] if number % 60 == 0 else ["hard"]} if tagged else {}),
            "turns": turns,
            "speakers": [{"speaker_id": s, "kind": "bank"} for s in speakers],
            "relationship": {"label": self.text(1), "category": r.choice(self.relationships)},
            "interaction": {"label": self.text(2), "category": r.choice(self.interactions)},
            "emotional_tone": self.text(3),
            "description": self.text(60),
            "speaker_styles": [{"speaker_id": s, "description": self.text(25)} for s in speakers],
            "emotion_intensity": float(r.randint(1, 10)),
            "emotion_volatility": float(r.randint(1, 10)),
        }


def lengths(dialogues: int, turns: int, rng: random.Random) -> list[int]:
    """Turns of each dialogue; they sum to `turns`."""
    counts = [max(2, int(rng.gauss(turns / dialogues, 2.5))) for _ in range(dialogues)]
    while (missing := turns - sum(counts)) != 0:
        for i in rng.sample(range(dialogues), min(abs(missing), dialogues)):
            counts[i] = max(2, counts[i] + (1 if missing > 0 else -1))
    return counts


def split_of(title: int) -> str:
    """Split of the n-th title: 90 : 5 : 5."""
    return "train" if title % 10 else ("validation", "test")[title // 10 % 2]


def receipt(row: dict[str, Any]) -> dict[str, Any]:
    """What a rebuild would say of a dialogue: one in fifty has no film."""
    title, name = row["title_id"], row["dialogue_id"]
    out = {"schema": "mmdia.receipt/1", "dialogue_id": name, "title_id": title, "status": "built",
           "reasons": [], "annotation_version": "synthetic 1.0", "mmdia_version": "0"}  # fmt: skip
    if int(name.rsplit("_", 1)[1]) % 50 == 49:
        return out | {"status": "missing_media", "reasons": ["missing_media"]}
    start, end = row["start_ms"] / 1000, row["end_ms"] / 1000
    file = f"clips/{title}/{name}"
    turns = [
        {"start": t["start_ms"] / 1000 - start, "end": t["end_ms"] / 1000 - start, "end_extended": None}
        for t in row["turns"]
    ]
    return out | {
        "media": {"path": f"{title}.mkv", "part": None, "size": 10**9, "hash": "0" * 32},
        "clip": {"nominal_start": start, "nominal_end": end, "media_start": start, "media_end": end,
                 "lead_in": 0.0, "scale": 1.0, "confidence": 0.99},
        "audio": {"path": f"{file}.flac", "bytes": 10**6, "sample_rate": 24_000,
                  "n_samples": round((end - start) * 24_000), "sha256": "0" * 64, "channels": 1},
        "keyframes": [{"path": f"{file}.k{i:03d}.jpg", "turn": i, "media_time": start + t["start"],
                       "sha256": "0" * 64, "bytes": 20_000} for i, t in enumerate(turns)],
        "turns": turns,
        "quality": {"snr_db": 20.0, "loudness_lufs": -23.0},
        "params_hash": "0" * 32,
    }  # fmt: skip


def rows(dialogues: int, turns: int, seed: int = 0) -> Iterator[dict[str, Any]]:
    """Dialogues by title and start."""
    writer = Writer(seed)
    per_title, clock, title, split = -(-dialogues // TITLES), 0, "", "train"
    for i, n in enumerate(lengths(dialogues, turns, writer.random)):
        number = i % per_title
        if number == 0:
            title, clock = f"tt{i // per_title:07d}", 0
            split = split_of(i // per_title)
        row = writer.dialogue(title, number, clock, n, split)
        clock = row["end_ms"] + 500
        yield row


def line(row: dict[str, Any]) -> str:
    """One line of JSON."""
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"


def make(folder: Path, dialogues: int, turns: int, seed: int = 0, rebuilt: Path | None = None) -> None:
    """Write the release folder, and the receipt of a rebuild."""
    folder.mkdir(parents=True, exist_ok=True)
    titles: dict[str, None] = {}
    with ExitStack() as stack:
        file = stack.enter_context((folder / "dialogues.jsonl").open("w", encoding="utf-8"))
        receipts = None
        if rebuilt is not None:
            rebuilt.mkdir(parents=True, exist_ok=True)
            receipts = stack.enter_context((rebuilt / "receipt.jsonl").open("w", encoding="utf-8"))
        for row in rows(dialogues, turns, seed):
            titles[row["title_id"]] = None
            file.write(line(row))
            if receipts is not None:
                receipts.write(line(receipt(row)))
    bank = [{"speaker_id": f"c{i}", "name": f"Character {i}"} for i in range(40)]
    with (folder / "titles.jsonl").open("w", encoding="utf-8") as file:
        for title in titles:
            file.write(
                json.dumps({"title_id": title, "kind": "movie", "language": "en", "speakers": bank}) + "\n"
            )
    head = {
        "schema": "mmdia.release/1", "name": "synthetic", "version": "1.0", "license": "CC0-1.0",
        "text_license": "CC0-1.0",
        "counts": {"titles": len(titles), "dialogues": dialogues, "turns": turns}, "vocab": "paper-15",
    }  # fmt: skip
    (folder / "release.json").write_text(json.dumps(head), encoding="utf-8")


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("out", type=Path)
    parser.add_argument("--dialogues", type=int, default=54_700)
    parser.add_argument("--turns", type=int, default=449_138)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rebuilt", type=Path)
    args = parser.parse_args()
    make(args.out, args.dialogues, args.turns, args.seed, args.rebuilt)


if __name__ == "__main__":
    main()
