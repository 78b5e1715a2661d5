"""Time maps, rankings and tables on the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mmdia.cli.console import print_table, say

if TYPE_CHECKING:
    from mmdia.schema.ranking import Batch, BatchRow, Identification, Ranking, RankRow, Table6
    from mmdia.schema.timemap import TimeMapFile

#: Rows of what a person must confirm that are printed; the report has them all.
_MOST_REVIEW = 8


def evidence_in_words(document: TimeMapFile) -> str:
    """Which evidence was used, and which detector heard it."""
    facts = document.evidence
    kind = str(facts.get("kind") or "none")
    said = kind
    if facts.get("mode") not in (None, kind, "none"):
        said += f", led by {facts['mode']}"
    if facts.get("detector"):
        said += f" ({facts['detector']})"
    return said


def show_map(document: TimeMapFile) -> None:
    """Print a time map for a person."""
    verdict = "accepted" if document.accepted else "refused"
    verdict += ", in doubt" if document.accepted and "few_anchors" in document.reasons else ""
    speed = f"x{document.scale:.6f}" + (f" ({document.scale_ratio})" if document.scale_ratio else "")
    present = sum(line.present for line in document.lines)
    if "no_evidence" in document.reasons:
        say("no verdict (refused): there is nothing to compare")
    elif document.undecided:
        say("no verdict (refused): nothing says that it is another film")
    else:
        placed = "" if document.verdict == "wrong_film" else f", speed {speed}"
        say(f"{document.verdict} ({verdict}), confidence {document.confidence:.3f}{placed}")
    say(f"{present} of {len(document.lines)} lines present; evidence: {evidence_in_words(document)}")
    if document.segments:
        print_table(
            [("from s", "right"), ("to s", "right"), ("offset s", "right"), ("confidence", "right")],
            [
                (f"{s.anno_start:.3f}", f"{s.anno_end:.3f}", f"{s.offset:+.4f}", f"{s.confidence:.3f}")
                for s in document.segments
            ],
        )
    told = {row.kind for row in document.needs_review}
    for code, said in document.sentences():
        if code not in told:
            say(f"  {code}: {said}")
    show_review(document)


def show_review(document: TimeMapFile) -> None:
    """Print what a person must confirm, with times on the annotation timeline."""
    rows = document.needs_review
    if not rows:
        return
    say(f"to confirm by a person: {len(rows)}")
    for row in rows[:_MOST_REVIEW]:
        say(f"  {clock(row.anno_start)} to {clock(row.anno_end)}  {row.kind}: {row.detail}")
    if len(rows) > _MOST_REVIEW:
        say(f"  ... {len(rows) - _MOST_REVIEW} more (all are in --json and --report)")


def clock(seconds: float) -> str:
    """``1:02:03.4``."""
    tenths = round(abs(seconds) * 10)
    whole, part = divmod(tenths, 10)
    sign = "-" if seconds < 0 and tenths else ""
    return f"{sign}{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}.{part}"


def show_batch(batch: Batch) -> None:
    """Print one row a pair, and what must be looked at."""
    from mmdia.schema.reasons import explain

    print_table(
        ["name", "verdict", ("offset s", "right"), ("speed", "right"), ("lines", "right"),
         ("confirm", "right"), ("conf.", "right")],
        [_batch_cells(row) for row in batch.rows],
    )  # fmt: skip
    kept = sum(row.kept for row in batch.rows)
    counted = ", ".join(f"{n} {status}" for status, n in batch.statuses.items())
    say(f"{counted or 'nothing to align'}; {kept} kept from before")
    for row in batch.rows:
        if row.status != "accepted":
            why = row.message or "; ".join(explain(code) for code in row.reasons)
            say(f"  {row.name}: {row.status}: {why}")
    if batch.unpaired:
        some = ", ".join(batch.unpaired[:5]) + (" ..." if len(batch.unpaired) > 5 else "")
        say(f"  media files that belong to no annotation ({len(batch.unpaired)}): {some}")


def _batch_cells(row: BatchRow) -> tuple[object, ...]:
    if row.status in ("failed", "missing_media"):
        said = "no file" if row.status == "missing_media" else row.status
        return (row.name, said, None, None, None, None, None)
    placed = row.verdict != "wrong_film"
    verdict = row.verdict if row.status == "accepted" or not placed else f"{row.verdict} (refused)"
    if "no_evidence" in row.reasons:
        verdict = "no evidence"
    elif not placed and "wrong_film" not in row.reasons:
        verdict = "no verdict"
    return (
        row.name,
        verdict,
        f"{row.offset_s:+.3f}" if placed and row.offset_s is not None else None,
        f"{row.scale:.5f}" if placed and row.scale is not None else None,
        f"{row.present}/{row.lines}",
        row.review,
        f"{row.confidence:.3f}",
    )


def show_ranking(ranking: Ranking) -> None:
    """Print the order, and why."""
    from mmdia.schema.reasons import explain

    detector = ranking.evidence.get("detector")
    heard = f" ({detector})" if detector else ""
    say(f"evidence: {ranking.evidence.get('kind')}{heard}")
    print_table(
        [("rank", "right"), "subtitle", "verdict", ("conf.", "right"), ("covers", "right"),
         ("start +-", "right"), ("lang", "left")],
        [_rank_cells(row) for row in ranking.rows],
    )  # fmt: skip
    for row in ranking.rows:
        place = "refused" if row.rank is None else f"{row.rank}."
        say(f"  {place} {Path(row.name).name}: {row.why}")
    for code in ranking.missing:
        say(f"  {code}: {explain(code)}")
    best = ranking.best
    say(f"best: {best.name}" if best is not None else "best: none of them")


def _rank_cells(row: RankRow) -> tuple[object, ...]:
    spread = row.start_spread_s if row.usable else None
    return (
        row.rank,
        Path(row.name).name,
        row.verdict,
        f"{row.confidence:.3f}" if row.verdict else None,
        f"{row.covers:.0%}" if row.usable else None,
        None if spread is None else f"{spread:.3f}",
        row.language,
    )


def show_identification(found: Identification) -> None:
    """Print which title it is, and what else was looked at."""
    from mmdia.schema.reasons import explain

    looked = "1 title" if found.titles == 1 else f"{found.titles} titles"
    say(f"{looked} screened; evidence: {found.evidence.get('kind')}")
    if found.matches:
        print_table(
            ["title", "found by", "verdict", ("confidence", "right")],
            [(m.title_id, m.screened_by, m.verdict, f"{m.confidence:.3f}") for m in found.matches],
        )
    for code in found.missing:
        say(f"  {code}: {explain(code)}")
    best = found.found
    if best is None:
        say("none of the titles fits this copy")
    else:
        named = f" ({best.name})" if best.name else ""
        say(f"{best.title_id}{named}, confidence {best.confidence:.3f}")


def show_table6(table: Table6) -> None:
    """Print our rows, and the paper's beside them."""
    paper = {row["key"]: row for row in table.paper}
    rows: list[tuple[object, ...]] = []
    for row in table.rows:
        theirs = paper.get(row.key)
        low_high = row.accuracy.get("ci95")
        rows.append(
            (
                row.name,
                _share(row.accuracy.get("value")),
                None if low_high is None else f"{low_high[0]:.3f}-{low_high[1]:.3f}",
                _share(row.wer.get("value"), 2),
                None if theirs is None else f"{theirs['accuracy']:.3f}",
                None if theirs is None else f"{theirs['wer']:.2f}",
            )
        )
    print_table(
        ["subtitle", ("accuracy", "right"), ("95 %", "right"), ("WER", "right"), ("paper: acc.", "right"),
         ("paper: WER", "right")],
        rows,
    )  # fmt: skip
    curve = [
        (
            row.name,
            *(_share(row.accuracy["curve"].get(t)) for t in ("0.1", "0.2", "0.5", "1")),
            _share(row.accuracy.get("start_only")),
            _signed(row.accuracy.get("median_start_s")),
            _signed(row.accuracy.get("drift_s_per_hour")),
        )
        for row in table.rows
    ]
    print_table(
        ["subtitle", ("0.1 s", "right"), ("0.2 s", "right"), ("0.5 s", "right"), ("1 s", "right"),
         ("start", "right"), ("median s", "right"), ("drift s/h", "right")],
        curve,
    )  # fmt: skip
    titles = "1 title" if table.titles == 1 else f"{table.titles} titles"
    rule = f"right: both ends within {table.tau:g} s; normaliser: {table.normalizer}"
    say(f"{table.lines} lines of {titles}; {rule}")
    say("The paper's figures are judged by people, on other titles: beside ours, not against them.")
    for row in table.rows:
        if row.missing:
            some = ", ".join(row.missing[:5]) + (" ..." if len(row.missing) > 5 else "")
            say(f"  {row.name} lacks {len(row.missing)} titles: {some}")


def _share(value: object, digits: int = 3) -> str | None:
    return f"{value:.{digits}f}" if isinstance(value, (int, float)) else None


def _signed(value: object) -> str | None:
    return f"{value:+.3f}" if isinstance(value, (int, float)) else None
