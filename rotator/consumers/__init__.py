"""The places that hold the SMTP credential, one module a kind, over `rotator.services`."""
