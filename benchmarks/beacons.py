"""The beacons that the load generator sends, each made from its number: the same number, the same request."""

from __future__ import annotations

from dataclasses import dataclass

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Europe/London", "America/Sao_Paulo", "Australia/Sydney")
REFERRERS = ("null", '"https://www.google.com/"', '"https://news.example/list"', '"https://forum-%d.example/thread/%d"')
_WINDOWS = "Mozilla/5.0 (Windows NT 10.0; Win64; x64)"
_WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
# (pattern, the letters of the models it is for): the first number is a version, the last two a build or a model.
USER_AGENTS = (
    _WINDOWS + " " + _WEBKIT + " Chrome/{v}.0.{m}.{b} Safari/537.36",
    _WINDOWS + " " + _WEBKIT + " Chrome/{v}.0.{m}.{b} Safari/537.36 Edg/{v}.0.{m}.{b}",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) " + _WEBKIT + " Chrome/{v}.0.{m}.{b} Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:{v}.{b}) Gecko/20100101 Firefox/{v}.{b}.{m}",
    "Mozilla/5.0 (Linux; Android 14; SM-A{m}B) " + _WEBKIT + " Chrome/{v}.0.0.{b} Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 13; Pixel {b} Build/TQ{v}.{m}) " + _WEBKIT + " Chrome/{v}.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_{b} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.{b} Mobile/{v}E{m} Safari/604.1",
    "Mozilla/5.0 (iPad; CPU OS 16_{b} like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/16.{b} Mobile/{v}E{m} Safari/604.1",
)


@dataclass(frozen=True)
class Population:
    """How many different people, browsers and pages there are. Each address keeps to one user agent.

    Nine of ten beacons are from a common user agent, every tenth from one that is rare, all of which come in turn.
    """

    addresses: int
    user_agents: int
    common_user_agents: int
    pages: int

    def request(self, number: int, path: str) -> bytes:
        """Return the request with beacon `number` to `path`, as a trusted proxy would pass it on."""
        person = self.person(number)
        page = f"guide-{number % 40}/page-{number % self.pages}"
        body = (
            f'{{"n":"pageview","d":"example.com","u":"https://example.com/{page}","r":{_referrer(number)}'
            f',"z":"{ZONES[person % len(ZONES)]}","w":{(320, 576, 992, 1440)[person % 4]}'
            f',"h":0,"k":"{number * 0x9E3779B97F4A7C15 % 2**64:016x}"}}'
        )
        return (
            f"POST {path} HTTP/1.1\r\nHost: collector.example\r\nContent-Type: text/plain\r\n"
            f"Content-Length: {len(body)}\r\nX-Forwarded-For: {address(person)}\r\n"
            f"User-Agent: {self.user_agent(person)}\r\nAccept-Language: de-DE,de;q=0.9\r\n\r\n{body}"
        ).encode()

    def person(self, number: int) -> int:
        """Return whose beacon `number` is, 0 to `addresses` - 1; a multiple of ten has a rare user agent."""
        tens, rest = divmod(number, 10)
        if rest == 0:
            return tens * 10 % self.addresses
        common = (tens * 9 + rest) * 7919 % (self.addresses * 9 // 10)  # a prime: neighbours are far apart
        return common + common // 9 + 1

    def user_agent(self, person: int) -> str:
        """Return what the browser of `person` calls itself."""
        if person % 10:
            return user_agent(person % self.common_user_agents)
        return user_agent(self.common_user_agents + person // 10 % (self.user_agents - self.common_user_agents))


FEW = Population(addresses=48_000, user_agents=50, common_user_agents=25, pages=1_000)
MANY = Population(addresses=500_000, user_agents=20_000, common_user_agents=500, pages=4_000)


def user_agent(number: int) -> str:
    """Return one of many user agents, all different, as browsers have them."""
    rest, kind = divmod(number, len(USER_AGENTS))
    rest, version = divmod(rest, 40)
    return USER_AGENTS[kind].format(v=100 + version, b=rest % 8, m=5000 + rest // 8)


def address(person: int) -> str:
    """Return an IPv4 address, for every tenth person an IPv6 address, each in a /64 of its own."""
    if person % 10 == 0:
        return f"2a02:{person >> 16:x}:{person & 0xFFFF:x}:1::{person % 7 + 1}"
    return f"{80 + (person >> 16)}.{person >> 8 & 255}.{person & 255}.{person % 250 + 1}"


def _referrer(number: int) -> str:
    referrer = REFERRERS[number % len(REFERRERS)]
    return referrer % (number % 300, number % 1000) if "%" in referrer else referrer
