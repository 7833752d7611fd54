"""One file per question, and the report that `make bench` writes."""
