"""Rotate the IAM key behind an Amazon SES SMTP password without anyone losing a mail."""

__version__ = "0.1.0"
