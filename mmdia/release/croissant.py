"""Croissant metadata: the release for search engines and for tools that read data by description.

Croissant 1.0 with the fields of its vocabulary for responsible AI. Files are named relative to the folder,
so that a copy anywhere can be read. Written by hand as JSON-LD: no library is needed to make it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmdia.corpus.locate import HEAD_FILE
from mmdia.release.card_yaml import configurations
from mmdia.release.publish_tables import TITLES_FILE, Table, Written
from mmdia.schema.dialogue import Dialogue
from mmdia.schema.fields import FieldInfo, field_table
from mmdia.schema.release import Release
from mmdia.schema.title import Title
from mmdia.store.digest import file_sha256

if TYPE_CHECKING:
    from mmdia.release.card_facts import CardFacts

CONFORMS_TO = "http://mlcommons.org/croissant/1.0"
RAI_CONFORMS_TO = "http://mlcommons.org/croissant/RAI/1.0"
_TYPES = {"string": "sc:Text", "int": "sc:Integer", "float": "sc:Float", "bool": "sc:Boolean"}
_PARQUET = "application/x-parquet"
_FILES = (
    (HEAD_FILE, "application/json"),
    ("scenes.jsonl", "application/jsonlines"),
    ("withdrawn.jsonl", "application/jsonlines"),
)
_CONTEXT = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileObject": "cr:fileObject",
    "fileProperty": "cr:fileProperty",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}


def croissant(
    head: Release,
    written: Written,
    facts: CardFacts,
    *,
    repo: str | None = None,
    folder: Path | None = None,
) -> dict[str, Any]:
    """The metadata as a JSON-LD document.

    Args:
        head: The release.
        written: Its tables.
        facts: What the cards say of it.
        repo: ``ORG/NAME`` on the Hub.
        folder: The published folder, whose single files are listed with their checksums.
    """
    found = configurations(written.tables, titles=written.titles > 0)
    document: dict[str, Any] = {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "name": head.name,
        "conformsTo": [CONFORMS_TO, RAI_CONFORMS_TO],
        "description": head.description or "Annotations of expressive film dialogues; no media.",
        "version": _semantic(head.version),
        "isLiveDataset": False,
        "keywords": ["dialogue", "film", "speech", "emotion", "annotations"],
    }
    address = f"https://huggingface.co/datasets/{repo}" if repo else None
    optional = {
        "license": head.license,
        "url": head.homepage or address,
        "sameAs": address if head.homepage else None,
        "datePublished": head.created,
        "inLanguage": list(facts.languages) or None,
        "citeAs": (facts.context["citation"] or [None])[0],
        "creator": {"@type": "sc:Organization", "name": head.contact} if head.contact else None,
    }
    document |= {key: value for key, value in optional.items() if value}
    document |= _responsible(facts)
    document["distribution"] = [*_files(folder), *(_file_set(name, t) for name, t in found.items())]
    document["recordSet"] = [_record_set(name) for name in found]
    return document


def _semantic(version: str) -> str:
    """Croissant asks for MAJOR.MINOR.PATCH; a shorter version is filled up, others stay as they are."""
    parts = version.removeprefix("v").split(".")
    if len(parts) < 3 and all(part.isdigit() for part in parts):
        return ".".join([*parts, "0", "0"][:3])
    return version


def _responsible(facts: CardFacts) -> dict[str, Any]:
    c: Mapping[str, Any] = facts.context
    told = {
        "dataCollection": "Annotations of films on the clock of the annotated copy: calibrated subtitles, "
        "labels by models and people. No sound and no picture is part of it.",
        "dataCollectionType": ["Secondary Data Analysis", "Manual Human Curator", "Machine-generated"],
        "dataAnnotationProtocol": "Each row names the tools of its fields in `provenance`.",
        "dataUseCases": ["Training", "Testing", "Validation"],
        "dataLimitations": c["missing"],
        "dataBiases": "Films are no sample of life. The dataset card counts gender, age, language, "
        "year and country.",
        "dataSocialImpact": "Clips that users rebuild show real actors: no cloning of voices or likeness "
        "without consent.",
        "personalSensitiveInformation": ["Gender", "Age"],
        "dataReleaseMaintenancePlan": f"{c['withdrawn_text']} Rows are taken back by withdrawn.jsonl.",
    }
    return {f"rai:{key}": value for key, value in told.items()}


def _files(folder: Path | None) -> Iterator[dict[str, Any]]:
    if folder is None:
        return
    for name, kind in _FILES:
        path = folder / name
        if path.is_file():
            yield {
                "@type": "cr:FileObject",
                "@id": name,
                "name": name,
                "contentUrl": name,
                "contentSize": f"{path.stat().st_size} B",
                "encodingFormat": kind,
                "sha256": file_sha256(path),
            }


def _file_set(name: str, tables: Sequence[Table]) -> dict[str, Any]:
    wanted = [f"{t.folder}/{t.split}-*.parquet" for t in tables] or [TITLES_FILE]
    return {
        "@type": "cr:FileSet",
        "@id": f"{name}-files",
        "name": f"{name}-files",
        "encodingFormat": _PARQUET,
        "includes": wanted if len(wanted) > 1 else wanted[0],
    }


def _record_set(name: str) -> dict[str, Any]:
    model: type[Dialogue] | type[Title] = Title if name == "titles" else Dialogue
    key = "title_id" if model is Title else "dialogue_id"
    return {
        "@type": "cr:RecordSet",
        "@id": name,
        "name": name,
        "description": "Films and episodes." if model is Title else f"Dialogues, configuration {name}.",
        "key": {"@id": f"{name}/{key}"},
        "field": [field for info in field_table(model) if (field := _field(name, info)) is not None],
    }


def _field(name: str, info: FieldInfo) -> dict[str, Any] | None:
    """A column, with the plain fields of rows within it."""
    field = {"@type": "cr:Field", "@id": f"{name}/{info.name}", "name": info.name, "description": info.doc}
    repeated = {"repeated": True} if info.kind == "list" else {}
    item = info.children[0] if info.kind == "list" else info
    if item.kind == "struct":
        parts = [_part(name, info.name, child) for child in item.children]
        return {**field, **repeated, "subField": [part for part in parts if part is not None]}
    if item.kind == "list":
        return None
    return {**field, "dataType": _TYPES[item.kind], **repeated, "source": _source(name, info.name)}


def _part(name: str, column: str, info: FieldInfo) -> dict[str, Any] | None:
    item = info.children[0] if info.kind == "list" else info
    if item.kind not in _TYPES:
        return None  # a third level has no place in a record of Croissant; the JSON Schema has it
    return {
        "@type": "cr:Field",
        "@id": f"{name}/{column}/{info.name}",
        "name": info.name,
        "description": info.doc,
        "dataType": _TYPES[item.kind],
        **({"repeated": True} if info.kind == "list" else {}),
        "source": {**_source(name, column), "transform": {"jsonPath": info.name}},
    }


def _source(name: str, column: str) -> dict[str, Any]:
    return {"fileSet": {"@id": f"{name}-files"}, "extract": {"column": column}}
