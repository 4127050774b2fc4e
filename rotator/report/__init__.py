"""The report: one page for whoever was away.  Pure: journal and snapshots in, data, JSON and HTML out."""
