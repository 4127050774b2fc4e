"""A whole world on loopback: AWS, SES over SMTP, Gmail, one clock.  Never the real thing."""
