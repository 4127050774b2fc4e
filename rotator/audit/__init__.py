"""The audit: does every place still send, and does everything that is there belong there."""
