"""Spool → visits → counts → archive → ClickHouse."""
