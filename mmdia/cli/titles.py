"""``mmdia titles``: the films of a release, and the fewest that reach an aim."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdia.cli.console import EXIT_DONE, EXIT_PARTIAL, lasting, note, print_json, print_table, say

if TYPE_CHECKING:
    from mmdia.rebuild.catalogue import Entry, FilmPlan

EPILOG = """\
examples:
  mmdia titles
  mmdia titles --annotations ~/mm-dia --plan bench
  mmdia titles --plan hours=50 --media-dir ~/films
  mmdia titles --plan share=.9 --json

A plan is exact: each dialogue belongs to one title, so the titles that bring
most, in that order, are the fewest that reach the aim.
"""

AIMS = "bench, hard or any split or tag (hard=.5 for half of it); hours=50; dialogues=1000; share=.9"


def add(commands: Any) -> None:
    """Add the command to the parser."""
    p: argparse.ArgumentParser = commands.add_parser(
        "titles",
        help="the films of a release, and which to get first",
        description="List the films that a release is made of. No media is needed.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    p.add_argument("--annotations", metavar="RELEASE", help="release folder (default: the installed one)")
    p.add_argument("--plan", metavar="AIM", help=f"the fewest films that reach an aim: {AIMS}")
    p.add_argument("--media-dir", metavar="DIR", help="folder of your films: mark those that are there")
    p.add_argument("--json", action="store_true", help="one JSON document on standard output")
    p.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    from mmdia.corpus.locate import locate_release
    from mmdia.errors import UsageError
    from mmdia.rebuild.catalogue import Aim, known_parts, plan_films, read_catalogue

    aim = None if args.plan is None else Aim.parse(args.plan)
    handle, route = locate_release(args.annotations)
    if route == "demo":
        note("mmdia: no release installed or named: using the bundled demo title")
    broken: list[str] = []
    entries = read_catalogue(handle, on_broken=lambda error: broken.append(str(error)))
    if broken:
        note(f"mmdia: {len(broken)} rows of the release cannot be read (run: mmdia release validate)")
    if not entries:
        note("mmdia: the release lists no titles, and no dialogue names one")
    parts = known_parts(entries)
    if aim is not None and aim.part is not None and aim.part not in parts:
        raise UsageError("the release has no such part", expected=", ".join(parts) or "a tag", got=aim.part)
    have = None if args.media_dir is None else _owned(args.media_dir, handle)
    version = f"{handle.head.name} {handle.head.version}"
    if aim is None:
        _show_all(version, entries, have, as_json=args.json)
        return EXIT_DONE
    plan = plan_films(entries, aim, have=have or ())
    _show_plan(version, plan, args.plan, as_json=args.json)
    return EXIT_DONE if plan.reachable else EXIT_PARTIAL


def _owned(media_dir: str, handle: Any) -> dict[str, str]:
    """Titles that a media folder has a file of, with the file."""
    from mmdia.corpus.read import load_titles
    from mmdia.rebuild.match import match_media

    titles = load_titles(handle, on_broken=lambda error: None)
    matches = match_media(Path(media_dir).expanduser(), titles)
    return {t: found[0].path for t, found in matches.by_title.items() if found}


def _name(entry: Entry) -> str:
    t = entry.title
    if t.series and t.season is not None:
        return f"{t.series} S{t.season:02d}E{t.episode or 0:02d}"
    return t.name or t.series or ""


def _clock(ms: int | None) -> str | None:
    if ms is None:
        return None
    minutes = round(ms / 60_000)
    return f"{minutes // 60}:{minutes % 60:02d}"


def _share(part: int, whole: int) -> str | None:
    return f"{100 * part / whole:.1f} %" if whole else None


Column = str | tuple[str, str]
HEADS: list[Column] = [
    "title",
    "name",
    ("year", "right"),
    "edition",
    "kind",
    "lang.",
    ("length", "right"),
    ("dialogues", "right"),
    ("hours", "right"),
    ("bench", "right"),
]


def _cells(entry: Entry, bench: int) -> list[object]:
    t = entry.title
    return [
        t.title_id,
        _name(entry),
        t.year,
        t.edition,
        t.kind,
        t.audio_language or t.language,
        _clock(t.duration_ms),
        entry.dialogues,
        f"{entry.span_ms / 3_600_000:.2f}",
        _share(entry.parts.get("bench", 0), bench),
    ]


def _row(entry: Entry, bench: int, have: dict[str, str] | None) -> dict[str, Any]:
    share = round(entry.parts.get("bench", 0) / bench, 6) if bench else None
    row = {**entry.to_row(), "bench_share": share}
    if have is not None:
        row |= {"have": entry.title_id in have, "file": have.get(entry.title_id)}
    return row


def _show_all(version: str, entries: list[Entry], have: dict[str, str] | None, *, as_json: bool) -> None:
    bench = sum(e.parts.get("bench", 0) for e in entries)
    if as_json:
        rows = [_row(e, bench, have) for e in entries]
        print_json({"schema": "mmdia.titles/1", "release": version, "titles": rows})
        return
    heads, rows_ = list(HEADS), [_cells(e, bench) for e in entries]
    if have is not None:
        heads.append("have")
        for entry, cells in zip(entries, rows_, strict=True):
            cells.append("yes" if entry.title_id in have else "")
    _print_full(heads, rows_)
    runtime = lasting(sum(e.title.duration_ms or 0 for e in entries) / 1000)
    dialogues, spans = sum(e.dialogues for e in entries), lasting(sum(e.span_ms for e in entries) / 1000)
    say(
        f"{version}: {_titles(len(entries))}, {runtime}; {dialogues:,} dialogues, {spans}; bench: {bench:,}"
    )
    if have is not None:
        say(f"you have {sum(e.title_id in have for e in entries)} of {_titles(len(entries))}")


def _print_full(heads: list[Column], rows: list[list[object]]) -> None:
    """A table without the columns that say nothing of any title."""
    full = [k for k in range(len(heads)) if k < 2 or any(row[k] not in (None, "") for row in rows)]
    print_table([heads[k] for k in full], [[row[k] for k in full] for row in rows])


def _titles(n: int) -> str:
    return f"{n:,} title" + ("" if n == 1 else "s")


def _amount(plan: FilmPlan, value: int) -> str:
    if plan.aim.measure == "span_ms":
        return f"{value / 3_600_000:.2f} h"
    return f"{value:,} dialogues" + (f" of {plan.aim.part}" if plan.aim.part else "")


def _show_plan(version: str, plan: FilmPlan, asked: str, *, as_json: bool) -> None:
    runtime = sum(e.title.duration_ms or 0 for e in plan.films)
    if as_json:
        scale = 3_600_000 if plan.aim.measure == "span_ms" else 1
        print_json(
            {
                "schema": "mmdia.titles-plan/1",
                "release": version,
                "aim": asked,
                "unit": "hours" if scale > 1 else "dialogues",
                "reachable": plan.reachable,
                "target": plan.target / scale,
                "reached": plan.reached / scale,
                "total": plan.total / scale,
                "have": list(plan.have),
                "films": [{**e.to_row(), "gain": plan.aim.gain(e) / scale} for e in plan.films],
                "runtime_s": runtime / 1000,
            }
        )
        return
    reached = sum(plan.aim.gain(e) for e in plan.films)
    so_far = plan.reached - reached
    rows = []
    for entry in plan.films:
        so_far += plan.aim.gain(entry)
        gain = plan.aim.gain(entry)
        shown = f"{gain / 3_600_000:.2f} h" if plan.aim.measure == "span_ms" else f"{gain:,}"
        rows.append(
            (
                entry.title_id,
                _name(entry),
                entry.title.year,
                entry.title.edition,
                _clock(entry.title.duration_ms),
                shown,
                _share(so_far, plan.total),
            )
        )
    right = "right"
    heads: list[Column] = ["title", "name", ("year", right), "edition", ("length", right)]
    print_table([*heads, ("brings", right), ("so far", right)], rows)
    owned = f", besides {_titles(len(plan.have))} that you have" if plan.have else ""
    verb = "reach" if len(plan.films) != 1 else "reaches"
    got = f"{_amount(plan, plan.reached)} (aim: {_amount(plan, plan.target)})"
    if plan.reachable:
        films = f"{_titles(len(plan.films))} ({lasting(runtime / 1000)} of film)"
        say(f"{version}: {films}{owned} {verb} {got}; no fewer can")
    else:
        say(f"{version}: out of reach: all titles together give {got}")
