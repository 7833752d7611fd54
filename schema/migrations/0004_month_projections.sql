-- Per-month counts of what has many values, and per-day counts of campaigns, events and audience: what a year's panels read.
-- Parts that are there already are read as before, until they have theirs: aggregator/projections.py sees to it.

-- since: 22.3
ALTER TABLE pageviews ADD PROJECTION IF NOT EXISTS by_month_path (
    SELECT site, toStartOfMonth(day), path, sum(pageviews), sum(visitors), sum(active_visitors), sum(visits), sum(entries), sum(exits), sum(bounces), sum(engaged_ms), sum(scroll_depth_sum), sum(scroll_depth_count) GROUP BY site, toStartOfMonth(day), path
);

-- since: 22.3
ALTER TABLE visits ADD PROJECTION IF NOT EXISTS by_month_entry_path (
    SELECT site, toStartOfMonth(day), entry_path, sum(visits), sum(visitors), sum(bounces), sum(pageviews), sum(events), sum(duration_seconds), sum(engaged_ms) GROUP BY site, toStartOfMonth(day), entry_path
);

-- since: 22.3
ALTER TABLE visits ADD PROJECTION IF NOT EXISTS by_month_exit_path (
    SELECT site, toStartOfMonth(day), exit_path, sum(visits), sum(visitors), sum(bounces), sum(pageviews), sum(events), sum(duration_seconds), sum(engaged_ms) GROUP BY site, toStartOfMonth(day), exit_path
);

-- since: 22.3
ALTER TABLE visits ADD PROJECTION IF NOT EXISTS by_utm_campaign (
    SELECT site, day, utm_campaign, sum(visits), sum(visitors), sum(bounces), sum(pageviews), sum(events), sum(duration_seconds), sum(engaged_ms) GROUP BY site, day, utm_campaign
);

-- since: 22.3
ALTER TABLE events ADD PROJECTION IF NOT EXISTS by_name (
    SELECT site, day, name, sum(events), sum(visitors), sum(visits), sum(revenue) GROUP BY site, day, name
);

-- since: 22.3
ALTER TABLE visits ADD PROJECTION IF NOT EXISTS by_utm_medium (
    SELECT site, day, utm_medium, sum(visits), sum(visitors), sum(bounces), sum(pageviews), sum(events), sum(duration_seconds), sum(engaged_ms) GROUP BY site, day, utm_medium
);

-- since: 22.3
ALTER TABLE visits ADD PROJECTION IF NOT EXISTS by_utm_source (
    SELECT site, day, utm_source, sum(visits), sum(visitors), sum(bounces), sum(pageviews), sum(events), sum(duration_seconds), sum(engaged_ms) GROUP BY site, day, utm_source
);

-- since: 22.3
ALTER TABLE visits ADD PROJECTION IF NOT EXISTS by_utm_term (
    SELECT site, day, utm_term, sum(visits), sum(visitors), sum(bounces), sum(pageviews), sum(events), sum(duration_seconds), sum(engaged_ms) GROUP BY site, day, utm_term
);

-- since: 22.3
ALTER TABLE visits ADD PROJECTION IF NOT EXISTS by_utm_content (
    SELECT site, day, utm_content, sum(visits), sum(visitors), sum(bounces), sum(pageviews), sum(events), sum(duration_seconds), sum(engaged_ms) GROUP BY site, day, utm_content
);

-- since: 22.3
ALTER TABLE events ADD PROJECTION IF NOT EXISTS by_currency (
    SELECT site, day, currency, sum(events), sum(visitors), sum(visits), sum(revenue) GROUP BY site, day, currency
);

-- since: 22.3
ALTER TABLE audience ADD PROJECTION IF NOT EXISTS by_value (
    SELECT site, day, dimension, parent, value, sum(pageviews), sum(visits), sum(visitors) GROUP BY site, day, dimension, parent, value
);
