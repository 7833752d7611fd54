-- The rollups of schema/rollups.py. Counts add up; `batch` names the writer of each row.

CREATE TABLE IF NOT EXISTS pageviews (
    site ${text},
    day Date,
    hour DateTime('UTC'),
    hostname ${text},
    path ${text},
    channel ${text},
    source ${text},
    referrer ${text},
    utm_medium ${text},
    utm_source ${text},
    utm_campaign ${text},
    utm_term ${text},
    utm_content ${text},
    country ${text},
    device ${text},
    browser ${text},
    os ${text},
    pageviews UInt32,
    visitors UInt32,
    active_visitors UInt32,
    visits UInt32,
    entries UInt32,
    exits UInt32,
    bounces UInt32,
    engaged_ms UInt64,
    scroll_depth_sum UInt64,
    scroll_depth_count UInt32,
    batch UInt64
) ENGINE = ${engine} PARTITION BY toYYYYMM(day) ORDER BY (site, day, hour, path)
SETTINGS ${durable};

CREATE TABLE IF NOT EXISTS visits (
    site ${text},
    day Date,
    hour DateTime('UTC'),
    entry_path ${text},
    exit_path ${text},
    channel ${text},
    source ${text},
    referrer ${text},
    utm_medium ${text},
    utm_source ${text},
    utm_campaign ${text},
    utm_term ${text},
    utm_content ${text},
    country ${text},
    device ${text},
    browser ${text},
    os ${text},
    visits UInt32,
    visitors UInt32,
    bounces UInt32,
    pageviews UInt32,
    events UInt32,
    duration_seconds UInt64,
    engaged_ms UInt64,
    batch UInt64
) ENGINE = ${engine} PARTITION BY toYYYYMM(day) ORDER BY (site, day, hour, entry_path)
SETTINGS ${durable};

CREATE TABLE IF NOT EXISTS events (
    site ${text},
    day Date,
    hour DateTime('UTC'),
    name ${text},
    path ${text},
    channel ${text},
    source ${text},
    referrer ${text},
    utm_medium ${text},
    utm_source ${text},
    utm_campaign ${text},
    utm_term ${text},
    utm_content ${text},
    country ${text},
    device ${text},
    browser ${text},
    os ${text},
    currency ${text},
    events UInt32,
    visitors UInt32,
    visits UInt32,
    revenue Int64,
    batch UInt64
) ENGINE = ${engine} PARTITION BY toYYYYMM(day) ORDER BY (site, day, hour, name)
SETTINGS ${durable};

CREATE TABLE IF NOT EXISTS event_props (
    site ${text},
    day Date,
    hour DateTime('UTC'),
    name ${text},
    key ${text},
    value ${text},
    events UInt32,
    visitors UInt32,
    batch UInt64
) ENGINE = ${engine} PARTITION BY toYYYYMM(day) ORDER BY (site, day, hour, name, key)
SETTINGS ${durable};

CREATE TABLE IF NOT EXISTS audience (
    site ${text},
    day Date,
    hour DateTime('UTC'),
    dimension ${text},
    parent ${text},
    value ${text},
    pageviews UInt32,
    visits UInt32,
    visitors UInt32,
    batch UInt64
) ENGINE = ${engine} PARTITION BY toYYYYMM(day) ORDER BY (site, day, hour, dimension)
SETTINGS ${durable};

CREATE TABLE IF NOT EXISTS rejections (
    site ${text},
    day Date,
    hour DateTime('UTC'),
    reason ${text},
    hits UInt32,
    batch UInt64
) ENGINE = ${engine} PARTITION BY toYYYYMM(day) ORDER BY (site, day, hour)
SETTINGS ${durable};

CREATE TABLE IF NOT EXISTS batches (
    site ${text},
    day Date,
    hour DateTime('UTC'),
    pageview_hits UInt32,
    event_hits UInt32,
    engagement_hits UInt32,
    rejected_hits UInt32,
    batch UInt64
) ENGINE = ${engine} PARTITION BY toYYYYMM(day) ORDER BY (site, day, hour)
SETTINGS ${durable};
