"""The users of the settings: whether a password is right, whose session a cookie is, and when it has ended."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from dashboard.access import Grant, new_id
from dashboard.attempts import Attempts
from dashboard.revocations import Revocations
from dashboard.sessions import GRACE_MS, Session, fingerprint_of, read_session, start_session, write_session
from schema.errors import RejectError, SignInError, TooManyAttemptsError
from schema.settings import UserSettings

MAX_PASSWORD = 1024


class Users:
    """All of them. One password is checked at a time: each takes a processor and 64 MB for a moment."""

    def __init__(
        self, users: tuple[UserSettings, ...], secret: str, revocations: Revocations, clock: Callable[[], int]
    ) -> None:
        self._users = {user.name: user for user in users}
        self._secret = secret
        self._revocations = revocations
        self._clock = clock
        self._attempts = Attempts()
        self._turn = asyncio.Lock()
        self._nobody = _hash_for_nobody(users[0].password) if users else ""

    def __bool__(self) -> bool:
        """Whether there are any."""
        return bool(self._users)

    async def sign_in(self, name: str, password: str) -> Session:
        """Return a new session of `name`. An unknown name takes as long as a wrong password.

        Raises:
            TooManyAttemptsError: for this name, or for all together.
            SignInError: unknown name or wrong password: it does not say which.
        """
        if wait := self._attempts.take(name, self._clock()):
            raise TooManyAttemptsError(wait)
        user = self._users.get(name)
        async with self._turn:
            is_right = await asyncio.to_thread(_verify, user.password if user else self._nobody, password)
        if user is None or not is_right:
            raise SignInError
        self._attempts.forgive(name)
        return start_session(name, fingerprint_of(self._secret, user.password), self._clock())

    def session_of(self, cookie: str) -> Session | None:
        """Return the session of a cookie if it goes on."""
        now_ms = self._clock()
        try:
            session = read_session(self._secret, cookie, now_ms)
        except RejectError:
            return None
        user = self._users.get(session.user)
        if user is None or session.fingerprint != fingerprint_of(self._secret, user.password):
            return None
        if any(self._revocations.is_revoked(each, now_ms) for each in (session.id, session.serial)):
            return None
        return session

    def grant_of(self, session: Session) -> Grant:
        """Return what the session's user may read."""
        user = self._users[session.user]
        return Grant(user.owner, session.expires_at, user.viewer, session.id, user.name)

    def renew(self, session: Session) -> Session | None:
        """Return the session with a new cookie if it is due; the old one is good for a moment longer."""
        now_ms = self._clock()
        if not session.is_due(now_ms):
            return None
        with contextlib.suppress(OSError):  # a full disk: the old cookie then lasts until it ends by itself
            self._revocations.revoke(session.serial, now_ms + GRACE_MS, session.expires_at)
        return session.renew(now_ms)

    def sign_out(self, session: Session) -> None:
        """End the session: none of its cookies is good any more.

        Raises:
            OSError: it cannot be written down, so the session goes on.
        """
        self._revocations.revoke(session.id, 0, session.ends_at)
        self._revocations.forget_old(self._clock())

    def cookie_of(self, session: Session) -> str:
        """Return the cookie."""
        return write_session(self._secret, session)


def hash_password(password: str) -> str:
    """Return the argon2id hash for the settings."""
    return PasswordHasher().hash(password)


def _verify(password_hash: str, password: str) -> bool:
    try:
        return PasswordHasher().verify(password_hash, password[:MAX_PASSWORD]) and len(password) <= MAX_PASSWORD
    except (VerificationError, InvalidHashError):
        return False


def _hash_for_nobody(alike: str) -> str:
    """A hash of no password, as costly to check as `alike`."""
    return PasswordHasher.from_parameters(extract_parameters(alike)).hash(new_id())
