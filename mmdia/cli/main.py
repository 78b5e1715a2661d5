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
from typing import Any

import mmdia
from mmdia.cli.console import EXIT_INTERRUPTED, EXIT_USAGE, note, report_error
from mmdia.errors import MmdiaError

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
"""


#: Commands that take operands of their own and have sub-commands, too: the first word decides.
SUBCOMMANDS = {"align": ("rank", "identify", "table6")}


class _Parser(argparse.ArgumentParser):
    """Takes ``align rank`` as one command, which argparse cannot beside ``align FILE FILE``.

    A file that is really called ``rank`` can be given as ``./rank``.
    """

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        words = list(sys.argv[1:] if args is None else args)
        if len(words) > 1 and words[1] in SUBCOMMANDS.get(words[0], ()):
            words[:2] = [" ".join(words[:2])]
        return super().parse_known_args(words, namespace)


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = _Parser(
        prog="mmdia",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"mmdia {mmdia.__version__}")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=argparse.ArgumentParser
    )
    for name in COMMANDS:
        importlib.import_module(f"mmdia.cli.{name}").add(commands)
    return parser


def all_parsers() -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command with its parser, sub-commands included: what the reference and the tests walk."""

    def walk(name: str, parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
        yield name, parser
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                for word, child in action.choices.items():
                    yield from walk(f"{name} {word}", child)

    yield from walk("mmdia", build_parser())


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        argv: Arguments without the program's name; None takes those of the process.

    Returns:
        The exit status.
    """
    args = build_parser().parse_args(argv)
    status = EXIT_USAGE
    try:
        status = args.run(args)
        sys.stdout.flush()
    except MmdiaError as error:
        return report_error(error)
    except KeyboardInterrupt:
        note("mmdia: interrupted; run the same command again to go on")
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        # The reader of our output went away (as in `| head`): end quietly.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return status


def _terminate(number: int, frame: object) -> None:
    # Job schedulers end jobs with SIGTERM: locks and part files go as they do on Ctrl-C.
    raise KeyboardInterrupt


def run() -> None:
    """Entry point of the ``mmdia`` program."""
    signal.signal(signal.SIGTERM, _terminate)
    sys.exit(main())
