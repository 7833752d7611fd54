"""Requests that nobody should send: made from good ones by chance, in bytes, JSON, headers, framing and lengths."""

from __future__ import annotations

import json
import random
from typing import Any

from support.processes import FIREFOX
from support.raw_http import make_chunks, make_request

CANARY = "alice-canary"  # is in every request; must be in no line of a log

METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "M-SEARCH", "PROPFIND", "REPORT")
PATHS = (
    "/",
    "/health/live",
    "/health/ready",
    "/js/script.js",
    "/pixel.gif",
    "/api/event/",
    "/api",
    "/%2e%2e/etc",
    "//",
)
STRINGS = (
    "",
    "\0",
    "\ud800",
    "\u202e\u0430",
    "🦊" * 40,
    "a" * 3000,
    "https://",
    "https://[::1",
    "https://example.com:99999/",
    "http://user:word@example.com/a?utm_source=%ff&ref=%00#x",
    "https://example.com/" + "a/" * 900,
    "https://xn--a.example/%zz",
    "javascript:alert(1)",
    "android-app://com.example",
    "1e400",
    "example.com,example.com,unknown.example",
    "pageview",
    "engagement",
    "'; DROP TABLE hits; --",
    "Infinity",
)
NUMBERS = (0, -1, 1, 2**31, 2**63, 2**64, -(2**63) - 1, 10**400, 1.5, -0.0, 1e308, 255, 256, 101)
JSON_KEYS = (*"nudrpmiehvkwz$", "props", "meta", "revenue", "interactive", "sd")
# fmt: off
HEADERS = (
    "User-Agent", "X-Forwarded-For", "Forwarded", "X-Real-IP", "Accept-Language", "Referer", "Origin",
    "Content-Type", "Content-Encoding", "DNT", "Sec-GPC", "Sec-Purpose", "Purpose", "Sec-Fetch-Site",
    "Sec-Fetch-Mode", "Sec-Fetch-Dest", "Sec-CH-UA", "Sec-CH-UA-Platform", "Sec-CH-UA-Platform-Version",
    "Sec-CH-UA-Mobile", "Cookie", "Range", "If-None-Match", "If-Modified-Since", "Accept-Encoding", "Expect",
)
# fmt: on
VALUES = (
    "",
    '"',
    '"Chromium";v="143", "Not A;Brand";v="99"',
    '"' * 50,
    'for="[2001:db8::1]:80";proto=http, for=_hidden, for=unknown',
    "for=;for==,;;,",
    "198.51.100.7, 127.0.0.1",
    "::ffff:198.51.100.7",
    "999.1.1.1:port, [::1]:99999, fe80::1%eth0",
    "," * 200,
    "de-AT,de;q=0.8,*;q=x",
    "application/json; charset=utf-16",
    "multipart/form-data; boundary=",
    "gzip",
    "100-continue",
    "bytes=0-18446744073709551616",
    'W/"',
    "Sun, 99 Foo 2026 99:99:99 GMT",
    "prefetch;prerender",
    "1",
    "a" * 2000,
    "Mozilla/5.0 (Linux; Android 99; " + "K" * 300 + ") Chrome/999.0.0.0 Mobile",
    "Googlebot/2.1 (+http://www.google.com/bot.html)",
    "\xff\xfe\xe9\x80",
)
SPLITS = (
    b"\r\n",
    b"\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b":",
    b",",
    b"\r\n ",
    b"HTTP/1.1",
    b"0\r\n\r\n",
    b"\xff",
    b"%",
    b";",
)
LENGTHS = ("-1", "+1", "0x10", "1, 1", "1 1", "", "18446744073709551616", "9" * 40, "1e3", "05")
CODINGS = ("chunked, chunked", "identity", "gzip", "xchunked", "chunked;q=1", " chunked ", "\tchunked", "CHUNKED", "")


