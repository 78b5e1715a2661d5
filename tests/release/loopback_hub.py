"""A Hub on this machine: the questions that the real client asks when it reads a dataset repository.

It knows public, gated and missing repositories, two revisions, and can break off in the middle of a
file. Whatever would change a repository is answered with 405 and noted.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

TOKEN = "hf_loopback"
_FILE = re.compile(r"/datasets/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
_API = re.compile(r"/api/datasets/([^/]+/[^/]+)/(revision|tree)/([^/]+)")


@dataclass
class Repo:
    """Revisions by name, each with its files; consent is asked for where it is gated."""

    revisions: dict[str, dict[str, bytes]]
    gated: bool = False
    broken: bool = False

    def commit(self, name: str) -> tuple[str, dict[str, bytes]] | None:
        """Commit hash and files of a branch, tag or commit hash."""
        for branch, files in self.revisions.items():
            digest = hashlib.sha1(repr(sorted(files.items())).encode()).hexdigest()
            if name in (branch, digest):
                return digest, files
        return None


@dataclass
class Hub:
    """What is served, and what was asked for."""

    repos: dict[str, Repo]
    address: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)

    def downloaded(self) -> set[str]:
        """Names of the files whose content was asked for."""
        matches = (_FILE.match(path) for method, path in self.asked if method == "GET")
        return {m[3] for m in matches if m}


class _Refused(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


def _etag(content: bytes) -> str:
    return hashlib.sha1(content).hexdigest()


def _handler(hub: Hub) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self.route()

        def do_GET(self) -> None:
            self.route()

        def do_POST(self) -> None:
            self.route()

        do_PUT = do_DELETE = do_POST

        def route(self) -> None:
            path = unquote(urlsplit(self.path).path)
            hub.asked.append((self.command, path))
            try:
                if self.command not in ("GET", "HEAD"):
                    raise _Refused(405, "ReadOnly")
                if match := _FILE.fullmatch(path):
                    self.file(*match.groups())
                elif match := _API.match(path):
                    self.api(*match.groups())
                else:
                    raise _Refused(404, "NotFound")
            except _Refused as error:
                self.reply(error.status, b"{}", {"X-Error-Code": error.code, "X-Error-Message": error.code})

        def repo(self, repo_id: str, revision: str) -> tuple[Repo, str, dict[str, bytes]]:
            repo = hub.repos.get(repo_id)
            if repo is None:
                # The Hub does not tell strangers which names are taken.
                signed = self.headers.get("Authorization") is not None
                raise _Refused(404 if signed else 401, "RepoNotFound")
            found = repo.commit(revision)
            if found is None:
                raise _Refused(404, "RevisionNotFound")
            return repo, *found

        def file(self, repo_id: str, revision: str, name: str) -> None:
            repo, commit, files = self.repo(repo_id, revision)
            token = self.headers.get("Authorization")
            if repo.gated and token != f"Bearer {TOKEN}":
                raise _Refused(401 if token is None else 403, "GatedRepo")
            if name not in files:
                raise _Refused(404, "EntryNotFound")
            content = files[name]
            about = {"ETag": f'"{_etag(content)}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
            self.reply(200, content, about, cut=repo.broken)

        def api(self, repo_id: str, what: str, revision: str) -> None:
            _, commit, files = self.repo(repo_id, revision)
            answer: Any
            if what == "revision":
                siblings = [{"rfilename": name} for name in sorted(files)]
                answer = {"id": repo_id, "sha": commit, "siblings": siblings}
            else:
                answer = [
                    {"type": "file", "path": name, "size": len(content), "oid": _etag(content)}
                    for name, content in sorted(files.items())
                ]
            self.reply(200, json.dumps(answer).encode(), {"Content-Type": "application/json"})

        def reply(self, status: int, body: bytes, headers: dict[str, str], *, cut: bool = False) -> None:
            self.send_response(status)
            for key, value in headers.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body[: len(body) // 2] if cut else body)
                self.close_connection = self.close_connection or cut

    return Handler


@contextmanager
def serve_hub(repos: dict[str, Repo]) -> Iterator[Hub]:
    """Serve until the block ends."""
    hub = Hub(repos)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(hub))
    # The client keeps connections open; closing must not wait for them.
    server.daemon_threads = True
    hub.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
