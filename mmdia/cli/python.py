"""The commands as functions of Python: `mmdia.align` and `mmdia.rebuild`.

Options are those of the commands, with underscores; what comes back prints as the command does.
"""

from __future__ import annotations

import argparse
import html
import io
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import redirect_stdout
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from mmdia.errors import UsageError
from mmdia.schema.names import nearest

if TYPE_CHECKING:
    from mmdia.schema.receipt import Receipt
    from mmdia.schema.time import TimeMap
    from mmdia.schema.timemap import TimeMapFile

StrPath: TypeAlias = str | os.PathLike[str]


class _Shown:
    """What a command found; prints as the command does."""

    def __init__(self, show: Callable[[], object], page: Callable[[], str | None]) -> None:
        self._show, self._page = show, page

    @cached_property
    def _text(self) -> str:
        with redirect_stdout(io.StringIO()) as said:
            self._show()
        return said.getvalue().rstrip("\n")

    def __repr__(self) -> str:
        return self._text

    def _repr_html_(self) -> str:
        """The page of ``--report``, for notebooks."""
        page = self._page()
        if page is None:
            return f"<pre>{html.escape(self._text)}</pre>"
        frame = 'style="width:100%;height:640px;border:0"'
        return f'<iframe {frame} srcdoc="{html.escape(page)}"></iframe>'


class AlignResult(_Shown):
    """A time map, and the verdict on it.

    Attributes:
        document: What ``--json`` writes (`mmdia.schema.timemap.TimeMapFile`): verdict, confidence,
            segments, lines, reasons.
    """

    def __init__(self, document: TimeMapFile, texts: list[str]) -> None:
        from mmdia.cli.align_show import show_map
        from mmdia.pages.alignment import alignment_page

        super().__init__(lambda: show_map(document), lambda: alignment_page(document, texts=texts))
        self.document = document

    @property
    def accepted(self) -> bool:
        """Whether the copy can be used by this map."""
        return self.document.accepted

    @property
    def verdict(self) -> str:
        """identity, translation, speed, segments or wrong_film."""
        return self.document.verdict

    @property
    def confidence(self) -> float:
        """Probability that it is the right film."""
        return self.document.confidence

    @property
    def time_map(self) -> TimeMap:
        """The map as a value, annotation seconds to media seconds; empty when refused."""
        return self.document.time_map()


class RebuildResult(_Shown):
    """What a rebuild did.

    Attributes:
        out: Output folder, as it was named.
        document: What ``--json`` prints: counts by status and reason, a row per title.
        complete: Whether all that was asked for is there (exit status 0).
    """

    def __init__(self, out: StrPath, show: Callable[..., int]) -> None:
        super().__init__(lambda: show(as_json=False), self._report)
        self.out = os.fspath(out)
        with redirect_stdout(io.StringIO()) as said:
            self.complete = show(as_json=True) == 0
        self.document: dict[str, Any] = json.loads(said.getvalue())

    def receipts(self) -> dict[str, Receipt]:
        """The receipt of every dialogue, by its id.

        Raises:
            ReleaseNotFound: Nothing was rebuilt there.
        """
        from mmdia.corpus.receipts import read_receipts

        return read_receipts(self.out)

    def _report(self) -> str | None:
        page = Path(self.out) / "report.html"
        return page.read_text("utf-8") if page.is_file() else None


def align(annotation: StrPath, media: StrPath, **options: Any) -> AlignResult:
    """Find the time map from the annotated copy of a film to yours.

    Args:
        annotation: A subtitle file, ``RELEASE_DIR::title_id``, or ``::title_id`` of the release in use.
        media: A media or subtitle file.
        options: Those of ``mmdia align``, with underscores: ``subs``, ``mode``, ``report``, ...

    Raises:
        MmdiaError: As the command; a refused film is a result.
        TypeError: There is no such option.
    """
    from mmdia.cli.align import find_map

    args = _arguments("align", {"annotations": annotation, "media": media}, options, without=("batch",))
    track, document = find_map(args)
    return AlignResult(document, [line.text for line in track.lines])


def rebuild(
    media_dir: StrPath, *, annotations: StrPath | None = None, out: StrPath = "mmdia-clips", **options: Any
) -> RebuildResult:
    """Cut exact clips of a release's dialogues from your own media.

    Args:
        media_dir: Folder of your films, or its address.
        annotations: The release; None takes the installed one.
        out: Output folder.
        options: Those of ``mmdia rebuild``, with underscores: ``profile``, ``unit``, ``jobs``, ...

    Raises:
        MmdiaError: As the command; what was not built has its reason in the result.
        TypeError: There is no such option.
    """
    from mmdia.cli.rebuild import work

    operands = {"media_dir": media_dir, "annotations": annotations, "out": out}
    return RebuildResult(out, work(_arguments("rebuild", operands, options, without=("json",))))


def _arguments(
    command: str, operands: Mapping[str, Any], options: Mapping[str, Any], *, without: tuple[str, ...]
) -> argparse.Namespace:
    """The arguments of a command, values taken as its own parser takes them."""
    from mmdia.cli.main import all_parsers

    parser = dict(all_parsers())[f"mmdia {command}"]
    known = {a.dest: a for a in parser._actions if a.dest not in ("help", *without)}
    args = argparse.Namespace(**{name: action.default for name, action in known.items()})
    args.__dict__ |= dict.fromkeys(without, False)
    for name, value in {**operands, **options}.items():
        if name not in known:
            raise TypeError(f"{command}() has no option {name!r}{nearest(name, known)}")
        if value is not None:
            setattr(args, name, _taken(known[name], value))
    return args


def _taken(action: argparse.Action, value: Any) -> Any:
    if action.nargs == 0:
        return bool(value)
    if action.nargs == "+":
        return list(_each([value] if isinstance(value, str | os.PathLike) else value, action))
    return next(_each([value], action))


def _each(values: Any, action: argparse.Action) -> Iterator[Any]:
    make: Any = action.type or str
    for value in values:
        try:
            found = make(str(value))
        except ValueError as error:
            raise UsageError(f"{action.dest} cannot be read", got=repr(value)) from error
        if action.choices is not None and found not in action.choices:
            choices = ", ".join(map(str, action.choices))
            raise UsageError(f"no such {action.dest}", expected=choices, got=repr(value))
        yield found