class Hostile:
    """Makes requests by the chance that it is given; the same chance makes the same requests."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def well_framed(self) -> bytes:
        """Return a request that ends where it says, and leaves the connection open; all else in it may be nonsense."""
        chance = self._chance
        body = self._body()[:15_000]
        if chance.random() < 0.2:
            method, path, body = self._elsewhere(body)
        else:
            method, path = "POST", "/api/event" + chance.choice(("", "", "?", "?a=" + CANARY))
        lines = [
            f"{method} {path} HTTP/1.1",
            "Host: " + chance.choice(("collector.example", "", CANARY)),
            *self._headers(),
        ]
        if chance.random() < 0.2:
            lines.append("Transfer-Encoding: chunked")
            body = self._chunks(body)
        elif body or method == "POST" or chance.random() < 0.5:
            lines.append(f"Content-Length: {len(body)}")
        return "\r\n".join(lines).encode("latin-1", "replace") + b"\r\n\r\n" + body

    def malformed(self) -> bytes:
        """Return what may be no request at all; nothing can be expected to follow it on its connection."""
        chance = self._chance
        request = self.well_framed()
        make = chance.choice((self._mutate, self._mutate, self._cut, self._lie, self._exceed, self._noise))
        return make(request)

    # Bodies

    def _body(self) -> bytes:
        chance = self._chance
        kind = chance.random()
        if kind < 0.3:
            return self._mutate(self._encode(self._beacon()))
        if kind < 0.35:
            return chance.randbytes(chance.randrange(300))
        if kind < 0.37:
            return b"[" * chance.randrange(1, 14_000)
        if kind < 0.4:
            return self._encode(self._value(3))
        return self._encode(self._beacon())

    def _encode(self, value: Any) -> bytes:
        encoding = "utf-8" if self._chance.random() < 0.9 else self._chance.choice(("utf-16", "utf-8-sig", "latin-1"))
        return json.dumps(value, ensure_ascii=self._chance.random() < 0.5).encode(encoding, "replace")

    def _beacon(self) -> dict[str, Any]:
        chance = self._chance
        path = f"/{CANARY}/{chance.randrange(10 ** chance.randrange(1, 12))}"
        beacon: dict[str, Any] = {"n": "pageview", "d": "example.com", "u": f"https://example.com{path}", "r": None}
        for _ in range(chance.choice((0, 0, 1, 3))):
            beacon[chance.choice(JSON_KEYS)] = self._value(2)
        if chance.random() < 0.1:
            beacon.pop(chance.choice(tuple(beacon)))
        return beacon

    def _value(self, depth: int) -> Any:
        chance = self._chance
        kind = chance.randrange(8 if depth else 5)
        if kind < 2:
            return chance.choice(STRINGS)
        if kind == 2:
            return chance.choice(NUMBERS)
        if kind < 5:
            return chance.choice(
                (None, True, False, float("nan"), "".join(map(chr, chance.choices(range(0x2FFF), k=9))))
            )
        if kind == 5:
            return [self._value(depth - 1) for _ in range(chance.choice((0, 1, 3, 40)))]
        names = JSON_KEYS + STRINGS + ("amount", "currency", "author", "url")
        return {chance.choice(names): self._value(depth - 1) for _ in range(chance.choice((0, 1, 3, 40)))}

    # Heads

    def _elsewhere(self, body: bytes) -> tuple[str, str, bytes]:
        chance = self._chance
        method = chance.choice(METHODS if chance.random() < 0.3 else ("GET", "GET", "HEAD", "POST"))
        path = chance.choice(PATHS if chance.random() < 0.5 else ("/pixel.gif", "/api/event"))
        if chance.random() < 0.7:
            values = (
                "example.com",
                "https%3A%2F%2Fexample.com%2F" + CANARY,
                "%",
                "%ff%00",
                "+",
                "&&==",
                "a" * 2000,
                "%F0%9F",
            )
            path += "?" + "&".join(
                f"{chance.choice('udrndx')}={chance.choice(values)}" for _ in range(chance.randrange(6))
            )
        return method, path, body if method == "POST" else b""

    def _headers(self) -> list[str]:
        chance = self._chance
        headers = [f"User-Agent: {FIREFOX}"] if chance.random() < 0.7 else []
        headers.append(f"X-Forwarded-For: 203.0.{chance.randrange(256)}.{chance.randrange(256)}")
        for _ in range(chance.randrange(6)):
            value = chance.choice(VALUES) if chance.random() < 0.7 else self._text()
            headers.append(f"{chance.choice(HEADERS)}: {value}")
        headers.append(f"X-Canary: {CANARY}")
        chance.shuffle(headers)
        return headers

    def _text(self) -> str:
        allowed = [*range(0x20, 0x7F), *range(0x80, 0x100)]
        return "".join(chr(code) for code in self._chance.choices(allowed, k=self._chance.randrange(60))).strip()

    def _chunks(self, body: bytes) -> bytes:
        chance = self._chance
        size = chance.randrange(1, 400)
        chunks = make_chunks(body[start : start + size] for start in range(0, len(body), size))
        if chance.random() < 0.2:
            chunks = chunks.removesuffix(b"\r\n") + b"X-Forwarded-For: 192.0.2.1\r\nX: a\r\n\r\n"
        return chunks

    # What is not HTTP any more

    def _mutate(self, content: bytes) -> bytes:
        chance, content = self._chance, bytearray(content)
        for _ in range(chance.randrange(1, 5)):
            at, end = sorted(chance.randrange(len(content) + 1) for _ in range(2))
            end = min(end, at + chance.randrange(1, 20))
            what = chance.randrange(5)
            if what == 0:
                content[at:end] = b""
            elif what == 1:
                content[at:at] = chance.choice(SPLITS)
            elif what == 2:
                content[at:end] = chance.randbytes(end - at)
            elif what == 3:
                content[at:at] = content[at:end] * chance.randrange(1, 4)
            elif at < len(content):
                content[at] ^= 1 << chance.randrange(8)
        return bytes(content)

    def _cut(self, request: bytes) -> bytes:
        return request[: self._chance.randrange(len(request))]

    def _lie(self, request: bytes) -> bytes:
        """Return it with another length or coding."""
        chance = self._chance
        line = f"Content-Length: {chance.choice(LENGTHS) if chance.random() < 0.7 else chance.randrange(20_000)}"
        if chance.random() < 0.4:
            line = f"Transfer-Encoding: {chance.choice(CODINGS)}"
        head, _, rest = request.partition(b"\r\n")
        return head + b"\r\n" + line.encode() + b"\r\n" + rest

    def _exceed(self, request: bytes) -> bytes:
        """Return it with more than is allowed of something, or with a head that changes what a connection is."""
        if self._chance.random() < 0.2:
            size = self._chance.randrange(16_000, 100_000)
            return make_request("POST", "/api/event", f"Content-Length: {size}", body=b"[" * size)
        head, _, rest = request.partition(b"\r\n")
        lines = (
            b"X: " + b"a" * 40_000,
            b"\r\n".join([b"X: a"] * 400),
            b"Connection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: YQ==",
            b"Connection: upgrade, HTTP2-Settings\r\nUpgrade: h2c",
            b"Connection: close",
            b"Connection: " + b"close, keep-alive, " * 40,
        )
        versions = (b"HTTP/1.0", b"HTTP/0.9", b"HTTP/2.0", b"HTTP/1.2", b"RTSP/1.0", b"")
        if self._chance.random() < 0.3:
            head = head.replace(b"HTTP/1.1", self._chance.choice(versions))
        return head + b"\r\n" + self._chance.choice(lines) + b"\r\n" + rest

    def _noise(self, request: bytes) -> bytes:
        starts = (
            b"",
            b"\x16\x03\x01",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
            b"CONNECT a:1 HTTP/1.1\r\n\r\n",
            b"GET * HTTP/1.1\r\n\r\n",
        )
        return self._chance.choice(starts) + self._chance.randbytes(self._chance.randrange(400))
