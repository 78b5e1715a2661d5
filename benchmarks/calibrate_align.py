"""Fit the calibration of alignment, and write `mmdia/align/calibration_table.py`.

    python benchmarks/calibrate_align.py --bench BENCH [--cases 320] [--sound DIR ...] [--keep FILE]
    python benchmarks/calibrate_align.py --from FILE ...  (fit again what was kept, in seconds)

Aligns made-up copies (`align_vary.py`: seeds 100 to 199, never reported) in the modes auto, text and
timing, and in mode audio where `--sound` names folders of cases with a `media.wav`. Of every line
it keeps the figures and whether it truly lies within 0.2 s of its place; of every film, what it is
judged by and whether it was the right one. Prints the fit, its calibration error on the half of
the cases that it was not fitted on, and which films would be judged wrongly. Fingerprints have no
copies here: their lines get what `benchmarks/fingerprint.py` measures, told in `_FINGERPRINT`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import align_cases
import align_ours
import align_vary
import numpy as np
from align_cases import Case
from align_score import RIGHT_S, ece
from numpy.typing import NDArray

from mmdia.align import calibration
from mmdia.align.result import Alignment, Mode

Floats = NDArray[np.float64]

TABLE = Path(__file__).resolve().parents[1] / "mmdia" / "align" / "calibration_table.py"

#: Ramps offered to every kind of evidence: (figure, where it is 0, where it is 1).
_NATS = {
    "text": (-2.0, 0.5, 2.0, 5.0, 9.0),
    "timing": (-0.5, 0.3, 0.8, 1.4, 2.2),
    "audio": (-0.3, 0.1, 0.4, 0.8, 1.4),
}
_OWN = {"text": (-2.0, 0.0, 3.0, 8.0), "timing": (-1.5, 0.0, 1.5, 3.0), "audio": (-1.0, 0.0, 1.0, 2.0)}
_EDIT = (0.0, 1.0, 3.0, 8.0, 20.0)
_SPREAD = (0.4, 0.25, 0.15, 0.08, 0.04)
_DRIFT = (0.25, 0.15, 0.08, 0.03)

#: Share of placed lines that fingerprints put within 0.2 s next to an edit, and elsewhere.
_FINGERPRINT = (0.98, 0.999)

#: Strength of the pull of weights to 0, in lines.
_PULL = 3.0

#: Price of steepness, in films, and how much worse it is to take a wrong film than to refuse a right one.
_SLOPE, _COST = 0.02, 5.0

#: Nats that totals are counted in, and the narrowest gap of typical lines that is one.
_TOTAL_UNIT, _GAP = 20.0, 0.15

#: Spoken lines from which on a film is judged by its typical line.
LONG = 100


@dataclass(frozen=True)
class FilmRow:
    """One film: kind of evidence that led, its two figures, spoken lines, whether it was the right one."""

    lead: str
    typical: float
    total: float
    lines: int
    right: bool
    name: str


@dataclass
class Samples:
    """What the fit is made from.

    Attributes:
        lines: By kind of evidence: rows of figures by name, whether right, and the case.
        films: What each film is judged by.
    """

    lines: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    films: list[FilmRow] = field(default_factory=list)

    def add(self, case: Case, number: int, mode: str, got: Alignment) -> None:
        """Take in one alignment."""
        figures, lead = got.features, str(got.evidence.get("mode", "none"))
        if figures is None or lead == "none":
            return
        pieces = int(got.evidence["n_pieces"])
        film = calibration.film_figures(figures.own_nats, figures.spoken, pieces)
        spoken = int(figures.spoken.sum())
        self.films.append(
            FilmRow(lead, film.typical, film.total, spoken, not case.wrong, f"{case.name} {mode}")
        )
        if case.wrong or not _same_film(got, case):
            return
        for i, truth in enumerate(case.lines):
            if truth.present is None or not figures.present[i]:
                continue
            start = truth.start_s
            right = bool(truth.present) and start is not None
            right = right and start is not None and abs(got.lines[i].start_s - start) <= RIGHT_S
            row = self.lines.setdefault(figures.family[i], {})
            for name in figure_names(figures):
                row.setdefault(name, []).append(float(getattr(figures, name)[i]))
            row.setdefault("right", []).append(float(right))
            row.setdefault("case", []).append(float(number))

    def join(self, kept: dict[str, Any]) -> None:
        """Take in samples that were written down."""
        self.films += [FilmRow(**f) for f in kept["films"]]
        for kind, rows in kept["lines"].items():
            for name, values in rows.items():
                self.lines.setdefault(kind, {}).setdefault(name, []).extend(values)


def figure_names(figures: object) -> list[str]:
    """Figures that a ramp may be made of."""
    known = ("own_nats", "mean_nats", "edit_lines", "residual_s", "drift_s")
    return [name for name in known if hasattr(figures, name)]


def _same_film(got: Alignment, case: Case) -> bool:
    """Whether the film was found at all: line confidence is told for right films only."""
    known = [(f.start_s, t.start_s) for f, t in zip(got.lines, case.lines, strict=True) if t.start_s]
    near = [abs(a - b) < 2.0 for a, b in known if b is not None]
    return sum(near) >= 0.5 * len(near) and bool(near)


def collect(bench: Path, cases: int, sound: Sequence[Path], seed: int) -> Samples:
    """Align everything."""
    out = Samples()
    for number, case in enumerate(align_vary.varied(bench, cases)):
        _each(out, case, number, ("text", "timing") if case.wrong else ("auto", "timing"))
    for number, case in enumerate(align_vary.wrong_episodes(bench, cases // 2, seed), cases):
        _each(out, case, number, ("text", "timing"))
    for number, case in enumerate(align_vary.right_episodes(bench, cases // 8, seed), 2 * cases):
        _each(out, case, number, ("auto", "timing"))
    heard = [case for folder in sound for case in align_cases.load_all(folder)]
    for number, case in enumerate(heard, 3 * cases):
        _each(out, case, number, ("audio",))
    for number, (case, other) in enumerate(zip(heard, heard[7:] + heard[:7], strict=True)):
        if case.name.split("__")[1][:6] != other.name.split("__")[1][:6]:
            _each(out, align_vary.swapped(case, other), 4 * cases + number, ("audio",))
    return out


def _each(out: Samples, case: Case, number: int, modes: Iterable[Mode]) -> None:
    for mode in modes:
        out.add(case, number, mode, align_ours.found(case, mode))
    print(f"\r{number:5d} {case.name[:50]:50s}", end="", file=sys.stderr, flush=True)


Ramp = tuple[str, float, float]


def ramps(kind: str, names: Iterable[str]) -> list[Ramp]:
    """The ramps of one kind of evidence."""
    of = {
        "mean_nats": _NATS[kind],
        "own_nats": _OWN[kind],
        "edit_lines": _EDIT,
        "residual_s": _SPREAD,
        "drift_s": _DRIFT,
    }
    return [(name, a, b) for name in names for a, b in zip(of[name], of[name][1:], strict=False)]


def columns(rows: dict[str, list[float]], of: Sequence[Ramp]) -> Floats:
    """Ramps of all lines, shape (n, ramps)."""
    return np.stack([calibration.ramp(np.array(rows[name]), a, b) for name, a, b in of], axis=1)


def fit_lines(x: Floats, right: Floats) -> tuple[float, Floats]:
    """Bias and weights (never negative) of a logistic model, by Newton steps kept at or above 0."""
    design = np.column_stack([np.ones(len(right)), x])
    pull = np.append(0.0, np.full(x.shape[1], _PULL))
    at = np.zeros(design.shape[1])

    def loss(v: Floats) -> float:
        z = design @ v
        return float(np.logaddexp(0.0, z).sum() - right @ z + 0.5 * pull @ (v * v))

    value = loss(at)
    for _ in range(100):
        p = 1.0 / (1.0 + np.exp(-np.clip(design @ at, -30, 30)))
        slope = design.T @ (right - p) - pull * at
        curve = (design * (p * (1 - p))[:, None]).T @ design + np.diag(pull + 1e-6)
        free = (at > 0) | (slope > 0)
        free[0] = True
        step = np.zeros(len(at))
        step[free] = np.linalg.solve(curve[np.ix_(free, free)], slope[free])
        size = 1.0
        while size > 1e-6:
            trial = at + size * step
            trial[1:] = np.maximum(0.0, trial[1:])
            if (reached := loss(trial)) < value:
                break
            size *= 0.5
        if size <= 1e-6 or value - reached < 1e-9 * len(right):
            break
        at, value = trial, reached
    return float(at[0]), at[1:]


def fit_film(films: Sequence[FilmRow]) -> tuple[float, float, float, float]:
    """The two logistics of a film, each from the films that it is there for.

    A long film is judged by its typical line: it may lack nothing in total. A short one by its
    total: a dozen lines always find a place where the typical one fits.
    """
    long = [f for f in films if f.lines >= LONG]
    short = [f for f in films if f.lines < 2 * LONG]
    typical = np.array([f.typical for f in long], dtype=np.float64)
    right = np.array([f.right for f in long], dtype=np.float64)
    centre, slope = fit_margin(typical, right) or fit_logistic(typical, right)
    total = np.array([f.total for f in short], dtype=np.float64) / _TOTAL_UNIT
    in_all = fit_logistic(total, np.array([f.right for f in short], dtype=np.float64))
    return centre, slope, in_all[0] * _TOTAL_UNIT, in_all[1] / _TOTAL_UNIT


def fit_margin(x: Floats, right: Floats) -> list[float] | None:
    """Centre and slope where the sample leaves a gap; None where it leaves none.

    Likelihood says nothing about where in a gap the odds are even. The centre lies a third of the
    way up, since the total guards against wrong films as well and the lowest right films (recognised
    speech, edited) are rarer in the sample than among users; the nearest wrong film keeps less than 1 %.
    """
    if not (right > 0).any() or not (right == 0).any():
        return None
    wrong, lowest = float(x[right == 0].max()), float(x[right > 0].min())
    if lowest - wrong < _GAP:
        return None
    return [wrong + (lowest - wrong) / 3, min(40.0, 24.0 / (lowest - wrong))]


def fit_logistic(x: Floats, right: Floats) -> list[float]:
    """Centre and slope of one logistic; a wrong film taken weighs more than a right one refused.

    Where nothing lies between right and wrong films, likelihood alone would make a cliff: the slope
    has a price, so that the nearest films keep a doubt.
    """
    weigh = np.where(right > 0, 1 / max(1.0, right.sum()), _COST / max(1.0, (1 - right).sum()))
    price = _SLOPE / max(1.0, min(right.sum(), (1 - right).sum()))
    best, value = [0.0, 1.0], np.inf
    for centre in np.linspace(*np.quantile(x, [0.02, 0.98]), 400):
        for slope in np.geomspace(0.3, 40.0, 50):
            z = slope * (x - centre)
            reached = float(weigh @ np.logaddexp(0.0, np.where(right > 0, -z, z))) + price * slope
            if reached < value:
                best, value = [float(centre), float(slope)], reached
    return best


def fitted_line(kind: str, rows: dict[str, list[float]], some: NDArray[np.bool_]) -> tuple[Any, Floats]:
    """The model fitted on some lines, and the probability it gives all of them."""
    # The spread of a piece is one figure for hundreds of lines; too few films to learn it from.
    names = [n for n in rows if n not in ("right", "case", "residual_s")]
    of = ramps(kind, names)
    x, right = columns(rows, of), np.array(rows["right"])
    bias, weight = fit_lines(x[some], right[some])
    kept = [(n, a, b, round(float(w), 4)) for (n, a, b), w in zip(of, weight, strict=True) if w > 5e-3]
    # Nothing is surer than all lines of the sample were.
    most = round(1.0 - 1.0 / (float(some.sum()) + 2.0), 5)
    model = (round(bias, 4), tuple(kept), 0.01, most)
    p = 1.0 / (1.0 + np.exp(-(bias + x @ weight)))
    return model, np.clip(p, 0.01, most)


def write(line: dict[str, Any], film: dict[str, Any], note: str) -> None:
    """The table as a module."""
    shape = [
        '"""Fitted figures of `mmdia.align.calibration`; written by `benchmarks/calibrate_align.py`.',
        "",
        note,
        '"""',
        "",
        "from __future__ import annotations",
        "",
        "from mmdia.align.source import Family",
        "",
        "#: Typical nats of a line at even odds and steepness; nats in all at even odds and steepness.",
        "Film = tuple[float, float, float, float]",
        "",
        "#: Bias; ramps (figure, where it is 0, where it is 1, weight); lowest and highest probability.",
        "Line = tuple[float, tuple[tuple[str, float, float, float], ...], float, float]",
        "",
        f"FILM: dict[Family, Film] = {film!r}",
        "",
        f"LINE: dict[Family, Line] = {line!r}",
        "",
    ]
    TABLE.write_text("\n".join(shape), encoding="utf-8")
    subprocess.run([sys.executable, "-m", "ruff", "format", "-q", str(TABLE)], check=False)


