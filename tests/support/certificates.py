"""A certificate authority of one test, and a certificate for 127.0.0.1 that it has signed."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificates:
    """Paths of PEM files; `chain` is the certificate, signed by `authority`."""

    authority: Path
    chain: Path
    key: Path


def make_certificates(directory: Path, name: str = "IP:127.0.0.1") -> Certificates:
    """Make them in `directory`; `name` is what the certificate is for: IP:… or DNS:…."""
    directory.mkdir(exist_ok=True)
    made = Certificates(directory / "authority.pem", directory / "chain.pem", directory / "key.pem")
    authority_key, request, extension = directory / "authority.key", directory / "request.pem", directory / "san"
    extension.write_text(f"subjectAltName={name}\n")
    curve = ["-newkey", "rsa:2048", "-nodes"]
    _openssl("req", "-x509", *curve, "-keyout", authority_key, "-out", made.authority, "-subj", "/CN=A", "-days", "2")
    _openssl("req", *curve, "-keyout", made.key, "-out", request, "-subj", "/CN=footfall.test")
    _openssl(
        *("x509", "-req", "-in", request, "-CA", made.authority, "-CAkey", authority_key, "-CAcreateserial"),
        *("-extfile", extension, "-out", made.chain, "-days", "2"),
    )
    return made


def _openssl(*arguments: str | Path) -> None:
    subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True)
