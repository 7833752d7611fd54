"""A year of one busy site and of small ones beside it, counted from made-up visits inside of the engine."""

from __future__ import annotations

from datetime import date, timedelta

from aggregator.projections import complete
from schema.batch import day_start_ms
from schema.store import Store

SITE, FIRST, DAYS, OTHER_SITES = "busy.example", date(2025, 1, 1), 365, 99
SHARE_OF_OTHERS = 5  # all other sites together have one pageview for so many of the busy one
VIEWS_PER_VISIT = 2.23  # what _VIEWS comes to
ASSUMPTION = (
    "Every day has as many visits, more of them by day than by night; half of them see one page, the others two to"
    f" eight ({VIEWS_PER_VISIT} on average). Popularity is Zipf's over 20,000 paths, 300 sources (a third of the visits"
    " has none), 120 countries and 60 campaigns (a tenth of the visits); referrers are hosts, and for a third of the"
    " sources one of 40 paths there; 3 devices, 5 systems, 8 browsers. One visit in ten has an event, of 12 names. Rows"
    " are what the rollups have: equal hours, paths and visitors' words in one row. Fine detail is of twelve regions a"
    " country, nine cities a region, twenty versions a browser, eight a system, 30 languages and four screens."
)
_AT_ONCE = 11  # days of one INSERT
_ONE_BLOCK = (
    "max_insert_threads = 1, max_insert_block_size = 4000000, min_insert_block_size_rows = 4000000,"
    " min_insert_block_size_bytes = 0"
)
_ZIPF = "toUInt32(exp(({} % 1000003) / 1000003 * log({})))"  # of a hash and how many there are: 1 … as many

_VIEWS = "multiIf(v < 50, 1, v < 70, 2, v < 82, 3, v < 90, 4, v < 95, 5, 8)"
_HOUR = "(intDiv(toUInt32(24 * (r + sin(6.28318 * r) / 12)), 1) + 6) % 24"
_VISITS = f"""
    SELECT {{site}} AS site, {{start}} + 86400 * (number % {{days}}) + 3600 * ({_HOUR}) AS at,
        (cityHash64(h, 1) % 1000003) / 1000003 AS r,
        cityHash64(h, 2) % 100 AS v, {_VIEWS} AS views, cityHash64(h, 3) AS who, cityHash64(h, 4) AS whence,
        if(whence % 3 = 0, 0, {_ZIPF.format("cityHash64(h, 5)", 300)}) AS s, whence % 10 = 1 AS is_campaign,
        if(is_campaign, {_ZIPF.format("cityHash64(h, 6)", 60)}, 0) AS c,
        if(s = 0, '', concat('Source ', toString(s))) AS source,
        if(s = 0, 'Direct', concat('Channel ', toString(s % 11))) AS channel,
        multiIf(s = 0, '', s % 3 = 0, concat('host', toString(s), '.example/', toString(
            {_ZIPF.format("cityHash64(h, 7)", 40)})), concat('host', toString(s), '.example/')) AS referrer,
        if(c = 0, '', ['cpc', 'email', 'social', 'banner'][1 + c % 4]) AS utm_medium,
        if(c = 0, '', concat('sender ', toString(c % 9))) AS utm_source,
        if(c = 0, '', concat('Campaign ', toString(c))) AS utm_campaign, '' AS utm_term,
        if(c % 5 = 1, concat('variant ', toString(who % 2)), '') AS utm_content,
        {_ZIPF.format("cityHash64(h, 8)", 120)} AS k,
        if(k = 1, 'DE', concat(char(65 + k % 26), char(65 + intDiv(k * 7, 26) % 26))) AS country,
        ['Mobile', 'Mobile', 'Mobile', 'Desktop', 'Desktop', 'Tablet'][1 + who % 6] AS device,
        if(device = 'Desktop', ['Windows', 'Windows', 'Mac', 'Linux'][1 + intDiv(who, 8) % 4],
            ['iOS', 'Android'][1 + intDiv(who, 8) % 2]) AS os,
        if(os = 'iOS', ['Safari', 'Safari', 'Safari', 'Chrome', 'DuckDuckGo'][1 + intDiv(who, 64) % 5],
            ['Chrome', 'Chrome', 'Chrome', 'Edge', 'Firefox', 'Samsung', 'Opera', 'Vivaldi'][1 + intDiv(who, 64) % 8])
            AS browser
    FROM (SELECT cityHash64(number, {{start}}) AS h, number FROM numbers({{visits}}))
"""
_WHOSE = (
    "channel, source, referrer, utm_medium, utm_source, utm_campaign, utm_term, utm_content,"
    " country, device, browser, os"
)
_PATH = f"concat('/page/', toString({_ZIPF.format('cityHash64(who, {})', 20_000)}))"
_AT = "toDate(toDateTime(at, 'UTC')) AS day, toDateTime(at, 'UTC') AS hour"
_COUNTED = {
    "pageviews": (
        "'www' AS hostname, path, {whose}, count() AS pageviews, countIf(who % 9 > 0) AS visitors,"
        " countIf(n = 0) AS active_visitors, count() AS visits, countIf(n = 0) AS entries,"
        " countIf(n + 1 = views) AS exits,"
        " countIf(views = 1) AS bounces, sum(who % 40000) AS engaged_ms, sum(who % 101) AS scroll_depth_sum,"
        " count() AS scroll_depth_count",
        f"SELECT *, arrayJoin(range(views)) AS n, {_PATH.format('n')} AS path FROM ({_VISITS})",
        "path",
    ),
    "visits": (
        "entry_path, exit_path, {whose}, count() AS visits, countIf(who % 5 > 0) AS visitors,"
        " countIf(views = 1) AS bounces, sum(views) AS pageviews, countIf(who % 10 = 0) AS events,"
        " sum(if(views = 1, 0, who % 600)) AS duration_seconds, sum(who % 90000) AS engaged_ms",
        f"SELECT *, {_PATH.format('0')} AS entry_path, {_PATH.format('views - 1')} AS exit_path FROM ({_VISITS})",
        "entry_path, exit_path",
    ),
    "events": (
        "name, path, {whose}, '' AS currency, count() AS events, count() AS visitors, count() AS visits, 0 AS revenue",
        f"SELECT *, concat('event ', toString({_ZIPF.format('cityHash64(who, 9)', 12)})) AS name,"
        f" {_PATH.format('0')} AS path FROM ({_VISITS}) WHERE who % 10 = 0",
        "name, path",
    ),
}
TABLES = (*_COUNTED, "audience")
_FINE = """
    SELECT site, {at}, f.1 AS dimension, f.2 AS parent, f.3 AS value,
        sum(views) AS pageviews, count() AS visits, countIf(who % 5 > 0) AS visitors, 1 AS batch
    FROM (
        SELECT *, concat(country, '-', toString(who % 12)) AS region, arrayJoin([
            ('region', country, region), ('city', region, concat(region, ' ', toString(intDiv(who, 16) % 9))),
            ('browser_version', browser, concat(browser, ' ', toString(120 + who % 20))),
            ('os_version', os, concat(os, ' ', toString(10 + who % 8))),
            ('language', '', toString(who % 30)), ('screen', '', toString(who % 4))]) AS f
        FROM ({visits})
    )
    GROUP BY site, at, dimension, parent, value
"""


