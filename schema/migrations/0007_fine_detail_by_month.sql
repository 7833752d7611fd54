-- Per-month counts of fine detail: a busy site's year has millions of rows of cities, and about thirty times fewer by month.

-- since: 22.3
ALTER TABLE audience ADD PROJECTION IF NOT EXISTS by_month_value (
    SELECT site, toStartOfMonth(day), dimension, parent, value, sum(pageviews), sum(visits), sum(visitors) GROUP BY site, toStartOfMonth(day), dimension, parent, value
);
