"""A session: that someone signed in with a name and a password, signed into a cookie. It ends by itself. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from blake3 import blake3
from itsdangerous import BadSignature

from dashboard.access import new_id, signer
from schema.batch import DAY_MS
from schema.errors import RejectError

IDLE_MS = 7 * DAY_MS  # without a request
LONGEST_MS = 30 * DAY_MS  # with requests
RENEW_MS = 3_600_000  # how old the cookie is when it is replaced by a new one
GRACE_MS = 60_000  # for how long the old one is still good, for requests under way

_SALT = "footfall dashboard session"


@dataclass(frozen=True)
class Session:
    """Times are milliseconds since the epoch. `id` stays until the end, `serial` changes with every new cookie."""

    user: str
    fingerprint: str  # of the password's hash: another password ends the session
    started_at: int
    renewed_at: int
    id: str
    serial: str

    @property
    def expires_at(self) -> int:
        """When this cookie ends."""
        return min(self.renewed_at + IDLE_MS, self.ends_at)

    @property
    def ends_at(self) -> int:
        """When the session ends, whatever is done."""
        return self.started_at + LONGEST_MS

    def is_due(self, now_ms: int) -> bool:
        """Whether its cookie is to be replaced."""
        return now_ms >= self.renewed_at + RENEW_MS

    def renew(self, now_ms: int) -> Session:
        """Return what the next cookie holds."""
        return replace(self, renewed_at=now_ms, serial=new_id())


def start_session(user: str, fingerprint: str, now_ms: int) -> Session:
    """Return a new session."""
    return Session(user, fingerprint, now_ms, now_ms, new_id(), new_id())


def write_session(secret: str, session: Session) -> str:
    """Return the cookie of `session`."""
    parts = [session.user, session.fingerprint, session.started_at, session.renewed_at, session.id, session.serial]
    return signer(secret, _SALT).dumps(parts)


def read_session(secret: str, cookie: str, now_ms: int) -> Session:
    """Return the session of a cookie.

    Raises:
        RejectError: it is none of ours, or has ended.
    """
    try:
        session = Session(*signer(secret, _SALT).loads(cookie))
    except (BadSignature, ValueError, TypeError):
        raise RejectError("session", "is not one of ours") from None
    if now_ms >= session.expires_at:
        raise RejectError("session", "has ended")
    return session


def fingerprint_of(secret: str, password_hash: str) -> str:
    """Return what tells one password hash from another, and nothing else about it."""
    key = blake3(secret.encode(), derive_key_context="footfall 2026 fingerprint of a password hash").digest()
    return blake3(password_hash.encode(), key=key).hexdigest(8)
