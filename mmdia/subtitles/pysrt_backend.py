"""Optional SRT reader by pysrt, reached only by name: ``read_subtitles(path, backend="pysrt")``.

pysrt is under the GPL-3.0; it is an extra of its own, never imported by default and not part of `all`.
It drops cues that it cannot read without a word (a cue without a number, for one). So its result is held
against the timing lines of the file, and each that it did not turn into a cue is reported as `cue_lost`.
"""

from __future__ import annotations

from collections import defaultdict, deque

from mmdia.errors import MissingExtra, UsageError
from mmdia.subtitles.draft import Draft, DraftCue, find_heads, report_cue
from mmdia.subtitles.lines import split_lines


def parse_with_pysrt(text: str, *, format: str = "srt") -> Draft:
    """Cues as pysrt reads them from a text, with line numbers, and the ones it lost as problems.

    Raises:
        MissingExtra: pysrt is not installed.
        UsageError: The text is not SRT.
    """
    if format != "srt":
        raise UsageError("pysrt reads SRT only", expected="srt", got=format)
    try:
        import pysrt
    except ImportError as error:
        raise MissingExtra.of("pysrt", "pysrt") from error
    draft = Draft()
    lines = split_lines(text)
    waiting: dict[tuple[int, int], deque[int]] = defaultdict(deque)
    for head in find_heads(lines, draft):
        timing = head.timing
        key = (timing.start_ms, timing.end_ms) if timing else (-1, -1)
        waiting[key].append(head.at + 1)
    cues: list[DraftCue] = []
    for item in pysrt.from_string("\n".join(lines), error_handling=pysrt.SubRipFile.ERROR_PASS):
        start_ms, end_ms = int(item.start.ordinal), int(item.end.ordinal)
        found = waiting.get((start_ms, end_ms))
        line = found.popleft() if found else 0
        number = "" if item.index is None else str(item.index)
        cues.append(DraftCue(start_ms, end_ms, item.text, number, item.position or "", line))
    left = deque(sorted(line for places in waiting.values() for line in places))
    for cue in cues:
        if cue.line == 0 and left:  # times that pysrt reads otherwise, such as ",5" as 5 ms
            cue.line = left.popleft()
        report_cue(draft, cue)
    for line in left:
        draft.report("cue_lost", line, lines[line - 1].strip())
    return draft
