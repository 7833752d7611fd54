"""The nginx and Caddy examples, in front of a real collector: TLS, the visitor's address arrives, and no log has it."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from support.certificates import Certificates, make_certificates
from support.processes import FIREFOX, Footfall, free_port, running_footfall, wait_until

DEPLOY = Path(__file__).parents[2] / "deploy"
NGINX, CADDY = "/usr/sbin/nginx", "/usr/bin/caddy"
PUBLIC, PRIVATE = "count.example.com", "stats.example.com"
ADDRESSES = ("127.0.0.2", "127.0.0.3")


@dataclass(frozen=True)
class Front:
    """A web server in front of Footfall, and where its logs are."""

    port: int
    certificates: Certificates
    directory: Path

    def client(self, host: str, address: str = ADDRESSES[0]) -> httpx.Client:
        """A client that comes from `address`, and trusts the test's authority."""
        import ssl

        context = ssl.create_default_context(cafile=self.certificates.authority)
        return httpx.Client(
            transport=httpx.HTTPTransport(verify=context, local_address=address),
            base_url=f"https://127.0.0.1:{self.port}",
            headers={"Host": host, "User-Agent": FIREFOX},
            timeout=60,
        )

    def ask(self, method: str, path: str, host: str, address: str = ADDRESSES[0], **more: object) -> httpx.Response:
        with self.client(host, address) as client:
            return client.request(method, path, extensions={"sni_hostname": host}, **more)  # type: ignore[arg-type]

    def logs(self) -> str:
        """All that the web server has written."""
        return "".join(path.read_text(errors="replace") for path in self.directory.glob("*.log"))


@contextmanager
def nginx(directory: Path, collector: str, dashboard: str, certificates: Certificates) -> Iterator[Front]:
    port, plain = free_port(), free_port()
    text = (DEPLOY / "nginx.conf").read_text()
    for old, new in (
        ("    listen [::]:443 ssl http2;\n", ""),
        ("    listen [::]:80;\n", ""),
        ("listen 443", f"listen 127.0.0.1:{port}"),
        ("listen 80", f"listen 127.0.0.1:{plain}"),
        ("/etc/ssl/footfall/chain.pem", str(certificates.chain)),
        ("/etc/ssl/footfall/key.pem", str(certificates.key)),
        ("/var/log/nginx/", f"{directory}/"),
        ("127.0.0.1:8001", collector),
        ("127.0.0.1:8000", dashboard),
    ):
        assert old in text, old
        text = text.replace(old, new)
    (directory / "footfall.conf").write_text(text)
    temporary = "".join(
        f"{kind}_temp_path {directory}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (directory / "nginx.conf").write_text(
        f"daemon off; pid {directory}/pid; error_log {directory}/start.log emerg; worker_processes 1;\n"
        f"events {{}}\nhttp {{ {temporary} include footfall.conf; }}\n"
    )
    command = [NGINX, "-p", str(directory), "-c", str(directory / "nginx.conf")]
    subprocess.run([*command, "-t"], check=True, capture_output=True)
    yield from _front(command, directory, Front(port, certificates, directory), {})


@contextmanager
def caddy(directory: Path, collector: str, dashboard: str, certificates: Certificates) -> Iterator[Front]:
    port = free_port()
    text = (DEPLOY / "Caddyfile").read_text()
    tls = f"\ttls {certificates.chain} {certificates.key}\n"
    for old, new in (
        ("{\n\t# Whatever", "{\n\tadmin off\n\tauto_https disable_redirects\n\t# Whatever"),
        (f"{PUBLIC} {{\n", f"{PUBLIC}:{port} {{\n{tls}"),
        (f"{PRIVATE} {{\n", f"{PRIVATE}:{port} {{\n{tls}"),
        ("127.0.0.1:8001", collector),
        ("127.0.0.1:8000", dashboard),
    ):
        assert old in text, old
        text = text.replace(old, new)
    (directory / "Caddyfile").write_text(text)
    environment = {"XDG_DATA_HOME": str(directory), "XDG_CONFIG_HOME": str(directory), "HOME": str(directory)}
    arguments = ["--config", str(directory / "Caddyfile"), "--adapter", "caddyfile"]
    subprocess.run([CADDY, "validate", *arguments], check=True, capture_output=True, env={**os.environ, **environment})
    yield from _front([CADDY, "run", *arguments], directory, Front(port, certificates, directory), environment)


