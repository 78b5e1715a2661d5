"""Keeps a download away from machines that the public cannot reach.

A web site can lead a client to another address: a redirect, or a link in a page. What it must not do
is make this machine ask its own network. So while a download runs, its thread connects to public
addresses only, to the very host and port that the release names, and to the user's proxies.
"""

from __future__ import annotations

import ipaddress
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

Address = tuple[str, int]


class PrivateAddress(OSError):
    """A connection to an address that the public cannot reach."""


class _State(threading.local):
    """What the thread may connect to besides public addresses; None while nothing is guarded."""

    allowed: frozenset[Address] | None = None
    refused: list[str] | None = None


_STATE = _State()


@contextmanager
def only_public(url: str) -> Iterator[list[str]]:
    """Guard what this thread connects to.

    Args:
        url: The address that the release names: its host is allowed, wherever it is.

    Yields:
        A list that fills with the addresses that were refused.
    """
    _install()
    refused: list[str] = []
    before = (_STATE.allowed, _STATE.refused)
    _STATE.allowed = frozenset().union(*(_addresses(u) for u in (url, *getproxies().values())))
    _STATE.refused = refused
    try:
        yield refused
    finally:
        _STATE.allowed, _STATE.refused = before


def is_public(host: str) -> bool:
    """Whether a numeric address is one that the public can reach.

    >>> is_public("93.184.216.34"), is_public("10.0.0.1"), is_public("::ffff:127.0.0.1")
    (True, False, False)
    """
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return False  # a name: nobody has looked yet where it leads
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]
        if inner is not None:
            return is_public(str(inner))
    return address.is_global and not address.is_multicast


def _addresses(url: str) -> frozenset[Address]:
    """The numeric addresses and port of a web address."""
    try:
        parts = urlsplit(url if "//" in url else f"//{url}")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if not parts.hostname:
            return frozenset()
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, ValueError):
        return frozenset()  # what cannot be found cannot be connected to
    return frozenset((str(f[4][0]).partition("%")[0], port) for f in found)


@lru_cache(maxsize=1)
def _install() -> None:
    # An audit hook sees every connection of Python's own sockets, whichever library makes it, and
    # after the name was looked up, so that a name cannot lead elsewhere at the second look.
    sys.addaudithook(_watch)


def _watch(event: str, args: tuple[Any, ...]) -> None:
    if event != "socket.connect" or _STATE.allowed is None:
        return
    address = args[1]
    if not isinstance(address, tuple) or len(address) < 2:
        return
    host, port = str(address[0]), address[1]
    if is_public(host) or (host.partition("%")[0], port) in _STATE.allowed:
        return
    if _STATE.refused is not None:
        _STATE.refused.append(f"{host}:{port}")
    raise PrivateAddress(f"not connected to {host}:{port}: it is no public address")
