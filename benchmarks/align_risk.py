"""What users consume: of the dialogues that are accepted, how many are right, at what coverage?

    python benchmarks/align_risk.py --cases DIR [--mode auto] [--threshold 0.5]
    python benchmarks/align_risk.py --bench BENCH --seed 5151 --per-class 1

Annotation lines are grouped into dialogues (at most 8 lines, no silence of 15 s inside). One is
*accepted* when the film is, every turn is said to be present, no edit falls inside, and the least
sure turn reaches the threshold. It is *right* when the start and the end of every turn lie within
0.2 s of the truth. Coverage: of the dialogues that the media truly holds whole (every line there,
no edit inside), the share that is accepted. A dialogue with a line that an edit runs through has
no true edges there; when accepted it is counted as `torn`, not as wrong.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_args

import align_cases
import align_ours
from align_cases import REAL, Case
from align_score import RIGHT_S

from mmdia.align.dialogue import DialogueFit, group, judge
from mmdia.align.result import Alignment, Mode

#: Coverages at which the risk is told.
_COVERAGES = (0.80, 0.90, 0.95, 0.98, 0.99)


@dataclass(frozen=True)
class Dialogue:
    """One dialogue of a case, judged.

    Attributes:
        cls: Class of the case.
        case: Its name.
        lines: Annotation lines.
        confidence: What the solver says; 0 when the film was refused.
        whole: Whether the media truly holds all of it in one piece.
        torn: Whether an edit runs through one of its lines.
        right: Whether every edge that has a truth lies within 0.2 s of it.
        flaw: Why the solver ruled it out.
    """

    cls: str
    case: str
    lines: tuple[int, ...]
    confidence: float
    whole: bool
    torn: bool
    right: bool
    flaw: str


def dialogues(case: Case, found: Alignment) -> list[Dialogue]:
    """All dialogues of a case."""
    spans = [(c.start_s, max(c.end_s, c.start_s)) for c in case.anno]
    out = []
    for lines in group(spans):
        start_s, end_s = min(spans[i][0] for i in lines), max(spans[i][1] for i in lines)
        fit = judge(start_s, end_s, [found.lines[i] for i in lines], found.time_map)
        truth = [case.lines[i] for i in lines]
        real = case.cls == REAL
        known = [t.present is not None for t in truth]
        if real and not any(known):
            continue
        torn = not real and not all(known)
        whole = not torn and all(t.present is not False for t in truth)
        whole = whole and len({t.piece for t in truth}) == 1
        right = all(t.present is not False for t in truth) and all(
            _near(found.lines[i].start_s, case.lines[i].start_s)
            and _near(found.lines[i].end_s, case.lines[i].end_s)
            for i in lines
            if case.lines[i].present
        )
        placed = isinstance(fit, DialogueFit)
        sure = fit.confidence if placed and found.accepted else 0.0
        flaw = "" if placed else fit
        out.append(Dialogue(case.cls, case.name, tuple(lines), sure, whole, torn, right, flaw))
    return out


def _near(got: float, truth: float | None) -> bool:
    return truth is None or abs(got - truth) <= RIGHT_S + 1e-6


@dataclass(frozen=True)
class Point:
    """One point of the curve: at this threshold, this coverage and this share of wrong ones."""

    threshold: float
    coverage: float
    risk: float
    accepted: int


def point(all_of: Sequence[Dialogue], threshold: float) -> Point:
    """Coverage and risk at one threshold."""
    taken = [d for d in all_of if d.confidence >= threshold and d.confidence > 0 and not d.torn]
    whole = sum(d.whole for d in all_of)
    got = sum(d.whole for d in taken)
    bad = sum(not d.right for d in taken)
    return Point(
        threshold, got / whole if whole else math.nan, bad / len(taken) if taken else math.nan, len(taken)
    )


def at_coverage(all_of: Sequence[Dialogue], coverage: float) -> Point | None:
    """The highest threshold that still reaches a coverage, or None."""
    sure = sorted((d.confidence for d in all_of if d.whole and d.confidence > 0), reverse=True)
    whole = sum(d.whole for d in all_of)
    need = math.ceil(coverage * whole - 1e-9)
    return None if not whole or len(sure) < max(1, need) else point(all_of, sure[max(1, need) - 1])


def table(found: Sequence[Dialogue], threshold: float) -> str:
    """The curve, class by class, and for all classes but the real pairs."""
    head = f"{'class':15s} {'whole':>6s} {'accepted':>8s} {'torn':>5s} {'wrong':>6s} {'right':>7s}"
    head += f" {'cover':>6s} |"
    rows = [head + "".join(f" risk@{c:.2f}" for c in _COVERAGES) + " | ruled out though whole"]
    classes = list(dict.fromkeys(d.cls for d in found))
    parts = [(c, [d for d in found if d.cls == c]) for c in classes]
    synthetic = [d for d in found if d.cls != REAL]
    if len(classes) > 1:
        parts.append(("synthetic", synthetic))
    for name, own in parts:
        p = point(own, threshold)
        taken = [d for d in own if d.confidence >= threshold and d.confidence > 0]
        wrong = sum(not d.right for d in taken if not d.torn)
        curve = [at_coverage(own, c) for c in _COVERAGES]
        rows.append(
            f"{name:15s} {sum(d.whole for d in own):6d} {p.accepted:8d} {sum(d.torn for d in taken):5d}"
            + f" {wrong:6d} {1 - p.risk:7.4f} {p.coverage:6.3f} |"
            + "".join(f" {'-':>9s}" if q is None else f" {q.risk:9.4f}" for q in curve)
            + " | "
            + _why(d for d in own if d.whole and d.confidence < threshold)
        )
    return "\n".join(rows).replace("nan", "  -")


def _why(lost: Iterable[Dialogue]) -> str:
    count: dict[str, int] = {}
    for d in lost:
        why = d.flaw or "unsure"
        count[why] = count.get(why, 0) + 1
    return ", ".join(f"{why} {n}" for why, n in sorted(count.items()))


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    align_cases.add_arguments(parser)
    parser.add_argument("--mode", nargs="*", choices=get_args(Mode), default=["auto", "timing"])
    parser.add_argument("--threshold", type=float, default=0.5)
    parser.add_argument("--wrong", action="store_true", help="list the dialogues that are wrong")
    args = parser.parse_args()
    cases = align_cases.chosen(args, parser)
    for mode in args.mode:
        found = [d for case in cases for d in dialogues(case, align_ours.found(case, mode))]
        print(f"\n== {mode}: accepted at confidence {args.threshold}\n{table(found, args.threshold)}")
        if args.wrong:
            for d in found:
                if d.confidence >= args.threshold and d.confidence > 0 and not d.right and not d.torn:
                    print(f"wrong: {d.case} lines {d.lines[0]}-{d.lines[-1]} at {d.confidence:.3f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
