"""Beacon → hit → spool: the public process that receives beacons and makes them anonymous."""
