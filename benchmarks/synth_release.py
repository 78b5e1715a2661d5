"""Make a synthetic release of any size, for benchmarks: clean rows in the shape of real ones.

    python benchmarks/synth_release.py OUT [--dialogues 54700] [--turns 449138] [--seed 0]

The defaults are the sizes of the paper's Table 3. Text is random syllables.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator
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

    def dialogue(self, title: str, number: int, start_ms: int, n_turns: int) -> dict[str, Any]:
        """One dialogue of a title."""
        r = self.random
        speakers = [f"c{i}" for i in r.sample(range(40), 2 if r.random() < 0.75 else 3)]
        turns = self.turns(start_ms, n_turns, speakers)
        return {
            "dialogue_id": f"{title}_clip_{number:03d}",
            "title_id": title,
            "start_ms": turns[0]["start_ms"],
            "end_ms": turns[-1]["end_ms"],
            "split": "train",
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


def rows(dialogues: int, turns: int, seed: int = 0) -> Iterator[dict[str, Any]]:
    """Dialogues by title and start."""
    writer = Writer(seed)
    per_title, clock, title = -(-dialogues // TITLES), 0, ""
    for i, n in enumerate(lengths(dialogues, turns, writer.random)):
        number = i % per_title
        if number == 0:
            title, clock = f"tt{i // per_title:07d}", 0
        row = writer.dialogue(title, number, clock, n)
        clock = row["end_ms"] + 500
        yield row


def make(folder: Path, dialogues: int, turns: int, seed: int = 0) -> None:
    """Write the release folder."""
    folder.mkdir(parents=True, exist_ok=True)
    titles: dict[str, None] = {}
    with (folder / "dialogues.jsonl").open("w", encoding="utf-8") as file:
        for row in rows(dialogues, turns, seed):
            titles[row["title_id"]] = None
            file.write(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n")
    bank = [{"speaker_id": f"c{i}", "name": f"Character {i}"} for i in range(40)]
    with (folder / "titles.jsonl").open("w", encoding="utf-8") as file:
        for title in titles:
            file.write(
                json.dumps({"title_id": title, "kind": "movie", "language": "en", "speakers": bank}) + "\n"
            )
    head = {
        "schema": "mmdia.release/1", "name": "synthetic", "version": "1.0", "license": "CC0-1.0",
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
    args = parser.parse_args()
    make(args.out, args.dialogues, args.turns, args.seed)


if __name__ == "__main__":
    main()
