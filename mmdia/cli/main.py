"""``mmdia``: parse, hand over, exit.

Only argparse and the standard library are imported before a command is known, so ``--help`` is
instant.
"""

from __future__ import annotations

import argparse
import importlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from typing import Any, TextIO

import mmdia
from mmdia.cli.console import EXIT_DONE, EXIT_INTERRUPTED, report_error, set_quiet
from mmdia.errors import MmdiaError
from mmdia.schema.names import nearest

#: Commands in the order of help; each is a module of this package with `add` and `run`.
COMMANDS = (
    "demo", "align", "rebuild", "titles", "receipt", "cite", "release", "find", "fetch", "facts", "doctor",
    "completion",
)  # fmt: skip

DESCRIPTION = """\
Expressive film dialogues from released annotations and your own media.

Only annotations are released; films are not. mmdia maps the annotation timeline
onto the copy of the film that you own, cuts exact clips, and loads them as a
dataset.
"""

EPILOG = """\
exit status: 0 done; 1 done, but some items failed or were refused; 2 usage;
3 a tool or extra is missing; 130 interrupted.

start here:
  mmdia demo          the whole walk on a bundled title
  mmdia doctor        what is installed and what works

What a command does and takes: mmdia help COMMAND.
"""


#: Commands that take operands of their own and have sub-commands, too: the first word decides.
SUBCOMMANDS = {"align": ("rank", "identify", "table6")}


#: Environment variables: what each does, and the commands that honour it (None: all of them).
ENVIRONMENT: dict[str, tuple[str, tuple[str, ...] | None]] = {
    "MMDIA_HOME": ("folder of installed releases and caches", None),
    "MMDIA_ANNOTATIONS": ("the release to use where none is named", None),
    "MMDIA_ASR": ("speech recognition of --check-speech", ("rebuild",)),
    "MMDIA_FFMPEG": ("the ffmpeg program", ("demo", "fetch", "release fetch", "doctor")),
    "MMDIA_NO_AUTOREGISTER": ('1: load_dataset("mmdia") does not come here', ("doctor",)),
    "RAY_ADDRESS": ("the cluster of --engine ray", ("rebuild",)),
    "NO_COLOR": ("no colours", None),
}


class _Parser(argparse.ArgumentParser):
    """Says of a wrong word which one may be meant, with the usage of the command at fault."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        found, rest = super().parse_known_args(args, namespace)
        if rest:
            near = (nearest(word.partition("=")[0], self._option_string_actions) for word in rest)
            hints = "".join(hint for word, hint in zip(rest, near, strict=True) if word.startswith("-"))
            self.error(f"unrecognized arguments: {' '.join(rest)}{hints}")
        return found, rest

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            hint = nearest(str(value), map(str, action.choices or ()))
            raise argparse.ArgumentError(action, f"{error.message}{hint}") from None


class _Program(_Parser):
    """Takes ``align rank`` as one command, which argparse cannot beside ``align FILE FILE``.

    A file that is really called ``rank`` can be given as ``./rank``. ``help COMMAND`` and nothing at
    all ask for help.
    """

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        words = list(sys.argv[1:] if args is None else args) or ["--help"]
        if words[0] == "help":
            words = [*words[1:], "--help"]
        if len(words) > 1 and words[1] in SUBCOMMANDS.get(words[0], ()):
            words[:2] = [" ".join(words[:2])]
        return super().parse_known_args(words, namespace)


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = _Program(
        prog="mmdia",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-V", "--version", action="version", version=f"mmdia {mmdia.__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=_Parser)
    for name in COMMANDS:
        importlib.import_module(f"mmdia.cli.{name}").add(commands)
    for name, child in _walk("", parser):
        if child._subparsers is None:
            _add_common(name.strip(), child)
    return parser


def _add_common(name: str, parser: argparse.ArgumentParser) -> None:
    """What every command has: how much it says, and its environment variables in its help."""
    loud = parser.add_mutually_exclusive_group()
    loud.add_argument("-v", "--verbose", action="store_true", help="say more: log, and where errors arise")
    loud.add_argument("-q", "--quiet", action="store_true", help="no notes and no progress, errors alone")
    honoured = [
        f"  {variable:<22} {text}"
        for variable, (text, who) in ENVIRONMENT.items()
        if who is None or name in who
    ]
    parser.epilog = "\n".join([parser.epilog or "", "environment:", *honoured])


def _walk(name: str, parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    yield name, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, child in action.choices.items():
                yield from _walk(f"{name} {word}", child)


def all_parsers() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command with its parser, sub-commands included: what the reference and the tests walk."""
    yield from _walk("mmdia", build_parser())


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: Arguments without the program's name; None takes those of the process.

    Returns:
        The exit status.
    """
    try:
        try:
            return _run(argv)
        finally:
            sys.stdout.flush()
    except KeyboardInterrupt:
        print("mmdia: interrupted; run the same command again to go on", file=sys.stderr)
        return EXIT_INTERRUPTED
    except (BrokenPipeError, SystemExit) as error:
        # rich meets a closed pipe with an exit of its own.
        if isinstance(error, SystemExit) and not isinstance(error.__context__, BrokenPipeError):
            raise
        # Whoever read our output has enough (as `| head` has): that is no fault.
        for stream in (sys.stdout, sys.stderr):
            _close_quietly(stream)
        return EXIT_DONE


def _run(argv: Sequence[str] | None) -> int:
    args = build_parser().parse_args(argv)
    set_quiet(args.quiet)
    if args.verbose:
        import logging

        logging.basicConfig(level=logging.INFO)
    try:
        status: int = args.run(args)
        return status
    except MmdiaError as error:
        if args.verbose:
            import traceback

            traceback.print_exc()
        return report_error(error)


def _close_quietly(stream: TextIO) -> None:
    """Let nothing of a stream whose reader is gone be written at exit."""
    try:
        stream.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _terminate(number: int, frame: object) -> None:
    # Job schedulers end jobs with SIGTERM: locks and part files go as they do on Ctrl-C.
    raise KeyboardInterrupt


def run() -> None:
    """Entry point of the ``mmdia`` program."""
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(main())
