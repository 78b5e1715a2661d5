"""The Arrow schema, the JSON schema and the field table say the same."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from mmdia.corpus.arrow import arrow_schema, batch_of
from mmdia.corpus.invariants import RANGES, axis_paths
from mmdia.schema.base import Record
from mmdia.schema.dialogue import Dialogue, Turn
from mmdia.schema.fields import field_table, walk
from mmdia.schema.release import Release, Scene, Withdrawal
from mmdia.schema.title import Title

MODELS = (Title, Dialogue, Scene, Withdrawal, Release)


def arrow_paths(fields: Any, prefix: str = "") -> list[tuple[str, str]]:
    out: list[tuple[str, str]] = []
    for field in fields:
        kind = field.type
        path = f"{prefix}{field.name}"
        if pa.types.is_list(kind):
            out.append((path, "list"))
            if pa.types.is_struct(kind.value_type):
                out += arrow_paths(kind.value_type, f"{path}[].")
        elif pa.types.is_struct(kind):
            out.append((path, "struct"))
            out += arrow_paths(kind, f"{path}.")
        else:
            names = {"int64": "int", "double": "float", "bool": "bool", "string": "string"}
            out.append((path, names[str(kind)]))
    return out


def json_paths(schema: dict[str, Any], root: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    out: list[tuple[str, str]] = []
    names = {"integer": "int", "number": "float", "boolean": "bool", "string": "string"}
    for name, node in schema["properties"].items():
        for option in node.get("anyOf", ()):
            if option.get("type") != "null":
                node = option
        if "$ref" in node:
            out.append((f"{prefix}{name}", "struct"))
            out += json_paths(root["$defs"][node["$ref"].rsplit("/", 1)[1]], root, f"{prefix}{name}.")
        elif node["type"] == "array":
            out.append((f"{prefix}{name}", "list"))
            if "$ref" in node["items"]:
                target = root["$defs"][node["items"]["$ref"].rsplit("/", 1)[1]]
                out += json_paths(target, root, f"{prefix}{name}[].")
        else:
            out.append((f"{prefix}{name}", names[node["type"]]))
    return out


@pytest.mark.parametrize("model", MODELS)
def test_schemas_agree(model: type[Record]) -> None:
    table = [(path, info.kind) for path, info in walk(field_table(model))]
    assert arrow_paths(arrow_schema(model)) == table
    json_schema = model.model_json_schema(by_alias=True)
    assert sorted(json_paths(json_schema, json_schema)) == sorted(table)


@pytest.mark.parametrize("model", MODELS)
def test_every_field_is_nullable(model: type[Record]) -> None:
    def nullable(field: Any) -> bool:
        kind = field.type
        children = [kind.field(i) for i in range(kind.num_fields)]
        return field.nullable and all(nullable(child) for child in children)

    assert all(nullable(field) for field in arrow_schema(model))


def test_paths_of_checks_exist() -> None:
    known = {path: info.kind for path, info in walk(field_table(Dialogue))}
    assert all(known[path] == "float" for path in RANGES)
    assert all(known[path] == "string" for path, _ in axis_paths())
    assert ("relationship.pairs[].category", "relationship") in axis_paths()


def test_lists_are_empty_rather_than_null() -> None:
    row = batch_of([Dialogue(dialogue_id="a", turns=(Turn(speakers=()),))], Dialogue).to_pylist()[0]
    assert row["subsets"] == []
    assert row["turns"][0]["nonverbal"] == []
    assert row["relationship"] is None
