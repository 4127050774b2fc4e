"""The suppression list: exported while it exists, watched for what is new, asked about one address."""
