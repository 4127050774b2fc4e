"""What a timer runs, and how cron and systemd are told: text only, nothing is installed."""
