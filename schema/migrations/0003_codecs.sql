-- How columns are packed: texts and small counts by ZSTD alone, instants and batch numbers by their differences first,
-- large counts without their empty bits. Parts that are there already are packed so when they are next merged.

-- since: 22.3
ALTER TABLE pageviews
    MODIFY COLUMN site ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN day Date CODEC(Delta, ZSTD(1)),
    MODIFY COLUMN hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    MODIFY COLUMN hostname ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN path ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN channel ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN source ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN referrer ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN utm_medium ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN utm_source ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN utm_campaign ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN utm_term ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN utm_content ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN country ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN device ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN browser ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN os ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN pageviews UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN visitors UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN active_visitors UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN visits UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN entries UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN exits UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN bounces UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN engaged_ms UInt64 CODEC(T64, ZSTD(1)),
    MODIFY COLUMN scroll_depth_sum UInt64 CODEC(T64, ZSTD(1)),
    MODIFY COLUMN scroll_depth_count UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN batch UInt64 CODEC(Delta, ZSTD(1));

-- since: 22.3
ALTER TABLE visits
    MODIFY COLUMN site ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN day Date CODEC(Delta, ZSTD(1)),
    MODIFY COLUMN hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    MODIFY COLUMN entry_path ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN exit_path ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN channel ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN source ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN referrer ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN utm_medium ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN utm_source ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN utm_campaign ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN utm_term ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN utm_content ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN country ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN device ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN browser ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN os ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN visits UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN visitors UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN bounces UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN pageviews UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN events UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN duration_seconds UInt64 CODEC(T64, ZSTD(1)),
    MODIFY COLUMN engaged_ms UInt64 CODEC(T64, ZSTD(1)),
    MODIFY COLUMN batch UInt64 CODEC(Delta, ZSTD(1));

-- since: 22.3
ALTER TABLE events
    MODIFY COLUMN site ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN day Date CODEC(Delta, ZSTD(1)),
    MODIFY COLUMN hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    MODIFY COLUMN name ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN path ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN channel ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN source ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN referrer ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN utm_medium ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN utm_source ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN utm_campaign ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN utm_term ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN utm_content ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN country ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN device ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN browser ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN os ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN currency ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN events UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN visitors UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN visits UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN revenue Int64 CODEC(T64, ZSTD(1)),
    MODIFY COLUMN batch UInt64 CODEC(Delta, ZSTD(1));

-- since: 22.3
ALTER TABLE event_props
    MODIFY COLUMN site ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN day Date CODEC(Delta, ZSTD(1)),
    MODIFY COLUMN hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    MODIFY COLUMN name ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN key ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN value ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN events UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN visitors UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN batch UInt64 CODEC(Delta, ZSTD(1));

-- since: 22.3
ALTER TABLE audience
    MODIFY COLUMN site ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN day Date CODEC(Delta, ZSTD(1)),
    MODIFY COLUMN hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    MODIFY COLUMN dimension ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN parent ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN value ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN pageviews UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN visits UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN visitors UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN batch UInt64 CODEC(Delta, ZSTD(1));

-- since: 22.3
ALTER TABLE rejections
    MODIFY COLUMN site ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN day Date CODEC(Delta, ZSTD(1)),
    MODIFY COLUMN hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    MODIFY COLUMN reason ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN hits UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN batch UInt64 CODEC(Delta, ZSTD(1));

-- since: 22.3
ALTER TABLE batches
    MODIFY COLUMN site ${text} CODEC(ZSTD(1)),
    MODIFY COLUMN day Date CODEC(Delta, ZSTD(1)),
    MODIFY COLUMN hour DateTime('UTC') CODEC(Delta, ZSTD(1)),
    MODIFY COLUMN pageview_hits UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN event_hits UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN engagement_hits UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN rejected_hits UInt32 CODEC(ZSTD(1)),
    MODIFY COLUMN batch UInt64 CODEC(Delta, ZSTD(1));
