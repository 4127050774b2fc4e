"""What surrounds the program: notices to people, pings to a dead man's switch, metrics for Prometheus."""
