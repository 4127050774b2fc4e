"""What the journal remembers: events, the facts that they add up to, and what can be told of the past."""
