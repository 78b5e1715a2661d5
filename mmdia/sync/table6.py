"""Table 6: timestamp accuracy and word error rate of kinds of subtitles against a reference.

Titles are pooled by line and by word, so a long film weighs more than a short one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from mmdia.errors import UsageError
from mmdia.metrics.paper import TABLE_6
from mmdia.metrics.timestamps import TimedLine, drift_of, line_errors, no_lines, summary
from mmdia.metrics.wer import ErrorRate, error_rate
from mmdia.metrics.words import NORMALIZERS, words_of
from mmdia.schema.cue import Cue
from mmdia.schema.ranking import SubtitleScore, Table6
from mmdia.subtitles.identify import guess_language_from_name
from mmdia.subtitles.read import read_subtitles

#: Endings of files that hold lines.
_SUBTITLES = frozenset({".srt", ".vtt", ".ass", ".ssa"})
_WORDS = frozenset({".json", ".jsonl", ".ctm", ".csv", ".tsv"})


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of subtitle: a file, or a folder with one a title.

    Attributes:
        name: As printed.
        path: The file or folder.
        key: asr, uncalibrated, calibrated or official; None for others.
    """

    name: str
    path: Path
    key: str | None = None


def table6(
    reference: Path, kinds: Sequence[Kind], *, tau: float = 0.5, normalizer: str = "standard"
) -> Table6:
    """Compare kinds of subtitles with a reference.

    Args:
        reference: The truth: a subtitle file, or a folder of them.
        kinds: What to compare; in folders, files belong to the reference of the same name (a
            language or words such as ``asr`` may follow it).
        tau: Tolerance at both ends of a line, seconds.
        normalizer: How words are compared: none or standard.

    Raises:
        UsageError: A folder has no subtitles, a file stands beside a folder, names meet, the
            tolerance is no positive number, or there is no such normaliser.
        SubtitleError: A file cannot be read.
    """
    if normalizer not in NORMALIZERS:
        raise UsageError("no such normaliser", expected=" or ".join(NORMALIZERS), got=repr(normalizer))
    if not 0 < tau < float("inf"):
        raise UsageError("--tau must be positive", expected="seconds", got=tau)
    files = files_of(reference)
    if not files:
        raise UsageError("no subtitle files in this folder", path=reference)
    truth = {name: _lines(path) for name, path in files.items()}
    lines = sum(bool(words_of(text, normalizer)) for track in truth.values() for _, _, text in track)
    rows = tuple(_score(kind, reference, truth, tau, normalizer) for kind in kinds)
    return Table6(str(reference), len(truth), lines, tau, normalizer, rows, paper_rows())


def paper_rows() -> tuple[Mapping[str, object], ...]:
    """The paper's rows as plain mappings."""
    return tuple({"name": r.name, "key": r.key, "accuracy": r.accuracy, "wer": r.wer} for r in TABLE_6)


def files_of(path: Path) -> dict[str, Path]:
    """Files with lines by the name of their title: the file itself, or those of a folder.

    Raises:
        UsageError: There is no such path, or two files of a folder have one name.
    """
    if path.is_file():
        return {path.stem: path}
    if not path.is_dir():
        raise UsageError("no such file or folder", path=path)
    found: dict[str, Path] = {}
    for file in sorted(path.iterdir()):
        if file.suffix.lower() not in _SUBTITLES | _WORDS or not file.is_file():
            continue
        if file.stem in found:
            raise UsageError(
                "two files of one name", path=path, got=f"{found[file.stem].name}, {file.name}"
            )
        found[file.stem] = file
    return found


def counterpart(name: str, files: Mapping[str, Path]) -> Path | None:
    """The file that belongs to a title: of the same name, else of that name with words behind a dot."""
    if name in files:
        return files[name]
    longer = [k for k in files if k.startswith(f"{name}.")]
    shorter = [k for k in files if name.startswith(f"{k}.") and guess_language_from_name(name)]
    some = longer or shorter
    return files[some[0]] if len(some) == 1 else None


def _score(
    kind: Kind, reference: Path, truth: Mapping[str, list[TimedLine]], tau: float, normalizer: str
) -> SubtitleScore:
    if kind.path.is_dir() != reference.is_dir():
        raise UsageError(
            f"{kind.name}: a file stands beside a folder",
            path=kind.path,
            hint="Name two files, or two folders.",
        )
    files = files_of(kind.path)
    errors, words = no_lines(), ErrorRate()
    drifts: list[float] = []
    missing: list[str] = []
    for name, ref in truth.items():
        path = counterpart(name, files) if reference.is_dir() else kind.path
        if path is None:
            missing.append(name)
            continue
        hyp = _lines(path)
        found = line_errors(ref, hyp, normalizer=normalizer)
        errors += found
        drift = drift_of(found)
        drifts += [] if drift is None else [drift]
        words += error_rate(_said(ref, normalizer), _said(hyp, normalizer))
    middle = median(drifts) if drifts else None
    return SubtitleScore(
        name=kind.name,
        key=kind.key,
        titles=len(truth) - len(missing),
        missing=tuple(missing),
        accuracy=summary(errors, tau, drift=middle).to_row(),
        wer=words.to_row(),
    )


def _said(lines: Sequence[TimedLine], normalizer: str) -> list[str]:
    """All words in order of time; lines that begin together keep their order."""
    return [w for _, _, text in sorted(lines, key=lambda x: x[0]) for w in words_of(text, normalizer)]


def _lines(path: Path) -> list[TimedLine]:
    return [(c.start_s, max(c.start_s, c.end_s), c.text) for c in _cues(path)]


def _cues(path: Path) -> tuple[Cue, ...]:
    if path.suffix.lower() in _WORDS:
        from mmdia.subtitles.words import read_words

        return read_words(path).cues
    return read_subtitles(path).cues
