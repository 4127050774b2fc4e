"""Configuration to live parts: the one place where adapters are built and handed to what works with them."""