def _front(command: list[str], directory: Path, front: Front, environment: dict[str, str]) -> Iterator[Front]:
    with (directory / "output.log").open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output, env={**os.environ, **environment})
    try:
        wait_until(lambda: _answers(front), 60, f"{command[0]} answers")
        yield front
    finally:
        process.terminate()
        process.wait(30)


def _answers(front: Front) -> bool:
    try:
        return front.ask("GET", "/nothing", PUBLIC).status_code == 404
    except httpx.TransportError:
        return False


Fronts = Callable[[Path, str, str, Certificates], AbstractContextManager[Front]]


@pytest.fixture(scope="module")
def footfall(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Footfall]:
    settings = {"COLLECTOR__TRUSTED_PROXIES": "127.0.0.1/32"}
    with running_footfall(tmp_path_factory.mktemp("footfall"), **settings) as footfall:
        yield footfall


@pytest.fixture(params=[nginx, caddy], ids=["nginx", "caddy"])
def front(request: pytest.FixtureRequest, footfall: Footfall, tmp_path: Path) -> Iterator[Front]:
    certificates = make_certificates(tmp_path / "certificates", f"IP:127.0.0.1,DNS:{PUBLIC},DNS:{PRIVATE}")
    make: Fronts = request.param
    with make(tmp_path, footfall.collector, footfall.dashboard, certificates) as front:
        yield front


def view(front: Front, address: str, path: str, **headers: str) -> int:
    beacon = {"n": "pageview", "d": "example.com", "u": f"https://example.com{path}"}
    query = "?secret=canary-query"
    return front.ask("POST", f"/api/event{query}", PUBLIC, address, json=beacon, headers=headers).status_code


def test_each_visitor_is_told_apart_by_their_own_address_and_no_log_has_it(front: Front, footfall: Footfall) -> None:
    path = f"/{front.directory.name}"
    assert view(front, ADDRESSES[0], path) == 202
    assert view(front, ADDRESSES[1], path) == 202
    forged = {"X-Forwarded-For": "203.0.113.9", "Forwarded": "for=203.0.113.9", "X-Real-IP": "203.0.113.9"}
    assert view(front, ADDRESSES[0], path, **forged) == 202
    token = footfall.token()
    question = {"metrics": ["visitors", "pageviews"], "filters": [["is", "event:page", [path]]]}
    wait_until(lambda: footfall.query(token, **question)["results"][0]["metrics"] == [2, 3], 60, "two visitors")
    logs = front.logs()
    for trace in (*ADDRESSES, "203.0.113.9", "canary-query", "Firefox"):
        assert trace not in logs


def test_the_script_comes_and_nothing_else_of_the_collector_is_public(front: Front) -> None:
    assert "text/javascript" in front.ask("GET", "/js/script.js", PUBLIC).headers["content-type"].replace(
        "application/javascript", "text/javascript"
    )
    assert front.ask("GET", "/health/ready", PUBLIC).status_code == 404
    assert front.ask("GET", "/metrics", PUBLIC).status_code == 404


def test_a_beacon_that_is_too_large_is_refused(front: Front) -> None:
    statuses = {front.ask("POST", "/api/event", PUBLIC, content=b"x" * 100_000).status_code for _ in range(60)}
    assert statuses == {413}


def test_the_dashboard_is_reached_without_its_own_pages(front: Front) -> None:
    assert front.ask("GET", "/example.com", PRIVATE).status_code == 401
    for path in ("/metrics", "/health/ready", "/api/operator/ledger"):
        assert front.ask("GET", path, PRIVATE).status_code == 404


@pytest.mark.parametrize("make", [nginx, caddy], ids=["nginx", "caddy"])
def test_also_what_goes_wrong_is_logged_without_an_address(make: Fronts, tmp_path: Path) -> None:
    nobody = f"127.0.0.1:{free_port()}"
    certificates = make_certificates(tmp_path / "certificates", f"IP:127.0.0.1,DNS:{PUBLIC},DNS:{PRIVATE}")
    with make(tmp_path, nobody, nobody, certificates) as front:
        assert view(front, ADDRESSES[0], "/") == 502
        assert front.ask("GET", "/example.com", PRIVATE, ADDRESSES[1]).status_code == 502
        logs = front.logs()
    assert not any(trace in logs for trace in (*ADDRESSES, "canary-query", "Firefox"))
