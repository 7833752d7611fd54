-- Projections are made when parts are merged, not at each insert: a block is in place for half the work. What is not
-- merged for long gets its own from aggregator/projections.py; until then it is read from the table itself. They have no
-- codecs of their own, and are packed as the table says.

-- since: 26.9
ALTER TABLE pageviews MODIFY SETTING materialize_projections_on_insert = 0, materialize_projections_on_merge = 1,
    default_compression_codec = 'ZSTD(1)';

-- since: 26.9
ALTER TABLE visits MODIFY SETTING materialize_projections_on_insert = 0, materialize_projections_on_merge = 1,
    default_compression_codec = 'ZSTD(1)';

-- since: 26.9
ALTER TABLE events MODIFY SETTING materialize_projections_on_insert = 0, materialize_projections_on_merge = 1,
    default_compression_codec = 'ZSTD(1)';

-- since: 26.9
ALTER TABLE audience MODIFY SETTING materialize_projections_on_insert = 0, materialize_projections_on_merge = 1,
    default_compression_codec = 'ZSTD(1)';
