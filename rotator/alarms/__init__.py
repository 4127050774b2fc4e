"""The alarms that stand for this program in CloudWatch: what they are, what is published for them, how they are."""
