"""What mail servers and bounces say, and what it means.  Pure: text in, values out."""
