"""The time-map benchmark by sound alone: each case's `media.wav`, heard by each detector.

    python BENCH/gen.py --out cases --seed 7001 --classes pal,cut3,lang_pal_cut2 --per-class 1
    python BENCH/audio_gen.py cases/*
    python benchmarks/align_audio.py --cases cases --vad webrtc silero --wrong 4 --keep heard

`BENCH/audio_gen.py` makes the sound (synthetic voices, music, noise; it needs espeak-ng and flite).
Prints what `align.py` prints, a column a detector, and the wrong films: for each sound, the
annotations of `--wrong` cases of other tracks. CPU seconds are those of aligning; listening is
told beside, with decoding, for what was not heard before (`--keep`) only.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path

import align_ours
import align_score
from align_cases import Answer, Case, load_all
from align_score import Score

from mmdia.align.solve import align
from mmdia.schema.activity import Activity
from mmdia.sync.listen import listen


def tracks(case: Case) -> set[str]:
    """Names of the films that a case is made of, whatever the language."""
    truth = json.loads((case.folder / "truth.json").read_text(encoding="utf-8"))
    return {"_".join(truth[side].split("_")[:2]) for side in ("anno_track", "media_track")}


def solve(case: Case, activity: Activity) -> Answer:
    """The case's annotation against what was heard."""
    before = time.process_time()
    got = align(case.anno, [], mode="audio", activity=activity)
    return align_ours.answer(got, time.process_time() - before)


def strangers(cases: Sequence[Case], number: int, most: int) -> list[Case]:
    """Cases of other films, spread over the list."""
    own = tracks(cases[number])
    others = [c for c in [*cases[number + 1 :], *cases[:number]] if not own & tracks(c)]
    step = max(1, len(others) // max(1, most))
    return others[::step][:most]


def wrong(case: Case, got: Answer, heard: Case) -> Score:
    """The score of an annotation against another film's sound."""
    right = got.verdict == "wrong_film"
    name = f"{case.name} > {heard.name}"
    return Score("", name, "wrong", wrong=True, verdict=right, film=got.film, cpu_s=got.cpu_s)


def run(cases: Sequence[Case], vad: str, most: int, keep: Path | None) -> tuple[list[Score], float, float]:
    """Scores by one detector, CPU seconds of listening, and seconds of sound listened to."""
    scores: list[Score] = []
    spent = length = 0.0
    for number, case in enumerate(cases):
        before = time.process_time()
        activity = listen(case.folder / "media.wav", vad, cache=keep)
        spent += time.process_time() - before
        length += activity.duration_s
        scores.append(align_score.score(vad, case, solve(case, activity)))
        scores += [wrong(other, solve(other, activity), case) for other in strangers(cases, number, most)]
    return scores, spent, length


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--cases", type=Path, required=True, nargs="+", help="folders of cases with media.wav"
    )
    parser.add_argument("--classes", default="", help="only these, with commas")
    parser.add_argument("--vad", nargs="+", default=["webrtc"], help="detectors")
    parser.add_argument("--wrong", type=int, default=2, help="wrong annotations for each sound")
    parser.add_argument("--keep", type=Path, help="folder for what was heard")
    args = parser.parse_args()
    classes = [c for c in args.classes.split(",") if c]
    found = [c for folder in args.cases for c in load_all(folder, classes)]
    cases = [c for c in found if not c.wrong and (c.folder / "media.wav").is_file()]
    if not cases:
        parser.error("no case has a media.wav")
    columns: dict[str, list[Score]] = {}
    for vad in args.vad:
        columns[vad], spent, length = run(cases, vad, args.wrong, args.keep)
        print(f"\n== {vad}")
        print(align_score.detail(columns[vad]))
        print(
            f"listening: {spent:.1f} CPU s for {length / 60:.0f} min"
            f" ({7200 * spent / length:.1f} for two hours)"
        )
    print()
    print(align_score.summary(columns))


if __name__ == "__main__":
    main()
