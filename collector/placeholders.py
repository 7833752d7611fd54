"""Free text from strangers: what may name a person gives way to a placeholder, `:email`, `:ip`, `:token` or `:id`.

A name that stays hurts someone, a word too many that goes hurts nobody: in doubt it goes.
"""

from __future__ import annotations

import re
from urllib.parse import unquote

MAX_TEXT = 512  # characters
_MAX_ENCODINGS = 4  # browsers encode once, careless pages twice

_AT = "@＠﹫"
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")
_QUERY = re.compile(r"[?#]\S*")
_PARAMETERS = re.compile(r"[?&][^\s/?&=]*=[^\s/]*")  # where there is no address around them
_PATH_PARAMETERS = re.compile(r"&[^/&=]*=[^/]*")
_IPV4 = re.compile(r"(?<![\w.])(?:::ffff:)?(?:\d{1,3}\.){3}\d{1,3}(?!\w|\.\d)")
_GROUPS = "[0-9a-f]{1,4}(?::[0-9a-f]{1,4})"
_IPV6 = re.compile(rf"(?<![\w:])(?:{_GROUPS}{{7}}|(?:{_GROUPS}*)?::(?:{_GROUPS}*)?)(?![\w:])", re.IGNORECASE)
# Both are anchored at the start of a word: a long one that is neither is looked at once, not from each of its letters.
_EMAIL = re.compile(rf"(?<![^\s/{_AT}])[^\s/{_AT}]++(?:[{_AT}]++[^\s/{_AT}]++)+")
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{4,}+\.[\w.=-]++")
_UUID = re.compile(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", re.IGNORECASE)
_RUN = re.compile(r"[A-Za-z0-9_~+=-]{16,}+")
_DIGITS = re.compile(r"\d{6,}+")  # in a path
# In other text, where ten digits are a date with its hour: a telephone, account or card number, in groups or not.
_NUMBER = re.compile(r"\d{9,}+|\d(?:[ -]?\d){10,}+")
_MAC = re.compile(r"(?<![\w:-])[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}(?![\w:-])", re.IGNORECASE)
_SLUG = re.compile(r"(?:[a-z]{1,15}+|\d{1,5}+)(?:[-_](?:[a-z]{1,15}+|\d{1,5}+))*+")  # the usual case, decided fast
_PIECES = re.compile(r"[A-Za-z0-9]+")
_HEX = re.compile(r"[0-9a-fA-F]{16,}+")
_UNSPEAKABLE = re.compile(r"[b-df-hj-np-tv-xz]{6}", re.IGNORECASE)  # six consonants
_PARTS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|\d+")
_TOKEN_CHARACTERS = 16  # a strange piece of this length is a token by itself
_LETTERS_PER_WORD = 4
_MAX_STRANGE_SHARE = 0.4


def scrub_text(text: str) -> str:
    """Return `text`, a name or value of any kind, with placeholders; an address of a page is treated as one."""
    if text.startswith("/") or "://" in text:
        return scrub_path(_QUERY.sub("", text))
    text = _INVISIBLE.sub("", text)
    if "%" in text:
        decoded = _decode(text)
        if (scrubbed := _scrub_plain(decoded)) != decoded:
            return scrubbed
    return _scrub_plain(text)


def scrub_path(path: str) -> str:
    """Return `path` percent-decoded, with placeholders also for digit runs, in at most MAX_TEXT characters."""
    if "%" in path:
        path = _decode(path).partition("?")[0]
    path = _replace(_INVISIBLE.sub("", path))
    if "&" in path:
        path = _PATH_PARAMETERS.sub("", path)
    return _DIGITS.sub(":id", path)[:MAX_TEXT]


def _scrub_plain(text: str) -> str:
    if "=" in text:
        text = _PARAMETERS.sub("", text)
    return _NUMBER.sub(":id", _replace(_MAC.sub(":id", text)))


def _decode(text: str) -> str:
    """Undo percent-encoding until there is none; what is still encoded after that is not meant to be read."""
    for _ in range(_MAX_ENCODINGS):
        decoded = unquote(text)
        if decoded == text:
            return _INVISIBLE.sub("", text)
        text = decoded
    return _INVISIBLE.sub("", text.replace("%", ""))


def _replace(text: str) -> str:
    if not text.isascii() or "@" in text:
        text = _EMAIL.sub(":email", text)
    if "." in text:
        text = _IPV4.sub(":ip", text)
    if ":" in text:
        text = _IPV6.sub(":ip", text)
    if len(text) < _TOKEN_CHARACTERS:
        return text
    text = _JWT.sub(":token", text)
    text = _UUID.sub(":id", text)
    return _RUN.sub(_replace_token, text)


def _replace_token(match: re.Match[str]) -> str:
    return ":token" if _is_token(match[0]) else match[0]


def _is_token(run: str) -> bool:
    """Whether `run` is made by a machine: one long piece of it is, or a good part of it is in such pieces."""
    if _SLUG.fullmatch(run):
        return False
    strange = [len(piece) for piece in _PIECES.findall(run) if not _is_words(piece)]
    return max(strange, default=0) >= _TOKEN_CHARACTERS or _MAX_STRANGE_SHARE * len(run) < sum(strange)


def _is_words(piece: str) -> bool:
    """Whether `piece` is words with, at most, a number before or after them: `JavaScript5` but not `jA9vaS3`."""
    if _UNSPEAKABLE.search(piece) or any(not number.isalpha() for number in _HEX.findall(piece)):
        return False
    parts = _PARTS.findall(piece)
    words = [part for part in parts if part.isalpha()]
    is_number_inside = any(part.isdigit() for part in parts[1:-1])
    return not is_number_inside and (len(words) < 2 or sum(map(len, words)) >= _LETTERS_PER_WORD * len(words))
