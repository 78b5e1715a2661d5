"""Praat's TextGrids, in the long and the short text form, as aligners (MFA) and phoneticians write them.

An interval is a turn of its tier's speaker: ``Ann``, ``Ann - words``. Words and phones are parts: those of
a turn are kept under its extra keys ``words`` and ``phones``; words without turns are joined into turns.
Points go to the turn that they lie in. The text is read by Praat's own rule (a token is what stands free),
for praatio, which writes our exports, reads -1.5 as 1.5 and passes over the end of a file that breaks off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from mmdia.release.importers.ledger import Ledger
from mmdia.release.importers.options import ImportOptions, Item
from mmdia.release.importers.registry import Importer
from mmdia.release.importers.speech import Segment, host, items, joined, seconds_ms
from mmdia.release.importers.text import encoding_of

_TOKEN = re.compile(r'"(?P<text>(?:[^"]|"")*)"|(?<!\S)(?:(?P<number>[+-]?\d\S*)|(?P<flag><\w+>)|!.*)')
#: Names of tiers: a speaker, what the tier holds, or both.
ROLE = re.compile(
    r"(?:(?P<who>.+?)(?: - |[ _/:-]))?(?P<role>words?|phones?|phonemes?|overlap(?: \d+)?|utterances?"
    r"|sentences?|transcripts?|transcription|text)\Z",
    re.IGNORECASE,
)
#: What aligners write where nobody speaks.
_SILENCE = frozenset({"sil", "sp", "<eps>", "<sil>"})


def accepts(files: Sequence[Path]) -> bool:
    """Whether one of the files is a TextGrid."""
    return any(path.suffix.lower() == ".textgrid" for path in files)


def read(files: Sequence[Path], options: ImportOptions, ledger: Ledger) -> Iterator[Item]:
    """A title for each file."""
    segments = [found for path in files for found in _turns(path, options, ledger)]
    yield from items(segments, None, options, ledger, dataset="TextGrid")


def _turns(path: Path, options: ImportOptions, ledger: Ledger) -> list[Segment]:
    tiers: dict[tuple[str, str], list[Segment]] = {}
    points = []
    for segment, kind in _labels(path, options, ledger):
        name = segment.speaker
        found = ROLE.match(name)
        role = found["role"].lower()[:4] if found else ""
        segment.speaker = (found["who"] or "") if found else name
        level = {"word": "words", "phon": "phones"}.get(role, "turns")
        if not segment.text or (level != "turns" and segment.text.lower() in _SILENCE):
            ledger.lose("empty_label", where=segment.where, what=segment.text)
        elif kind == "TextTier":
            points.append((name, segment))
        else:
            tiers.setdefault((segment.speaker, level), []).append(segment)
    bases = {who: _in_time(found) for (who, level), found in tiers.items() if level == "turns"}
    everyone = _in_time(segment for found in bases.values() for segment in found)
    for level in ("words", "phones"):
        for who in [who for who, this in tiers if this == level]:
            hosts = bases.get(who) or ([] if who else everyone)
            loose = [part for part in tiers[who, level] if not _take(level, part, hosts)]
            if loose:
                bases[who] = _in_time([*bases.get(who, ()), *joined(loose, options.word_gap_s, keep=level)])
    everyone = _in_time(segment for found in bases.values() for segment in found)
    for name, point in points:
        if found_host := host(everyone, point.start_ms or 0):
            found_host.take("points", {"tier": name, "text": point.text, "ms": point.start_ms})
        else:
            everyone.append(point)
            everyone = _in_time(everyone)
    return everyone


def _in_time(segments: Iterator[Segment] | Sequence[Segment]) -> list[Segment]:
    return sorted(segments, key=lambda segment: (segment.start_ms or 0, segment.end_ms or 0))


def _take(level: str, part: Segment, hosts: Sequence[Segment]) -> bool:
    start, end = part.start_ms or 0, part.end_ms or 0
    found = host(hosts, (start + end) / 2)
    if found is not None:
        found.take(level, {"text": part.text, "start_ms": start, "end_ms": end})
    return found is not None


def _labels(path: Path, options: ImportOptions, ledger: Ledger) -> Iterator[tuple[Segment, str]]:
    """Every interval and point as a segment whose speaker is the tier, and the tier's kind."""
    found = encoding_of(path, options.encoding, ledger)
    text = path.read_bytes().decode(found.encoding, found.errors).replace("\r\n", "\n").replace("\r", "\n")
    tokens = _tokens(text)
    left, line, name = 1, 1, "the head"

    def take(kind: str) -> str:
        nonlocal line
        line, got, value = next(tokens, (text.count("\n") + 1, "the end of the file", ""))
        if got != kind:
            raise ValueError(f"{name}: a {kind} is missing, there is {value or got}")
        return value

    try:
        if not take("text").startswith("ooTextFile") or take("text") != "TextGrid":
            raise ValueError("no TextGrid in text form")
        take("number"), take("number")
        n_tiers = 0 if take("flag") == "<absent>" else int(take("number"))
        for _ in range(n_tiers):
            left = 1
            kind, name = take("text"), take("text").strip()
            take("number"), take("number")
            left = int(take("number"))
            while left:
                times = [take("number") for _ in range(2 if kind == "IntervalTier" else 1)]
                where = f"{path.name}:{line}"
                label = take("text").strip()
                left -= 1
                ledger.read()
                start, end = seconds_ms(times[0]), seconds_ms(times[-1])
                if start is None or end is None:
                    ledger.lose("bad_time", where=where, what=" to ".join(times))
                else:
                    yield Segment(path.stem, name, start, end, label, where), kind
    except ValueError as error:
        ledger.read(max(left, 1))
        ledger.lose("broken_row", max(left, 1), where=f"{path.name}:{line}", what=error)


def _tokens(text: str) -> Iterator[tuple[int, str, str]]:
    """Line, kind and value of what stands free: texts in quotes, numbers, flags."""
    line, place = 1, 0
    for found in _TOKEN.finditer(text):
        line += text.count("\n", place, found.start())
        place = found.start()
        if found.lastgroup:
            yield line, found.lastgroup, found[found.lastgroup].replace('""', '"')


IMPORTER = Importer("textgrid", "Praat's TextGrids (MFA)", (".textgrid",), accepts, read, any_suffix=True)
