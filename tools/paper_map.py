"""Where each thing that the paper prints has its like here: a command that prints it, a test of it.

`PAPER_MAP` names every table, number and item of `mmdia.schema.facts`. An entry without a command says
"not yet": what would print it is not built. A test checks that nothing is left out, that every command
parses, and that every test is there.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Entry:
    """What stands here for one thing of the paper.

    Attributes:
        commands: Commands that print its like; empty where nothing does.
        tests: Test files, or ``file::function``.
        note: What is the same, what differs, what is missing.
        part: Whether the commands print only a part of it.
    """

    commands: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    note: str = ""
    part: bool = False

    @property
    def state(self) -> str:
        """yes, in part, or not yet."""
        return "not yet" if not self.commands else "in part" if self.part else "yes"


STATS = "mmdia release stats"
FIGURES = "mmdia release stats --report stats.html"
SPLIT = "mmdia release split --dry-run"
CATEGORISE = "mmdia release categorise"
TABLE6 = "mmdia align table6 --reference official.srt --asr asr.srt --calibrated out.srt"
FACTS = "tests/schema/test_facts.py::test_numbers_of_the_text"
FACT_CELLS = "tests/schema/test_facts.py::test_numbers_agree_with_the_words_and_tables_that_they_are_from"
VOCAB = "tests/schema/test_facts.py::test_categories_are_those_of_the_vocabulary"
STATS_TEST = "tests/release/test_statistics.py::test_every_group_is_plain_arithmetic"
BESIDE = "tests/release/test_statistics.py::test_what_the_paper_prints_stands_beside"
LINKS = "tests/release/test_stat_lift.py::test_links_hold_or_do_not"
SPLIT_TEST = "tests/release/test_split.py::test_the_rule_of_the_paper"
SIZES_TEST = "tests/release/test_split.py::test_the_sizes_of_the_paper"
FACES_TEST = "tests/release/test_split_faces.py::test_every_failed_test_is_told"
COVER_TEST = "tests/release/test_split.py::test_tasks_say_what_they_cover"

CURATE = "The pipeline that makes annotations (scenes, speakers, expressiveness) is not built yet."
GENERATE = "Generating speech and video is not built yet."
EVALUATE = "Scoring of generated speech and video is not built yet."
REVIEW = "Rating by people is not built yet."


def _printed(note: str, *commands: str, tests: tuple[str, ...] = (FACTS,)) -> Entry:
    return Entry(commands, tests, note)


PAPER_MAP: dict[str, Entry] = {
    # tables
    "table1": Entry(
        (STATS,),
        (STATS_TEST, BESIDE),
        "The row of any release, beside those of MM-DIA, its bench and MELD.",
    ),
    "table2": Entry(
        ("mmdia release card --kind datasheet",),
        ("tests/release/test_card.py",),
        "The datasheet tells the tools and inputs that a release names in `provenance`; other data "
        "sets are not compared.",
        part=True,
    ),
    "table3": Entry(
        (STATS,),
        (STATS_TEST, BESIDE),
        "Every row, for all, each split and each subset; definitions are written down.",
    ),
    "table4": Entry(note=f"{GENERATE} {EVALUATE}"),
    "table5": Entry(note=f"{GENERATE} {EVALUATE}"),
    "table6": Entry(
        (TABLE6,),
        ("tests/cli/test_align.py::test_table6_prints_the_paper_beside_ours", "tests/sync/test_table6.py"),
        "By a tolerance in seconds against a reference track, where the paper asks people.",
    ),
    "table7": Entry(note=REVIEW),
    "table8": Entry(note=CURATE),
    "table9": Entry(note=f"{GENERATE} {EVALUATE}"),
    "table10": Entry(note=f"{GENERATE} {EVALUATE}"),
    "table11": Entry(
        (CATEGORISE,),
        (VOCAB, "tests/schema/test_vocab.py"),
        "The 8 categories, with aliases of ours; definitions in our words.",
    ),
    "table12": Entry(
        (CATEGORISE,),
        (VOCAB, "tests/schema/test_vocab.py"),
        "The 15 categories, with aliases of ours; definitions in our words.",
    ),
    # numbers: sources and size
    "hours_sourced": Entry(
        ("mmdia rebuild --media-dir films --dry-run",),
        (FACTS,),
        "Hours of the films that somebody has; hours of the annotated copies are in `duration_ms`.",
        part=True,
    ),
    "movies_sourced": Entry(
        ("mmdia release info",), (FACTS,), "Titles are counted, films and episodes together.", part=True
    ),
    "series_sourced": Entry(
        ("mmdia release info",), (FACTS,), "Titles are counted, series are not.", part=True
    ),
    "dialogues": _printed("", STATS, tests=(FACT_CELLS, STATS_TEST)),
    "turns": _printed("A turn is one annotated line.", STATS, tests=(FACT_CELLS, STATS_TEST)),
    "hours": _printed("By spans and by sums of turns, both.", STATS, tests=(FACT_CELLS, STATS_TEST)),
    "bench_dialogues": _printed(
        "", "mmdia release stats --groups subset:bench", tests=(FACT_CELLS, STATS_TEST)
    ),
    "bench_turns": _printed(
        "", "mmdia release stats --groups subset:bench", tests=(FACT_CELLS, STATS_TEST)
    ),
    "bench_hours": _printed(
        "", "mmdia release stats --groups subset:bench", tests=(FACT_CELLS, STATS_TEST)
    ),
    "bench_speakers": _printed(
        "Two who have a turn, all of them seen.",
        SPLIT,
        tests=("tests/release/test_split_faces.py::test_speakers_must_be_seen",),
    ),
    "relationships": _printed("", CATEGORISE, tests=(VOCAB,)),
    "interactions": _printed("", CATEGORISE, tests=(VOCAB,)),
    # numbers: annotation
    "long_scene_s": Entry((), (FACTS,), CURATE),
    "expressiveness_paradigms": Entry(
        ("mmdia find --report gallery.html",),
        ("tests/schema/test_records.py", "tests/pages/test_gallery.py"),
        "Both are fields of a dialogue and are shown on its card; they are not made here yet.",
        part=True,
    ),
    "triplet_parts": _printed(
        "Fields relationship, interaction and emotional_tone.",
        "mmdia find --report gallery.html",
        tests=("tests/schema/test_records.py", "tests/pages/test_gallery.py"),
    ),
    "score_annotators": Entry((), (), REVIEW),
    "score_clips_per_part": Entry(
        ("mmdia find --subset bench --sample 100 --seed 1 -o hundred.txt",),
        ("tests/release/test_find.py::test_order_sample_and_limit",),
        f"Draws the clips. {REVIEW}",
        part=True,
    ),
    "annotation_annotators": Entry((), (), REVIEW),
    "annotation_scale": Entry((), (), REVIEW),
    "annotation_clips": Entry(
        ("mmdia find --sample 100 --seed 1 -o hundred.txt",),
        ("tests/release/test_find.py::test_order_sample_and_limit",),
        f"Draws the clips. {REVIEW}",
        part=True,
    ),
    "annotation_kinds": Entry((), (), REVIEW),
    "boundary_accuracy": Entry((), (FACTS,), f"{CURATE} {REVIEW}"),
    "boundary_accuracy_frame_by_frame": Entry((), (FACTS,), f"{CURATE} {REVIEW}"),
    "boundary_test_movies": Entry((), (), f"{CURATE} {REVIEW}"),
    "buffer": Entry((), (FACTS,), CURATE),
    "f1_overlap_at_buffer": Entry((), (), CURATE),
    # numbers: splits and tasks
    "test_sets": _printed(
        "Hard, test and out-of-domain are subsets and a split of a release.", SPLIT, tests=(SPLIT_TEST,)
    ),
    "hard_clips": _printed(
        "By a rule with a threshold that is told, or of a size that is given.",
        SPLIT,
        tests=(FACTS, SPLIT_TEST, SIZES_TEST),
    ),
    "split_percent": _printed(
        "Seeded; apart by titles or speakers on demand.",
        SPLIT,
        tests=(FACTS, "tests/release/test_split_rules.py::test_the_paper_cut"),
    ),
    "ood_clips": _printed(
        "Brought in from another release.",
        "mmdia release split --ood other --out new",
        tests=(FACTS, "tests/release/test_split_sets.py::test_rows_are_brought_in"),
    ),
    "task2_clips": _printed(
        "One visible speaker in every keyframe, by `keyframe.faces`.",
        SPLIT,
        tests=(FACTS, FACES_TEST, COVER_TEST),
    ),
    "task3_clips": _printed(
        "One visible, unobstructed face, with coverage of all labels.",
        SPLIT,
        tests=(FACTS, FACES_TEST, COVER_TEST),
    ),
    "tasks": Entry((SPLIT,), (FACES_TEST,), f"The test sets of tasks 2 and 3. {GENERATE}", part=True),
    "inference_passes": Entry((), (), GENERATE),
    "backbones": Entry((), (), "Training recipes are not built yet."),
    "dia_parameters": Entry((), (), "Training recipes are not built yet."),
    "judge_dimensions": Entry((), (), EVALUATE),
    "video_families": Entry((), (), GENERATE),
    # figures
    "figure1": Entry(
        ("mmdia find --report gallery.html --clips clips", "mmdia demo"),
        ("tests/pages/test_gallery.py", "tests/release/test_find_gallery.py"),
        "A dialogue with its annotations of both levels, to hear and see; the tasks are not drawn.",
        part=True,
    ),
    "figure2": Entry(note=CURATE),
    "figure3": Entry(
        (FIGURES,),
        ("tests/release/test_statistics.py::test_people_and_labels",),
        "(a), (b) and (c), and more.",
    ),
    "figure4": Entry(
        ("mmdia align annotated.srt film.mkv --report map.html",),
        (
            "tests/pages/test_alignment_page.py",
            "tests/align/test_solve.py::test_the_discrepancy_series_show_the_change",
        ),
        "The same two plots, of start and of duration, for any pair.",
    ),
    # claims
    "link_workplace": Entry((STATS,), (LINKS,), "By share and by lift, with a test of chance."),
    "link_intimate": Entry((STATS,), (LINKS,), "By share and by lift, with a test of chance."),
    "no_media": Entry(
        ("mmdia release publish --out folder --dry-run", "mmdia rebuild --media-dir films"),
        (
            "tests/release/test_publish_guard.py::test_media_files_are_refused",
            "tests/rebuild/test_rebuild.py",
        ),
        "Publishing refuses media, whatever the options; a rebuild cuts it from copies of one's own.",
    ),
    "extend_to_next": Entry(
        ("mmdia rebuild --media-dir films --extend-to-next",),
        ("tests/rebuild/test_windows.py::test_extension_reaches_the_next_line_but_not_over_an_edit",),
        "The window of a clip may run to the next line; every turn has its `end_extended`.",
    ),
    # algorithms
    "algorithm1": Entry(note=CURATE),
    "buffer_mechanism": Entry(note=CURATE),
    "subtitle_calibration": Entry(
        ("mmdia align annotated.srt film.mkv --policy paper --srt retimed.srt",),
        (
            "tests/cli/test_align.py::test_the_paper_takes_constant_offsets_only",
            "tests/align/test_solve.py::test_the_papers_rule_accepts_flat_translations_only",
        ),
        "`--policy paper` is the paper's rule, translation only; the default takes more.",
    ),
    # formulas
    "pool_update": Entry(note=CURATE),
    "overlap_share": Entry(note=CURATE),
    "f1_overlap": Entry(note=CURATE),
    "mdg": Entry(note=GENERATE),
    "task1_formula": Entry(note=GENERATE),
    "task2_formula": Entry(note=GENERATE),
    "task3_formula": Entry(note=GENERATE),
    # metrics
    "wer": Entry(
        (TABLE6,), ("tests/metrics/test_wer.py",), "Of subtitles; of generated speech not yet.", part=True
    ),
    "utmos": Entry(note=f"{EVALUATE} `mmdia rebuild --quality` measures DNSMOS of clips, another model."),
    "cpwer": Entry(note=EVALUATE),
    "sasim": Entry(note=EVALUATE),
    "label_recall": Entry(note=EVALUATE),
    "human_mos": Entry(note=REVIEW),
    "judge": Entry(note=EVALUATE),
    "fvd": Entry(note=EVALUATE),
    "lse": Entry(note=EVALUATE),
    "timestamp_accuracy": Entry(
        (TABLE6,),
        ("tests/metrics/test_timestamps.py", "tests/sync/test_table6.py"),
        "Both ends within a tolerance; the curve over tolerances with `--report`.",
    ),
    "boundary_extraction_accuracy": Entry(note=f"{CURATE} {REVIEW}"),
    "completeness_hallucination": Entry(note=REVIEW),
}


def paper_page() -> str:
    """docs/reference/paper.md."""
    from mmdia.schema.facts import paper

    facts = paper()
    states = [entry.state for entry in PAPER_MAP.values()]
    count = {state: states.count(state) for state in ("yes", "in part", "not yet")}
    out = [
        "<!-- made by tools/make_reference.py; do not edit -->\n",
        "# The paper, and what stands for it here\n",
        f"{facts.source}. `mmdia facts` prints all of it; {facts.rule[0].lower()}{facts.rule[1:]}\n",
        f"Of {len(states)} things, {count['yes']} have a command that prints the same of any release,",
        f"{count['in part']} have it in part, {count['not yet']} not yet. Tests named here check",
        "the command or the definition, never the paper's own figures.\n",
    ]
    groups: list[tuple[str, list[tuple[str, str, str, str]]]] = [
        ("Tables", [(t.name, t.caption, "", t.place) for t in facts.tables.values()]),
        ("Numbers", [(n.name, n.text, _value(n.value, n.unit), n.place) for n in facts.numbers.values()]),
    ]
    for kind, head in (
        ("figure", "Figures"), ("algorithm", "Algorithms"), ("formula", "Formulas"), ("metric", "Metrics"),
        ("claim", "Statements"),
    ):  # fmt: skip
        items = [i for i in facts.items.values() if i.kind == kind]
        groups.append((head, [(i.name, i.text, "", i.place) for i in items]))
    for head, rows in groups:
        out += [f"## {head}\n", "| name | in the paper | place | here | command | test | note |"]
        out.append("|---|---|---|---|---|---|---|")
        for name, text, value, place in rows:
            entry = PAPER_MAP[name]
            said = f"{value}: {text}" if value and text else value or text
            here = (entry.state, _codes(entry.commands), _links(entry.tests), entry.note)
            cells = (f"`{name}`", said, place, *here)
            out.append("| " + " | ".join(c.replace("|", "\\|") or "–" for c in cells) + " |")
        out.append("")
    out += ["## What the paper leaves open\n", "Told with each of them by `mmdia facts NAME`.\n"]
    for table in facts.tables.values():
        out += [f"- **{table.name}**: {' '.join(table.ambiguities)}"]
    for fact in (*facts.numbers.values(), *facts.items.values()):
        if fact.note:
            out.append(f"- **{fact.name}**: {fact.note}")
    return "\n".join(out) + "\n"


def _value(value: float | tuple[float, ...], unit: str) -> str:
    values = value if isinstance(value, tuple) else (value,)
    return f"{' : '.join(f'{v:,g}' if v < 1e6 else f'{v:g}' for v in values)} {unit}".rstrip()


def _codes(commands: tuple[str, ...]) -> str:
    return "<br>".join(f"`{c}`" for c in commands)


def _links(tests: tuple[str, ...]) -> str:
    made = []
    for test in tests:
        path, _, name = test.partition("::")
        made.append(f"[{name or path.removeprefix('tests/')}](../../{path})")
    return "<br>".join(made)