def fill(store: Store, pageviews: int) -> None:
    """Write a year of counts, some days at once: `pageviews` of the busy site, and those of the others beside it."""
    for table in TABLES:  # what is measured is reading
        store.execute(f"ALTER TABLE {table} MODIFY SETTING fsync_after_insert = 0, fsync_part_directory = 0")
    for first, days in _spans():
        fill_days(store, first, days, pageviews)


def fill_days(store: Store, first: date, days: int, pageviews: int) -> None:
    """Write the counts of `days` days of one month, of a year that has `pageviews` of the busy site."""
    visits = pageviews / VIEWS_PER_VISIT / DAYS * days
    _fill_site(store, first, days, f"'{SITE}'", int(visits))
    others = f"concat('site', toString(number % {OTHER_SITES}), '.example')"
    _fill_site(store, first, days, others, int(visits / SHARE_OF_OTHERS))


def _spans() -> list[tuple[date, int]]:
    """Cut the year: first days and how many; none of them lies in two months."""
    months = [date(FIRST.year, month, 1) for month in range(1, 13)]
    ends = [*months[1:], date(FIRST.year + 1, 1, 1)]
    return [
        (month + timedelta(days=n), min(_AT_ONCE, (end - month).days - n))
        for month, end in zip(months, ends, strict=True)
        for n in range(0, (end - month).days, _AT_ONCE)
    ]


def settle(store: Store) -> None:
    """Merge what is there, as the engine does by and by: a month that is over is one part, or a few."""
    complete(store)  # parts with projections and parts without are never merged together
    for table in TABLES:
        for (month,) in store.query(
            f"SELECT DISTINCT partition FROM system.parts WHERE active AND database = currentDatabase()"
            f" AND table = '{table}' ORDER BY partition"
        ):
            store.execute(f"OPTIMIZE TABLE {table} PARTITION {month} FINAL")


def _fill_site(store: Store, first: date, days: int, site: str, visits: int) -> None:
    values: dict[str, object] = {"start": day_start_ms(first) // 1000, "days": days, "site": site, "visits": visits}
    for table, (columns, source, own) in _COUNTED.items():
        store.execute(
            f"INSERT INTO {table} SELECT site, {_AT}, {columns.format(whose=_WHOSE)}, 1 AS batch"
            f" FROM ({source.format(**values)}) GROUP BY site, at, {own}, {_WHOSE} SETTINGS {_ONE_BLOCK}"
        )
    fill_audience(store, values)


def fill_audience(store: Store, values: dict[str, object]) -> None:
    """Write the fine detail of the same visits, which is never beside anything else."""
    fine = _FINE.format(at=_AT, visits=_VISITS.format(**values))
    store.execute(f"INSERT INTO audience {fine} SETTINGS {_ONE_BLOCK}")