def fit(samples: Samples, *, save: bool) -> None:
    """Fit everything, tell how good it is, and write the table."""
    line: dict[str, Any] = dict(calibration.table.LINE)
    film: dict[str, Any] = dict(calibration.table.FILM)
    for kind, rows in samples.lines.items():
        if kind == "fingerprint":
            continue
        number = np.array(rows["case"])
        right = np.array(rows["right"])
        fold = np.zeros(len(right))
        for half in (0, 1):
            fold[number % 2 != half] = fitted_line(kind, rows, number % 2 == half)[1][number % 2 != half]
        error = ece(list(zip(fold.tolist(), right.astype(int).tolist(), strict=True)))
        line[kind] = fitted_line(kind, rows, np.ones(len(right), dtype=bool))[0]
        print(
            f"{kind}: {len(right)} lines of {len(set(rows['case']))} cases, {right.mean():.4f} right,"
            f" ECE on the other half {error:.4f}"
        )
    for kind in ("text", "timing", "audio"):
        own = [f for f in samples.films if f.lead == kind]
        if not any(f.right for f in own) or all(f.right for f in own):
            continue
        film[kind] = tuple(round(v, 4) for v in fit_film(own))
        _tell_films(kind, own, film[kind])
    away = float(np.log(_FINGERPRINT[1] / (1 - _FINGERPRINT[1])))
    near = float(np.log(_FINGERPRINT[0] / (1 - _FINGERPRINT[0])))
    line["fingerprint"] = (round(near, 4), (("edit_lines", 0.0, 1.0, round(away - near, 4)),), 0.01, 0.999)
    # Lines that a fingerprint carries are judged as words are: both are exact where they speak.
    film["fingerprint"] = film["text"]
    if save:
        right = sum(f.right for f in samples.films)
        count = sum(len(rows["right"]) for rows in samples.lines.values())
        note = f"Fitted on {count} lines, {right} right films and {len(samples.films) - right} wrong ones."
        write(line, film, note)
        print(f"written: {TABLE}")


