"""The only state: an append-only, chained, sealed journal in one SQLite file, one event list per IAM user."""
