"""A Hub on this machine: the questions that the real clients ask when they read or write a dataset.

It knows public, private, gated and missing repositories, branches, ranges of files, and uploads (create,
settings, branch, preupload, large files, commit). It can break off in the middle of a file it sends, and
refuse after a number of files it is sent. What it was asked is noted.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN = "hf_loopback"
#: Files that the Hub keeps apart from git, by pattern (as in the .gitattributes of a data set).
LARGE = ("*.parquet", "*.mmfp")
_FILE = re.compile(r"/datasets/([^/]+/[^/]+)/resolve/([^/]+)/(.+)")
_API = re.compile(
    r"/api/datasets/([^/]+/[^/]+)(?:/(revision|tree|paths-info|refs)(?:/([^/]+)(?:/(.*))?)?)?"
)
_WRITE = re.compile(r"/api/datasets/([^/]+/[^/]+)/(preupload|commit|settings|branch)(?:/([^/]+))?")
_LFS = re.compile(r"/datasets/([^/]+/[^/]+)\.git/info/lfs/objects/batch")
_OBJECT = re.compile(r"/lfs/([0-9a-f]{64})")


@dataclass
class Repo:
    """Revisions by name, each with its files; consent is asked for where it is gated."""

    revisions: dict[str, dict[str, bytes]]
    gated: bool | str = False
    broken: bool = False
    private: bool = False
    commits: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def of_folder(cls, folder: Path, **options: Any) -> Repo:
        """A repository with the files of a folder on its main branch."""
        files = {
            p.relative_to(folder).as_posix(): p.read_bytes()
            for p in sorted(folder.rglob("*"))
            if p.is_file()
        }
        return cls({"main": files}, **options)

    @property
    def files(self) -> dict[str, bytes]:
        """Files of the main branch."""
        return self.revisions["main"]

    def commit(self, name: str) -> tuple[str, dict[str, bytes]] | None:
        """Commit hash and files of a branch, tag or commit hash."""
        for branch, files in self.revisions.items():
            marks = [(path, _etag(content)) for path, content in sorted(files.items())]
            digest = hashlib.sha1(repr(marks).encode()).hexdigest()
            if name in (branch, digest):
                return digest, files
        return None


@dataclass
class Hub:
    """What is served, and what was asked for.

    Attributes:
        repos: Repositories by name.
        address: Where it listens.
        asked: Method and path of every request.
        ranges: The Range header of every request that had one.
        objects: Large files that were sent, by SHA-256.
        put: Sizes of the large files that were sent, in order.
        fail_after: Refuse large files after this many; None takes all.
    """

    repos: dict[str, Repo]
    address: str = ""
    asked: list[tuple[str, str]] = field(default_factory=list)
    ranges: list[str] = field(default_factory=list)
    objects: dict[str, bytes] = field(default_factory=dict)
    put: list[str] = field(default_factory=list)
    fail_after: int | None = None
    turn: threading.Lock = field(default_factory=threading.Lock)

    def downloaded(self) -> set[str]:
        """Names of the files whose content was asked for."""
        matches = (_FILE.match(path) for method, path in self.asked if method == "GET")
        return {m[3] for m in matches if m}

    def writes(self) -> list[tuple[str, str]]:
        """Requests that would change something."""
        asking = ("/paths-info/", "/preupload/")
        return [
            (m, p) for m, p in self.asked if m not in ("GET", "HEAD") and not any(a in p for a in asking)
        ]


class _Refused(Exception):
    def __init__(self, status: int, code: str) -> None:
        super().__init__(code)
        self.status, self.code = status, code


def _etag(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\x00" % len(content) + content).hexdigest()


def is_large(path: str) -> bool:
    """Whether the Hub keeps a file apart from git."""
    return any(fnmatch(path, pattern) for pattern in LARGE)


def _entry(path: str, content: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "file", "path": path, "size": len(content), "oid": _etag(content)}
    if is_large(path):
        digest = hashlib.sha256(content).hexdigest()
        found["lfs"] = {"oid": digest, "size": len(content), "pointerSize": 130}
    return found


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    hub: Hub
    body: bytes

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        self.route()

    do_HEAD = do_POST = do_PUT = do_DELETE = do_GET

    def route(self) -> None:
        path = unquote(urlsplit(self.path).path)
        self.hub.asked.append((self.command, path))
        if "Range" in self.headers:
            self.hub.ranges.append(self.headers["Range"])
        self.body = self.read()
        try:
            self.answer(path)
        except _Refused as error:
            about = {"X-Error-Code": error.code, "X-Error-Message": error.code}
            self.reply(error.status, json.dumps({"error": error.code}).encode(), about)

    def read(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        parts = []
        while size := int(self.rfile.readline().split(b";")[0], 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def answer(self, path: str) -> None:
        reading = self.command in ("GET", "HEAD")
        if reading and (match := _FILE.fullmatch(path)):
            self.file(*match.groups())
        elif not reading and (match := _WRITE.fullmatch(path)):
            self.write(*match.groups())
        elif match := _API.fullmatch(path):
            if not reading and match[2] != "paths-info":
                raise _Refused(405, "ReadOnly")
            self.api(*match.groups())
        elif path == "/api/repos/create" and self.command == "POST":
            self.create()
        elif match := _LFS.fullmatch(path):
            self.batch(match[1])
        elif self.command == "PUT" and (match := _OBJECT.fullmatch(path)):
            self.take(match[1])
        elif path == "/api/validate-yaml":
            self.json({"errors": [], "warnings": []})
        elif path == "/api/whoami-v2":
            self.signed()
            self.json({"type": "user", "name": "tester", "orgs": []})
        else:
            raise _Refused(404, "NotFound")

    def signed(self) -> None:
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            raise _Refused(401, "Unauthorized")

    def repo(self, repo_id: str) -> Repo:
        repo = self.hub.repos.get(repo_id)
        token = self.headers.get("Authorization")
        hidden = repo is not None and repo.private and token != f"Bearer {TOKEN}"
        if repo is None or hidden:
            # The Hub does not tell strangers which names are taken.
            raise _Refused(404 if token is not None else 401, "RepoNotFound")
        return repo

    def at(self, repo_id: str, revision: str) -> tuple[Repo, str, dict[str, bytes]]:
        repo = self.repo(repo_id)
        found = repo.commit(revision)
        if found is None:
            raise _Refused(404, "RevisionNotFound")
        return repo, *found

    def file(self, repo_id: str, revision: str, name: str) -> None:
        repo, commit, files = self.at(repo_id, revision)
        token = self.headers.get("Authorization")
        if repo.gated and token != f"Bearer {TOKEN}":
            raise _Refused(401 if token is None else 403, "GatedRepo")
        if name not in files:
            raise _Refused(404, "EntryNotFound")
        content = files[name]
        about = {"ETag": f'"{_etag(content)}"', "X-Repo-Commit": commit, "Accept-Ranges": "bytes"}
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if match is None or self.command == "HEAD":
            self.reply(200, content, about, cut=repo.broken)
            return
        first, last = int(match[1]), min(int(match[2] or len(content) - 1), len(content) - 1)
        about["Content-Range"] = f"bytes {first}-{last}/{len(content)}"
        self.reply(206, content[first : last + 1], about, cut=repo.broken)

    def api(self, repo_id: str, what: str | None, revision: str | None, place: str | None) -> None:
        repo, commit, files = self.at(repo_id, revision or "main")
        if what in (None, "revision"):
            siblings = [{"rfilename": name} for name in sorted(files)]
            about = {"id": repo_id, "sha": commit, "siblings": siblings, "private": repo.private}
            self.json(
                {**about, "gated": repo.gated, "disabled": False, "tags": [], "downloads": 0, "likes": 0}
            )
        elif what == "refs":
            branches = [
                {"name": n, "ref": f"refs/heads/{n}", "targetCommit": repo.commit(n)[0]}  # type: ignore[index]
                for n in repo.revisions
            ]
            self.json({"branches": branches, "converts": [], "tags": []})
        elif what == "paths-info":
            self.paths_info(files)
        else:
            query = parse_qs(urlsplit(self.path).query)
            deep = query.get("recursive", ["false"])[0].lower() in ("true", "1")
            self.tree(files, (place or "").strip("/"), deep)

    def paths_info(self, files: Mapping[str, bytes]) -> None:
        kind = self.headers.get("Content-Type", "")
        asked = parse_qs(self.body.decode()) if "form" in kind else json.loads(self.body or b"{}")
        paths = asked.get("paths", [])
        found = []
        for path in [paths] if isinstance(paths, str) else paths:
            if path in files:
                found.append(_entry(path, files[path]))
            elif any(name.startswith(f"{path}/") for name in files):
                found.append({"type": "directory", "path": path, "size": 0, "oid": "0" * 40})
        self.json(found)

    def tree(self, files: Mapping[str, bytes], place: str, deep: bool) -> None:
        lead = f"{place}/" if place else ""
        inside = sorted(name for name in files if name.startswith(lead))
        if not inside and place:
            raise _Refused(404, "EntryNotFound")
        folders: dict[str, None] = {}
        shown = []
        for name in inside:
            parts = name[len(lead) :].split("/")
            for depth in range(1, len(parts) if deep else min(2, len(parts))):
                folders[lead + "/".join(parts[:depth])] = None
            if deep or len(parts) == 1:
                shown.append(_entry(name, files[name]))
        listed = [{"type": "directory", "path": f, "size": 0, "oid": "0" * 40} for f in folders]
        self.json([*listed, *shown])

    def create(self) -> None:
        self.signed()
        asked = json.loads(self.body)
        repo_id = f"{asked.get('organization') or 'tester'}/{asked['name']}"
        url = f"{self.hub.address}/datasets/{repo_id}"
        if repo_id in self.hub.repos:
            self.reply(409, json.dumps({"error": "exists", "url": url}).encode(), {})
            return
        private = bool(asked.get("private")) or asked.get("visibility") == "private"
        self.hub.repos[repo_id] = Repo({"main": {".gitattributes": b""}}, private=private)
        self.json({"url": url, "id": repo_id, "name": repo_id})

    def write(self, repo_id: str, what: str, revision: str | None) -> None:
        self.signed()
        repo = self.repo(repo_id)
        if what == "settings":
            asked = json.loads(self.body)
            repo.gated = asked.get("gated", repo.gated)
            repo.private = asked.get("private", repo.private) or asked.get("visibility") == "private"
            self.json({})
        elif what == "branch":
            if revision in repo.revisions:
                raise _Refused(409, "BranchExists")
            repo.revisions[str(revision)] = dict(repo.files)
            self.json({})
        elif what == "preupload":
            self.preupload(self.at(repo_id, str(revision))[2])
        else:
            self.commit(repo, str(revision), repo_id)

    def preupload(self, files: Mapping[str, bytes]) -> None:
        told = []
        for asked in json.loads(self.body)["files"]:
            path, there = asked["path"], files.get(asked["path"])
            mode = "lfs" if is_large(path) else "regular"
            oid = None
            if there is not None:
                oid = hashlib.sha256(there).hexdigest() if mode == "lfs" else _etag(there)
            told.append({"path": path, "uploadMode": mode, "shouldIgnore": False, "oid": oid})
        self.json({"files": told})

    def batch(self, repo_id: str) -> None:
        self.signed()
        self.repo(repo_id)
        told = []
        for asked in json.loads(self.body)["objects"]:
            row = {"oid": asked["oid"], "size": asked["size"]}
            if asked["oid"] not in self.hub.objects:
                row["actions"] = {"upload": {"href": f"{self.hub.address}/lfs/{asked['oid']}"}}
            told.append(row)
        self.json({"transfer": "basic", "objects": told})

    def take(self, digest: str) -> None:
        hub = self.hub
        with hub.turn:  # several come at a time
            if hub.fail_after is not None and len(hub.put) >= hub.fail_after:
                raise _Refused(403, "Broken")
            if hashlib.sha256(self.body).hexdigest() != digest:
                raise _Refused(400, "BadDigest")
            hub.objects[digest] = self.body
            hub.put.append(digest)
        self.reply(200, b"", {})

    def commit(self, repo: Repo, revision: str, repo_id: str) -> None:
        files = repo.revisions.get(revision)
        if files is None:
            raise _Refused(404, "RevisionNotFound")
        new, summary = dict(files), {}
        for line in self.body.splitlines():
            entry = json.loads(line)
            value = entry["value"]
            if entry["key"] == "header":
                summary = value
            elif entry["key"] == "file":
                new[value["path"]] = base64.b64decode(value["content"])
            elif entry["key"] == "lfsFile":
                if value["oid"] not in self.hub.objects:
                    raise _Refused(400, "LfsObjectMissing")
                new[value["path"]] = self.hub.objects[value["oid"]]
            elif entry["key"] == "deletedFile" and new.pop(value["path"], None) is None:
                raise _Refused(404, "EntryNotFound")
        repo.revisions[revision] = new
        repo.commits.append(summary)
        found = repo.commit(revision)
        assert found is not None
        url = f"{self.hub.address}/datasets/{repo_id}/commit/{found[0]}"
        self.json({"success": True, "commitOid": found[0], "commitUrl": url, "hookOutput": ""})

    def json(self, answer: Any) -> None:
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


def hub_environment(hub: Hub, home: Path, **settings: str) -> dict[str, str]:
    """Environment of a process whose clients talk to this Hub, and keep their files under `home`.

    The clients read it when they are imported, so it takes a process of its own.
    """
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("HF_", "HUGGING", "MMDIA_"))}
    return {
        **kept,
        "MMDIA_HOME": str(home / "mmdia"),
        "HF_HOME": str(home / "hf"),
        "HF_ENDPOINT": hub.address,
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "NO_PROXY": "127.0.0.1",
        **settings,
    }


@contextmanager
def serve_hub(repos: dict[str, Repo]) -> Iterator[Hub]:
    """Serve until the block ends."""
    hub = Hub(repos)
    handler = type("Handler", (_Handler,), {"hub": hub})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
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
