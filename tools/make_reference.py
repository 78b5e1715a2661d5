"""Write docs/reference/*.md from the code: schema, command line, reason codes, errors.

python tools/make_reference.py            write the pages
python tools/make_reference.py --check    exit 1 when a page is not what the code says
"""

from __future__ import annotations

import argparse
import inspect
import os
import sys
from functools import partial
from pathlib import Path

FOLDER = Path(__file__).resolve().parent.parent / "docs" / "reference"
NOTE = "<!-- made by tools/make_reference.py; do not edit -->\n"


def schema_page() -> str:
    from mmdia.schema.dialogue import Dialogue
    from mmdia.schema.fields import FieldInfo, field_table, walk
    from mmdia.schema.prediction import Prediction
    from mmdia.schema.receipt import Receipt, TitleReceipt
    from mmdia.schema.release import Release, Scene, Withdrawal
    from mmdia.schema.timemap import TimeMapFile
    from mmdia.schema.title import Title
    from mmdia.schema.vocab import PAPER_15

    def kind(field: FieldInfo) -> str:
        if field.kind == "list":
            return f"list of {field.children[0].kind}"
        return field.kind

    files = (
        (Release, "release.json"),
        (Title, "titles.jsonl"),
        (Dialogue, "dialogues.jsonl"),
        (Scene, "scenes.jsonl"),
        (Withdrawal, "withdrawn.jsonl"),
        (Prediction, "predictions.jsonl"),
    )
    out = [
        NOTE,
        "# Schema\n",
        "Every file that mmdia reads or writes, field by field. Times that end in `_ms`",
        "are whole milliseconds on the annotation timeline, half-open. Keys marked *",
        "are required.\n",
    ]
    for model, file in files:
        out += [
            f"## `{file}`: {model.__name__}\n",
            (inspect.getdoc(model) or "") + "\n",
            "| key | type | meaning |",
            "|---|---|---|",
        ]
        for path, field in walk(field_table(model)):
            doc = field.doc.replace("\n", " ").replace("|", "\\|")
            if not all(word in doc for word in field.known):
                doc += f" ({', '.join(field.known)})"
            out.append(f"| `{path}`{'*' if field.required else ''} | {kind(field)} | {doc} |")
        out.append("")
    for model, file in (
        (Receipt, "receipt.jsonl"),
        (TitleReceipt, "titles.jsonl of a rebuild"),
        (TimeMapFile, "a time map"),
    ):
        out += [
            f"## {file}: {model.__name__}\n",
            (inspect.getdoc(model) or "") + "\n",
            "| key | meaning |",
            "|---|---|",
        ]
        for name, info in model.model_fields.items():
            out.append(f"| `{info.alias or name}` | {info.description} |")
        out.append("")
    for axis in ("relationship", "interaction"):
        out += [
            f"## Vocabulary `{PAPER_15.name}`: {axis}\n",
            "| category | meaning | typical labels |",
            "|---|---|---|",
        ]
        for c in PAPER_15.axis(axis):
            out.append(f"| {c.name} | {c.definition} | {', '.join(c.typical)} |")
        out.append("")
    return "\n".join(out)


def cli_page() -> str:
    from mmdia.cli.main import all_parsers

    os.environ["COLUMNS"] = "80"
    out = [NOTE, "# Command line\n", "What `--help` prints, command by command.\n"]
    for name, parser in all_parsers():
        out += [f"## `{name}`\n", "```text", parser.format_help().rstrip(), "```\n"]
    return "\n".join(out)


def reasons_page() -> str:
    from mmdia.schema.reasons import REASONS

    out = [
        NOTE,
        "# Reason codes\n",
        "Why something was refused, left out, or marked as doubtful: in receipts,",
        "verdicts and reports.\n",
        "| code | meaning | what to do |",
        "|---|---|---|",
    ]
    out += [f"| `{code}` | {r.text} | {r.cure or '–'} |" for code, r in sorted(REASONS.items())]
    return "\n".join(out) + "\n"


def dirt_page() -> str:
    from mmdia.release.dirt import DIRT

    out = [
        NOTE,
        "# Classes of dirt\n",
        "What `mmdia release validate` reports. An error breaks the contract; a warning is used as it",
        "is (and refused by `--strict`); a note is only worth knowing. Nothing is ever changed.\n",
        "| class | severity | counted by | what is found |",
        "|---|---|---|---|",
    ]
    out += [f"| `{code}` | {d.severity} | {d.per} | {d.text} |" for code, d in sorted(DIRT.items())]
    return "\n".join(out) + "\n"


def paper_page() -> str:
    from paper_map import paper_page as make

    return make()


def errors_page() -> str:
    import mmdia.errors as errors

    tree = (errors.__doc__ or "").split("\n\n")
    out = [
        NOTE,
        "# Errors\n",
        "All errors of mmdia are one tree; each is also the builtin that a caller",
        "expects.\n",
        "```text",
        inspect.cleandoc(tree[2]),
        "```\n",
        "An error says what happened, where, what was expected and found, and what to do; the same are",
        "its attributes `message`, `path`, `expected`, `got` and `hint`. A command ends with its",
        "`exit_code`.\n",
        "| error | also a | exit | meaning |",
        "|---|---|---|---|",
    ]
    for error in vars(errors).values():
        if isinstance(error, type) and issubclass(error, errors.MmdiaError):
            builtin = ", ".join(b.__name__ for b in error.__mro__ if b.__module__ == "builtins")
            builtin = builtin.removesuffix(", BaseException, object").removesuffix("Exception").rstrip(", ")
            first = (inspect.getdoc(error) or "").split("\n\n")[0].replace("\n", " ")
            out.append(f"| `{error.__name__}` | {builtin or '–'} | {error.exit_code} | {first} |")
    return "\n".join(out) + "\n"


def json_schema(name: str) -> str:
    import json

    from mmdia.schema.dialogue import Dialogue
    from mmdia.schema.release import Release
    from mmdia.schema.title import Title

    model = {"release": Release, "title": Title, "dialogue": Dialogue}[name]
    document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **model.model_json_schema()}
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


PAGES = {
    **{f"{name}.schema.json": partial(json_schema, name) for name in ("release", "title", "dialogue")},
    "schema.md": schema_page,
    "cli.md": cli_page,
    "reasons.md": reasons_page,
    "dirt.md": dirt_page,
    "errors.md": errors_page,
    "paper.md": paper_page,
}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    check = parser.parse_args().check
    stale = []
    for name, make in PAGES.items():
        path, text = FOLDER / name, make()
        if check and (not path.is_file() or path.read_text("utf-8") != text):
            stale.append(name)
        elif not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
    if stale:
        print(f"not current: {', '.join(stale)}; run: python tools/make_reference.py", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
