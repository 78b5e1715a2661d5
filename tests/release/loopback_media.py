"""A web site on this machine: a film, pages that show it, and addresses that fail in known ways."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CUES = "WEBVTT\n\n00:01.000 --> 00:02.000\nHello there.\n"
VIDEO = '<video controls><source src="{}" type="video/mp4">{}</video>'
TRACK = '<track kind="subtitles" srclang="{}" src="{}">'


@dataclass
class Site:
    """What is served, and what was asked for."""

    film: bytes
    address: str = ""
    #: Bytes of /film.mp4 after which the connection ends; None serves it whole.
    cut_at: int | None = None
    #: Whether /film.mp4 says how long it is.
    tells_length: bool = True
    #: Where /away and the film of /leads-away are.
    away: str = ""
    #: (path, first byte asked for) of every GET.
    asked: list[tuple[str, int]] = field(default_factory=list)

    def pages(self) -> dict[str, tuple[str, bytes]]:
        tracks = TRACK.format("en", "/cues.vtt") + TRACK.format("de", "/missing.vtt")
        pair = VIDEO.format("/film.mp4", "") + VIDEO.format("/film.mp4?second", "")
        return {
            "/film.mp4": ("video/mp4", self.film),
            "/lie.mp4": ("video/mp4", b"<!DOCTYPE html><html>Please log in.</html>" * 50),
            "/cues.vtt": ("text/vtt", CUES.encode()),
            "/watch": ("text/html", _page(VIDEO.format("/film.mp4", tracks))),
            "/both": ("text/html", _page(pair)),
            "/leads-away": ("text/html", _page(VIDEO.format(self.away, ""))),
            "/words": ("text/html", _page("<p>No film here.</p>")),
            "/archive.zip": ("application/zip", b"PK\x03\x04" * 100),
        }


def _page(body: str) -> bytes:
    return f"<!DOCTYPE html><html><head><title>A page</title></head><body>{body}</body></html>".encode()


class _Quiet(ThreadingHTTPServer):
    """Says nothing of clients that hang up: yt-dlp does, when it keeps connections alive."""

    def handle_error(self, request: object, client_address: object) -> None:
        """Nothing to say."""


@contextmanager
def serve(film: bytes) -> Iterator[Site]:
    """Serve until the block ends."""
    site = Site(film)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: object) -> None:
            pass

        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def answer(self, *, with_body: bool) -> None:
            path = self.path.split("?")[0]
            wanted = self.headers.get("Range")
            start = int(wanted.removeprefix("bytes=").split("-")[0]) if wanted else 0
            if with_body:
                site.asked.append((path, start))
            if path == "/away":
                self.send_response(302)
                self.send_header("Location", site.away)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            if path == "/forbidden.mp4":
                self.send_response(403)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            kind, content = site.pages().get(path, ("", b""))
            if not kind or start > len(content):
                self.send_response(404 if not kind else 416)
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Type", kind)
            self.send_header("Accept-Ranges", "bytes")
            if site.tells_length or path != "/film.mp4":
                self.send_header("Content-Length", str(len(content) - start))
            else:
                self.close_connection = True
                self.send_header("Connection", "close")
            if wanted:
                self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
            self.end_headers()
            if with_body:
                stop = site.cut_at if path == "/film.mp4" else None
                # A reader that has seen enough closes the connection; that is no fault of ours.
                try:
                    self.wfile.write(content[start:stop])
                except OSError:
                    pass
                self.close_connection = self.close_connection or stop is not None

    server = _Quiet(("127.0.0.1", 0), Handler)
    site.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
