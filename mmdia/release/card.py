"""Cards of a release: dataset card, card of its test sets, datasheet, figures and Croissant metadata.

The texts are templates in ``cards/``; everything in them that is a number or a name comes from the
release. Templates need the extra ``publish`` (jinja2).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdia.corpus.locate import ReleaseHandle
from mmdia.errors import MissingExtra, MmdiaError
from mmdia.release.card_facts import card_facts
from mmdia.release.card_text import FILTERS
from mmdia.release.card_yaml import card_metadata, configurations
from mmdia.release.croissant import croissant
from mmdia.release.publish_files import AUTHORS_NOTES, MADE_MARK
from mmdia.release.publish_tables import Written, count_tables
from mmdia.store.atomic import make_folder, write_json, write_text

if TYPE_CHECKING:
    from jinja2 import Environment

CARD_SCHEMA = "mmdia.card/1"
README, BENCH, DATASHEET, CROISSANT = "README.md", "BENCH.md", "DATASHEET.md", "croissant.json"
PLACEHOLDER = "ORG/NAME"


@dataclass(frozen=True, slots=True)
class Cards:
    """The cards of a release, as text.

    Attributes:
        dataset: Dataset card with its YAML head (``README.md``).
        bench: Card of the test sets (``BENCH.md``); None where there are none.
        datasheet: Datasheet (``DATASHEET.md``).
        figures: SVG pictures by name.
        croissant: Croissant metadata (``croissant.json``).
    """

    dataset: str
    bench: str | None
    datasheet: str
    figures: Mapping[str, str]
    croissant: Mapping[str, Any]


def make_cards(
    handle: ReleaseHandle,
    *,
    written: Written | None = None,
    repo: str | None = None,
    gated: bool = False,
    folder: Path | None = None,
) -> Cards:
    """Fill the cards of a release; withdrawn rows do not count.

    Args:
        handle: The release.
        written: Its tables as published; None counts them as they would be.
        repo: ``ORG/NAME``, for the examples.
        gated: Say that access is gated, and ask for consent.
        folder: Where the tables lie, for sizes and checksums in the Croissant metadata.

    Raises:
        MissingExtra: jinja2 is not installed.
        ReleaseError: The release cannot be read.
    """
    environment = _environment()
    known = count_tables(handle) if written is None else written
    facts = card_facts(handle, known)
    shared = facts.context | {
        "repo": repo or PLACEHOLDER,
        "gated": gated,
        "configs": configurations(known.tables, titles=known.titles > 0),
        "written": known,
        "mark": MADE_MARK,
        "has_bench": bool(facts.context["sets"]),
        "has_notes": folder is not None and (folder / AUTHORS_NOTES).is_file(),
    }

    def fill(name: str) -> str:
        return str(environment.get_template(name).render(shared)).rstrip() + "\n"

    metadata = card_metadata(handle.head, known, facts.languages, gated=gated, sized=written is not None)
    return Cards(
        dataset=_with_head(metadata, fill("dataset.md.j2")),
        bench=fill("bench.md.j2") if facts.context["sets"] else None,
        datasheet=fill("datasheet.md.j2"),
        figures=facts.pictures,
        croissant=croissant(handle.head, known, facts, repo=repo, folder=folder),
    )


def write_cards(
    handle: ReleaseHandle,
    folder: Path,
    written: Written | None = None,
    *,
    repo: str | None = None,
    gated: bool = False,
) -> list[Path]:
    """Write the cards of a release; returns the files.

    Raises:
        MissingExtra: jinja2 is not installed.
        StoreError: The folder cannot be written.
    """
    tables = folder if written is not None else None
    cards = make_cards(handle, written=written, repo=repo, gated=gated, folder=tables)
    make_folder(folder / "figures")
    texts = {README: cards.dataset, DATASHEET: cards.datasheet}
    if cards.bench is not None:
        texts[BENCH] = cards.bench
    texts |= {f"figures/{name}.svg": text for name, text in cards.figures.items()}
    for name, text in texts.items():
        write_text(folder / name, text)
    write_json(folder / CROISSANT, dict(cards.croissant))
    return [folder / name for name in (*texts, CROISSANT)]


def _with_head(metadata: Mapping[str, Any], body: str) -> str:
    from huggingface_hub import DatasetCardData

    return f"---\n{DatasetCardData(**metadata).to_yaml().strip()}\n---\n{body}"


def templates_folder() -> Path:
    """Where the templates lie: in the package, or beside it in a checkout.

    Raises:
        MmdiaError: Neither is there.
    """
    package = Path(__file__).resolve().parents[1]
    for place in (package / "cards", package.parent / "cards"):
        if (place / "dataset.md.j2").is_file():
            return place
    raise MmdiaError("the templates of cards are missing", path=package / "cards", hint="Reinstall mmdia.")


def need_templates() -> Any:
    """The template engine: asked for before work begins that would be lost without it.

    Raises:
        MissingExtra: jinja2 is not installed.
    """
    try:
        import jinja2
    except ImportError as error:
        raise MissingExtra.of("jinja2", "publish") from error
    return jinja2


def _environment() -> Environment:
    jinja2 = need_templates()
    # What is written is Markdown: the filters escape what comes from the release.
    environment: Environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(templates_folder()),
        undefined=jinja2.StrictUndefined,
        autoescape=False,
        keep_trailing_newline=True,
    )
    environment.filters.update(FILTERS)
    return environment
