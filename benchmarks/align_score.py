"""Scores of answers, and the tables made of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from align_cases import REAL, WITHIN_S, Answer, Case

#: A line is right within this; so is an edge of a dialogue.
RIGHT_S = 0.2

_HAIR_S = 1e-6


@dataclass
class Score:
    """One answer to one case.

    Attributes:
        tool: Who answered.
        name: The case.
        cls: Its class.
        present: Lines truly present and scored.
        within: Of those, starts within each of `WITHIN_S`.
        absent: Lines truly absent, and those flagged so (-1 flagged: the tool flags nothing).
        flagged: Lines truly present that were flagged absent.
        wrong: Whether the media is another film.
        verdict: Whether the verdict is right; None when there is no truth, or no verdict.
        film: P(right film), or None.
        cpu_s: CPU seconds.
        lines: Confidence of each scored line, and whether it is there and placed right.
        error: Why there is no answer.
    """

    tool: str
    name: str
    cls: str
    present: int = 0
    within: list[int] = field(default_factory=lambda: [0] * len(WITHIN_S))
    absent: list[int] = field(default_factory=lambda: [0, 0])
    flagged: int = 0
    wrong: bool = False
    verdict: bool | None = None
    film: float | None = None
    cpu_s: float = 0.0
    lines: list[tuple[float, int]] = field(default_factory=list)
    error: str = ""


def score(tool: str, case: Case, got: Answer) -> Score:
    """Compare an answer with the truth."""
    out = Score(tool, case.name, case.cls, wrong=case.wrong, film=got.film, cpu_s=got.cpu_s)
    out.error = got.error
    if case.verdict and got.verdict:
        out.verdict = case.verdict == got.verdict
    elif case.verdict and got.error:
        out.verdict = False
    for i, truth in enumerate(case.lines):
        at = got.start_s[i] if i < len(got.start_s) else None
        here = got.present[i] if got.present is not None else True
        sure = got.confidence[i] if got.confidence is not None else None
        if truth.present is None or (truth.present and truth.start_s is None):
            continue
        good = False
        if truth.present and truth.start_s is not None:
            away = math.inf if at is None else abs(at - truth.start_s)
            out.present += 1
            out.flagged += not here
            for k, limit in enumerate(WITHIN_S):
                out.within[k] += away <= limit + _HAIR_S
            good = away <= RIGHT_S + _HAIR_S
        else:
            out.absent[0] += 1
            out.absent[1] += not here
        if sure is not None:
            out.lines.append((sure, int(good)))
    return out


def ece(lines: Sequence[tuple[float, int]], bins: int = 10) -> float:
    """Expected calibration error: mean distance of confidence and truth over equal bins."""
    if not lines:
        return math.nan
    total = 0.0
    for b in range(bins):
        own = [x for x in lines if min(bins - 1, int(x[0] * bins)) == b]
        total += abs(sum(c for c, _ in own) - sum(g for _, g in own))
    return total / len(lines)


def auc(right: Sequence[float], wrong: Sequence[float]) -> float:
    """Share of (right, wrong) pairs in the right order; ties count half."""
    if not right or not wrong:
        return math.nan
    wins = sum((p > q) + 0.5 * (p == q) for p in right for q in wrong)
    return wins / (len(right) * len(wrong))


def share(part: float, whole: float) -> float:
    """A ratio, not a number when there is nothing."""
    return part / whole if whole else math.nan


def by_class(scores: Sequence[Score]) -> dict[str, list[Score]]:
    """Scores by class, in order of appearance."""
    out: dict[str, list[Score]] = {}
    for s in scores:
        out.setdefault(s.cls, []).append(s)
    return out


def pooled(scores: Sequence[Score], k: int) -> float:
    """Share of present lines within ``WITHIN_S[k]``."""
    return share(sum(s.within[k] for s in scores), sum(s.present for s in scores))


def detail(scores: Sequence[Score]) -> str:
    """One tool, class by class."""
    head = f"{'class':15s} {'cases':>5s} {'<=.1':>6s} {'<=.2':>6s} {'<=.5':>6s} {'absent':>7s} {'of':>5s}"
    rows = [head + f" {'false %':>8s} {'verdict':>8s} {'film':>11s} {'ECE':>6s} {'CPU s':>6s}"]
    for cls, own in by_class(scores).items():
        said = [s.verdict for s in own if s.verdict is not None]
        film = [s.film for s in own if s.film is not None]
        lines = [x for s in own for x in s.lines]
        away = sum(s.absent[0] for s in own)
        rows.append(
            f"{cls:15s} {len(own):5d} "
            + " ".join(f"{pooled(own, k):6.3f}" for k in range(3))
            + f" {share(sum(s.absent[1] for s in own), away):7.3f} {away:5d}"
            + f" {100 * share(sum(s.flagged for s in own), sum(s.present for s in own)):8.2f}"
            + f" {share(sum(said), len(said)):8.2f}"
            + (f" {min(film):.3f}-{max(film):.3f}" if film else f" {'-':>11s}")
            + f" {ece(lines):6.3f} {share(sum(s.cpu_s for s in own), len(own)):6.2f}"
            + (f"  {sum(bool(s.error) for s in own)} failed" if any(s.error for s in own) else "")
        )
    return "\n".join(rows).replace("nan", "  -")


def summary(scores: dict[str, list[Score]]) -> str:
    """All tools, one column each."""
    rows: list[tuple[str, Callable[[list[Score]], str]]] = [
        ("macro <=.1 s", lambda s: f"{macro(s, 0):.4f}"),
        ("macro <=.2 s", lambda s: f"{macro(s, 1):.4f}"),
        ("macro <=.5 s", lambda s: f"{macro(s, 2):.4f}"),
        ("worst class <=.2 s", _worst),
        ("real pairs <=.2 s", lambda s: f"{pooled(_real(s), 1):.4f}"),
        ("real pairs <=.5 s", lambda s: f"{pooled(_real(s), 2):.4f}"),
        ("absent found", lambda s: f"{share(_sum(s, 'absent'), sum(x.absent[0] for x in _right(s))):.3f}"),
        ("absent, worst class", _worst_absent),
        ("false flags %", lambda s: f"{100 * share(_sum(s, 'flagged'), sum(x.present for x in s)):.3f}"),
        ("verdict right", _verdicts),
        ("wrong film AUC", lambda s: f"{auc(*_films(s)):.4f}"),
        ("lowest right film", lambda s: f"{min(_films(s)[0], default=math.nan):.3f}"),
        ("highest wrong film", lambda s: f"{max(_films(s)[1], default=math.nan):.3f}"),
        ("line ECE", lambda s: f"{ece([x for c in _right(s) for x in c.lines]):.4f}"),
        ("CPU s a case", lambda s: f"{share(sum(x.cpu_s for x in s), len(s)):.2f}"),
        ("most CPU s", lambda s: f"{max(x.cpu_s for x in s):.2f}"),
        ("cases, failed", lambda s: f"{len(s)}, {sum(bool(x.error) for x in s)}"),
    ]
    tools = list(scores)
    width = max(24, *(len(t) + 2 for t in tools))
    out = [f"{'':22s}" + "".join(f"{t:>{width}s}" for t in tools)]
    out += [f"{name:22s}" + "".join(f"{say(scores[t]):>{width}s}" for t in tools) for name, say in rows]
    return "\n".join(out).replace("nan", "  -")


def side_by_side(scores: dict[str, list[Score]]) -> str:
    """Share of present lines within 0.2 s: a row a class, a column a tool."""
    tools = list(scores)
    width = max(10, *(len(t) + 2 for t in tools))
    out = [f"{'class':15s}" + "".join(f"{t:>{width}s}" for t in tools)]
    for cls in by_class(next(iter(scores.values()))):
        own = {t: [s for s in scores[t] if s.cls == cls] for t in tools}
        if any(s.present for s in own[tools[0]]):
            out.append(f"{cls:15s}" + "".join(f"{pooled(own[t], 1):{width}.3f}" for t in tools))
    return "\n".join(out)


def _right(scores: Sequence[Score]) -> list[Score]:
    return [s for s in scores if not s.wrong]


def _real(scores: Sequence[Score]) -> list[Score]:
    return [s for s in scores if s.cls == REAL]


def _synthetic(scores: Sequence[Score]) -> dict[str, list[Score]]:
    return by_class([s for s in scores if not s.wrong and s.cls != REAL and s.present])


def macro(scores: Sequence[Score], k: int) -> float:
    """Mean over synthetic classes of the share within ``WITHIN_S[k]``."""
    each = [pooled(own, k) for own in _synthetic(scores).values()]
    return share(sum(each), len(each))


def _worst(scores: Sequence[Score]) -> str:
    each = {cls: pooled(own, 1) for cls, own in _synthetic(scores).items()}
    if not each:
        return "-"
    cls = min(each, key=lambda c: each[c])
    return f"{each[cls]:.3f} {cls}"


def _worst_absent(scores: Sequence[Score]) -> str:
    each = {
        cls: share(sum(s.absent[1] for s in own), sum(s.absent[0] for s in own))
        for cls, own in by_class(_right(scores)).items()
        if sum(s.absent[0] for s in own)
    }
    if not each:
        return "-"
    cls = min(each, key=lambda c: each[c])
    return f"{each[cls]:.2f} {cls}"


def _verdicts(scores: Sequence[Score]) -> str:
    said = [s.verdict for s in scores if s.verdict is not None]
    return f"{sum(said)}/{len(said)}" if said else "-"


def _films(scores: Sequence[Score]) -> tuple[list[float], list[float]]:
    known = [s for s in scores if s.film is not None]
    return [s.film or 0.0 for s in known if not s.wrong], [s.film or 0.0 for s in known if s.wrong]


def _sum(scores: Sequence[Score], what: str) -> int:
    if what == "absent":
        return sum(s.absent[1] for s in _right(scores))
    return sum(s.flagged for s in _right(scores))