def _tell_films(kind: str, own: Sequence[FilmRow], model: Any) -> None:
    def sure(f: FilmRow) -> float:
        z = min(model[1] * (f.typical - model[0]), model[3] * (f.total - model[2]))
        return float(1 / (1 + np.exp(-np.clip(z, -30, 30))))

    right = sorted(((sure(f), f.name, f) for f in own if f.right), key=lambda x: x[:2])
    wrong = sorted(((sure(f), f.name, f) for f in own if not f.right), key=lambda x: x[:2], reverse=True)
    print(f"{kind}: {len(right)} right films, {len(wrong)} wrong; {model}")
    for what, some in (("lowest right", right[:5]), ("highest wrong", wrong[:5])):
        for p, name, f in some:
            figures = f"typical {f.typical:.2f}, total {f.total:.1f}, {f.lines} lines"
            print(f"   {what:13s} {p:.3f}: {figures}, {name}")


def main() -> int:
    """Command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--bench", type=Path, default=os.environ.get("MMDIA_ALIGN_BENCH"))
    parser.add_argument("--cases", type=int, default=320)
    parser.add_argument("--seed", type=int, default=100, help="of the made-up series")
    parser.add_argument("--sound", type=Path, nargs="*", default=[])
    parser.add_argument("--keep", type=Path, help="write the samples here")
    parser.add_argument("--from", dest="kept", type=Path, nargs="+", help="samples that were kept")
    parser.add_argument("--dry-run", action="store_true", help="write no table")
    args = parser.parse_args()
    started = time.process_time()
    if args.kept:
        samples = Samples()
        for path in args.kept:
            samples.join(json.loads(path.read_text(encoding="utf-8")))
    elif args.bench:
        samples = collect(Path(args.bench), args.cases, args.sound, args.seed)
        print(f"\naligned in {time.process_time() - started:.0f} CPU s")
    else:
        parser.error("give --bench DIR (or MMDIA_ALIGN_BENCH), or --from FILE")
    if args.keep:
        args.keep.write_text(json.dumps(asdict(samples)), "utf-8")
    fit(samples, save=not args.dry_run)
    return 0


if __name__ == "__main__":
    sys.exit(main())
