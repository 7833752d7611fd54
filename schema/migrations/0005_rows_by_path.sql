-- Rows once more, in the order of their paths and without their hours: what a list of pages with a filter reads, and any list
-- with a filter on a page. One mark for four times as many rows makes the engine take them for long periods, and rightly so:
-- a row whose path is that of the row before costs about a quarter. Those by exit page come first and have the fewest marks:
-- what they know is not looked for in the wider ones by entry page. Parts that are there already get them by and by.

-- since: 26.3
ALTER TABLE pageviews ADD PROJECTION IF NOT EXISTS rows_by_path (
    SELECT site, day, path, hostname, channel, source, referrer, utm_medium, utm_source, utm_campaign, utm_term, utm_content, country, device, browser, os, pageviews, visitors, visits ORDER BY site, path, day
) WITH SETTINGS (index_granularity = 32768);

-- since: 26.3
ALTER TABLE visits ADD PROJECTION IF NOT EXISTS rows_by_exit_path (
    SELECT site, day, exit_path, channel, source, referrer, utm_medium, utm_source, utm_campaign, utm_term, utm_content, country, device, browser, os, visits, visitors ORDER BY site, exit_path, day
) WITH SETTINGS (index_granularity = 65536);

-- since: 26.3
ALTER TABLE visits ADD PROJECTION IF NOT EXISTS rows_by_entry_path (
    SELECT site, day, entry_path, exit_path, channel, source, referrer, utm_medium, utm_source, utm_campaign, utm_term, utm_content, country, device, browser, os, visits, visitors ORDER BY site, entry_path, day
) WITH SETTINGS (index_granularity = 32768);
