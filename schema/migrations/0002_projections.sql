-- Per-day counts of one dimension each, inside the same parts: what panels without filters read.

-- since: 22.3
ALTER TABLE pageviews ADD PROJECTION IF NOT EXISTS by_hostname (
    SELECT site, day, hostname, sum(pageviews), sum(visitors), sum(active_visitors), sum(visits), sum(entries), sum(exits), sum(bounces), sum(engaged_ms), sum(scroll_depth_sum), sum(scroll_depth_count) GROUP BY site, day, hostname
);

-- since: 22.3
ALTER TABLE pageviews ADD PROJECTION IF NOT EXISTS by_path (
    SELECT site, day, path, sum(pageviews), sum(visitors), sum(active_visitors), sum(visits), sum(entries), sum(exits), sum(bounces), sum(engaged_ms), sum(scroll_depth_sum), sum(scroll_depth_count) GROUP BY site, day, path
);

-- since: 22.3
ALTER TABLE visits ADD PROJECTION IF NOT EXISTS by_entry_path (
    SELECT site, day, entry_path, sum(visits), sum(visitors), sum(bounces), sum(pageviews), sum(events), sum(duration_seconds), sum(engaged_ms) GROUP BY site, day, entry_path
);

-- since: 22.3
ALTER TABLE visits ADD PROJECTION IF NOT EXISTS by_exit_path (
    SELECT site, day, exit_path, sum(visits), sum(visitors), sum(bounces), sum(pageviews), sum(events), sum(duration_seconds), sum(engaged_ms) GROUP BY site, day, exit_path
);

-- since: 22.3
ALTER TABLE visits ADD PROJECTION IF NOT EXISTS by_channel (
    SELECT site, day, channel, sum(visits), sum(visitors), sum(bounces), sum(pageviews), sum(events), sum(duration_seconds), sum(engaged_ms) GROUP BY site, day, channel
);

-- since: 22.3
ALTER TABLE visits ADD PROJECTION IF NOT EXISTS by_source (
    SELECT site, day, source, sum(visits), sum(visitors), sum(bounces), sum(pageviews), sum(events), sum(duration_seconds), sum(engaged_ms) GROUP BY site, day, source
);

-- since: 22.3
ALTER TABLE visits ADD PROJECTION IF NOT EXISTS by_referrer (
    SELECT site, day, referrer, sum(visits), sum(visitors), sum(bounces), sum(pageviews), sum(events), sum(duration_seconds), sum(engaged_ms) GROUP BY site, day, referrer
);

-- since: 22.3
ALTER TABLE visits ADD PROJECTION IF NOT EXISTS by_country (
    SELECT site, day, country, sum(visits), sum(visitors), sum(bounces), sum(pageviews), sum(events), sum(duration_seconds), sum(engaged_ms) GROUP BY site, day, country
);

-- since: 22.3
ALTER TABLE visits ADD PROJECTION IF NOT EXISTS by_device (
    SELECT site, day, device, sum(visits), sum(visitors), sum(bounces), sum(pageviews), sum(events), sum(duration_seconds), sum(engaged_ms) GROUP BY site, day, device
);

-- since: 22.3
ALTER TABLE visits ADD PROJECTION IF NOT EXISTS by_browser (
    SELECT site, day, browser, sum(visits), sum(visitors), sum(bounces), sum(pageviews), sum(events), sum(duration_seconds), sum(engaged_ms) GROUP BY site, day, browser
);

-- since: 22.3
ALTER TABLE visits ADD PROJECTION IF NOT EXISTS by_os (
    SELECT site, day, os, sum(visits), sum(visitors), sum(bounces), sum(pageviews), sum(events), sum(duration_seconds), sum(engaged_ms) GROUP BY site, day, os
);
