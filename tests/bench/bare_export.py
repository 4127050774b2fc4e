"""What an export would be without us: a boto3 loop that writes the addresses as they come, duplicates and all."""

from __future__ import annotations

import csv
import sys
from pathlib import Path
from typing import Any

import boto3


def main() -> None:
    """Every page into the file that is named on standard input."""
    client = boto3.client("sesv2")
    token: dict[str, Any] = {}
    with Path(sys.stdin.read()).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        while True:
            page = client.list_suppressed_destinations(PageSize=1000, **token)
            writer.writerows((row["EmailAddress"], row["Reason"]) for row in page["SuppressedDestinationSummaries"])
            if "NextToken" not in page:
                return
            token = {"NextToken": page["NextToken"]}


if __name__ == "__main__":
    main()
