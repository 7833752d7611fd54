"""The recipes of docs/embed.md for serving the snippet from the site's own domain, run as they are printed there."""

from __future__ import annotations

import os
import re
import subprocess
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from support.browser import RecordingCollector
from support.processes import free_port, wait_until

PAGE = Path(__file__).parents[2] / "docs" / "embed.md"
READER, FORGED = "127.0.0.1", "203.0.113.9"
# What Cloudflare does around a worker: it names the reader, and knows how long a body is that is passed on.
AROUND_THE_WORKER = """
import { createServer } from "node:http";
import worker from "./worker.mjs";
const plain = fetch;
const whole = async (body) => body && new Response(body).arrayBuffer();
globalThis.fetch = async (address, options) => plain(address, { ...options, body: await whole(options.body) });
createServer(async (incoming, outgoing) => {
  const pieces = [];
  for await (const piece of incoming) pieces.push(piece);
  const { connection, "content-length": length, ...headers } = incoming.headers;
  const request = new Request(`http://${incoming.headers.host}${incoming.url}`, {
    method: incoming.method,
    headers: { ...headers, "cf-connecting-ip": incoming.socket.remoteAddress },
    body: pieces.length ? Buffer.concat(pieces) : undefined,
  });
  const answer = await worker.fetch(request);
  outgoing.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "text/plain" });
  outgoing.end(Buffer.from(await answer.arrayBuffer()));
}).listen(Number(process.argv[2]), "127.0.0.1");
"""


def recipe(name: str, collector: str, stands_for: str = "127.0.0.1:8001") -> str:
    """Return the lines that the page prints after `name`, with `collector` in place of the address there."""
    found = re.search(rf"^{name}.*:\n\n((?:    .*\n|\n)+)", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert found, name
    text = textwrap.dedent(found[1])
    assert stands_for in text
    return text.replace(stands_for, collector)


def nginx(directory: Path, port: int, collector: str) -> list[str]:
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    temporary = "".join(f"{kind}_temp_path {directory}/{kind};" for kind in kinds)
    server = f"server {{ listen 127.0.0.1:{port}; access_log off; {recipe('nginx', collector)} }}"
    start = f"daemon off; pid {directory}/pid; error_log {directory}/error.log; events {{}}"
    (directory / "nginx.conf").write_text(f"{start}\nhttp {{ {temporary} {server} }}")
    return ["/usr/sbin/nginx", "-p", str(directory), "-c", str(directory / "nginx.conf")]


def caddy(directory: Path, port: int, collector: str) -> list[str]:
    site = f"http://127.0.0.1:{port} {{\n{recipe('Caddy', collector)}}}\n"
    (directory / "Caddyfile").write_text(f"{{\n\tadmin off\n}}\n{site}")
    return ["/usr/bin/caddy", "run", "--config", str(directory / "Caddyfile"), "--adapter", "caddyfile"]


def cloudflare_worker(directory: Path, port: int, collector: str) -> list[str]:
    text = recipe("Cloudflare worker", f"http://{collector}", "https://stats.example.com")
    (directory / "worker.mjs").write_text(text)
    (directory / "around.mjs").write_text(AROUND_THE_WORKER)
    return ["node", str(directory / "around.mjs"), str(port)]


@pytest.fixture
def collector() -> Iterator[RecordingCollector]:
    with RecordingCollector() as collector:
        yield collector


@pytest.fixture(params=[nginx, caddy, cloudflare_worker], ids=lambda recipe: recipe.__name__)
def own_domain(request: pytest.FixtureRequest, collector: RecordingCollector, tmp_path: Path) -> Iterator[httpx.Client]:
    """The site's web server, by one of the recipes in front of `collector`."""
    port = free_port()
    make: Callable[[Path, int, str], list[str]] = request.param
    command = make(tmp_path, port, collector.url().removeprefix("http://"))
    environment = {**os.environ, **dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(tmp_path))}
    with (tmp_path / "output.log").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env=environment)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            wait_until(lambda: _answers(client), what=f"{command[0]} answers")
            yield client
    finally:
        process.terminate()
        process.wait(30)


def _answers(client: httpx.Client) -> bool:
    try:
        return client.get("/stats/script.js").status_code == 200
    except httpx.TransportError:
        return False


def test_script_and_beacons_come_from_the_sites_own_domain(
    own_domain: httpx.Client, collector: RecordingCollector
) -> None:
    script = own_domain.get("/stats/script.js")
    assert "javascript" in script.headers["content-type"]
    assert "globalPrivacyControl" in script.text
    headers = {"Cookie": "session=secret", "X-Forwarded-For": FORGED, "Content-Type": "text/plain"}
    answer = own_domain.post("/stats/event", content=b'{"n":"pageview","u":"https://example.com/"}', headers=headers)
    assert (answer.status_code, answer.text) == (202, "ok")
    (beacon,) = collector.beacons
    assert (beacon.path, beacon.fields["n"]) == ("/api/event", "pageview")
    assert beacon.headers["x-forwarded-for"] == READER, "what the reader's browser says of itself is no address"
    assert "cookie" not in beacon.headers


def test_nothing_else_of_the_collector_is_there(own_domain: httpx.Client, collector: RecordingCollector) -> None:
    for path in ("/stats/", "/stats/health/ready", "/health/ready", "/api/event", "/js/script.js"):
        own_domain.get(path)
    assert not set(collector.requests) - {"/js/script.js"}
    assert collector.beacons == []
