"""Plans, summaries, states and verifications of rebuilds on the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mmdia.cli.console import EXIT_DONE, EXIT_PARTIAL, lasting, print_json, print_table, say
from mmdia.cli.shares import print_shares

if TYPE_CHECKING:
    from mmdia.rebuild.candidate import Matches
    from mmdia.rebuild.estimate import Estimate
    from mmdia.rebuild.plan import Plan
    from mmdia.rebuild.run import Summary
    from mmdia.rebuild.status import Status
    from mmdia.rebuild.verify import VerifyReport

#: Reasons that are no trouble, and are not listed.
_QUIET = ("no_media", "not_selected", "withdrawn")

Column = str | tuple[str, str]


def show_plan(plan: Plan, needed: Estimate, *, as_json: bool) -> int:
    """Print what a run would do and what it would need; returns the exit status."""
    rows = _plan_rows(plan, needed)
    status = EXIT_PARTIAL if plan.matches.strangers else EXIT_DONE
    if as_json:
        print_json(
            {
                "schema": "mmdia.rebuild-plan/1",
                "titles": rows,
                "estimate": needed.to_row(),
                "unmatched": list(plan.matches.unmatched),
                "ambiguous": {k: list(v) for k, v in plan.matches.ambiguous.items()},
                "passed": list(plan.matches.passed),
                "images": {k: list(v) for k, v in plan.matches.images.items()},
                "broken": [*(str(e) for e in plan.broken), *plan.matches.strangers],
            }
        )
        return status
    right = "right"
    heads: list[Column] = ["title", ("dialogues", right), "file", "how", ("copies", right), ("MB", right)]
    cells = []
    for r in rows:
        image = next((i for i, fits in plan.matches.images.items() if r["title_id"] in fits), None)
        file = r["file"] or (f"mount or rip {image}" if image else "missing")
        copies = r["candidates"] or None
        cells.append((r["title_id"], r["dialogues"], file, r["how"], copies, _mb(r["bytes"])))
    print_table(heads, cells, title=f"{plan.annotation_version}: nothing is written (--dry-run)")
    _show_needed(needed, matched=any(r["file"] for r in rows))
    show_files(plan.matches, [*(str(e) for e in plan.broken), *plan.matches.strangers])
    return status


def _plan_rows(plan: Plan, needed: Estimate) -> list[dict[str, Any]]:
    """Each title with its files, their evidence, and what it will need."""
    costs = {t.title_id: t for t in needed.titles}
    rows: list[dict[str, Any]] = []
    for title_id in plan.work:
        found = plan.matches.by_title.get(title_id, ())
        first, cost = (found[0] if found else None), costs.get(title_id)
        files = [
            {"path": c.path, "part": c.part, "how": c.how, "evidence": list(c.evidence)} for c in found
        ]
        rows.append(
            {
                "title_id": title_id,
                "dialogues": len(plan.ids[title_id]),
                "file": first.path if first else None,
                "how": first.how if first else None,
                "evidence": list(first.evidence) if first else [],
                "candidates": len(found),
                "files": files,
                "bytes": cost.bytes if cost else 0,
                "cpu_s": round(cost.cpu_s, 1) if cost else 0.0,
            }
        )
    return rows


def _mb(size: int) -> str | None:
    return f"{size / 1e6:,.1f}" if size else None


def _show_needed(needed: Estimate, *, matched: bool) -> None:
    if not matched:
        say("nothing can be built: no file was matched (--identify finds titles by what files hold)")
        return
    if not needed.titles:
        say("nothing is left to be built")
        return
    clips = sum(t.dialogues for t in needed.titles)
    hours = sum(t.clip_s for t in needed.titles) / 3600
    free = "" if needed.free_bytes is None else f" ({needed.free_bytes / 1e9:,.1f} GB free)"
    say(
        f"to build: {clips:,} dialogues, {hours:.2f} h; about {needed.bytes / 1e6:,.0f} MB{free} "
        f"and {lasting(needed.wall_s)}"
    )
    checks = [
        (sum(t.measured for t in needed.titles), "measure"),
        (sum(t.heard for t in needed.titles), "listen to"),
    ]
    for n, what in checks:
        if n:
            say(f"  to {what}: {n:,} clips")
    if not needed.fits:
        say("  too little room: choose another --out, --profile audio, or fewer --titles")


def show_status(found: Status, *, as_json: bool) -> int:
    """Print what an output folder holds; returns the exit status."""
    status = EXIT_DONE if found.complete else EXIT_PARTIAL
    if as_json:
        print_json(found.to_row())
        return status
    show_summary(found.summary, as_json=False, now=False)
    print_shares(found.to_row()["availability"]["parts"])
    if found.availability.gone:
        say(f"{len(found.availability.gone)} clips of the receipt are gone: run mmdia rebuild again")
    return status


def show_summary(summary: Summary, *, as_json: bool, now: bool = True) -> int:
    """Print what a run did, or (`now` false) what runs before it did; returns the exit status."""
    status = EXIT_DONE if summary.complete else EXIT_PARTIAL
    if as_json:
        print_json(summary.to_row())
        return status
    rows = []
    for t in summary.titles:
        counts = t.get("counts") or {}
        offset, scale = t.get("offset"), t.get("scale")
        rows.append(
            (
                t["title_id"],
                _found(t),
                None if offset is None else f"{offset:+.3f}",
                None if scale is None or not t.get("verdict") else f"{scale:.5f}",
                counts.get("built", 0),
                sum(n for s, n in counts.items() if s != "built"),
            )
        )
    right = "right"
    heads: list[Column] = [
        "title",
        "verdict",
        ("offset s", right),
        ("speed", right),
        ("built", right),
        ("not", right),
    ]
    print_table(heads, rows)
    counted = ", ".join(f"{n} {status}" for status, n in sorted(summary.statuses.items()))
    done = f"; {summary.kept} kept from before; {summary.seconds:.1f} s" if now else ""
    say(f"{counted or 'no dialogues'}{done}; in {summary.out}")
    _show_why(summary)
    show_files(summary, [*summary.broken, *summary.strangers])
    return status


def _show_why(summary: Summary) -> None:
    from mmdia.schema.reasons import explain

    for code, n in summary.reasons.items():
        if code not in _QUIET:
            say(f"  {n} x {code}: {explain(code)}")
    for title in summary.titles:
        if title.get("message"):
            say(f"  {title['title_id']}: {title['message']}")
        speech = title.get("speech")
        if speech and speech["score"] < speech["threshold"]:
            said = f"{100 * speech['score']:.0f} % of their text ({speech['engine']})"
            say(f"  {title['title_id']}: clips say {said}")
        others = [f for f in title.get("files") or () if f.get("why_not")]
        for file in others[:3]:
            say(f"  {title['title_id']}: {file['path']} was not taken: {file['why_not']}")


def _found(title: dict[str, Any]) -> str:
    """The verdict in a cell; where there was nothing to compare, that is said instead."""
    reasons = title.get("reasons") or []
    undecided = title.get("verdict") == "wrong_film" and reasons and "wrong_film" not in reasons
    if undecided or not title.get("verdict"):
        return ", ".join(reasons) or "nothing to do"
    return str(title["verdict"])


def show_files(found: Matches | Summary, broken: Sequence[str]) -> None:
    """Print files and rows that nobody could place."""
    unmatched = found.unmatched
    for path, titles in found.images.items():
        fits = f" of {', '.join(titles)}" if titles else ""
        say(f"  {path} is a disc image{fits}: mount it, or rip it")
    if unmatched:
        shown = ", ".join(unmatched[:5]) + (" ..." if len(unmatched) > 5 else "")
        many = "1 file belongs" if len(unmatched) == 1 else f"{len(unmatched)} files belong"
        say(f"  {many} to no title: {shown} (name them in media.csv, or try --identify)")
    for path, titles in found.ambiguous.items():
        say(f"  {path} fits several titles: {', '.join(titles)} (name it in media.csv)")
    for message in broken[:5]:
        say(f"  {message}")
    if len(broken) > 5:
        say(f"  ... {len(broken) - 5} more broken rows (run: mmdia release validate)")


def show_verify(report: VerifyReport, *, as_json: bool) -> int:
    """Print what a verification found; returns the exit status."""
    if as_json:
        print_json(report.to_row())
    else:
        say(f"{report.checked} files checked, {len(report.faults)} faults")
        for fault in report.faults[:20]:
            say(f"  {fault.dialogue_id}: {fault.path}: {fault.problem}")
        if len(report.faults) > 20:
            say(f"  ... and {len(report.faults) - 20} more (--json has all)")
    return EXIT_DONE if not report.faults else EXIT_PARTIAL
