"""What we touch: the only place that imports boto3, botocore, smtplib, dns, googleapiclient and google."""
