"""The bucket everything is stored in: made if missing, opened to the site's own pages, and tried before use."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from uuid import uuid4

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from mypy_boto3_s3 import S3Client

MISSING = ("404", "NoSuchBucket")


@dataclass(frozen=True, slots=True)
class Store:
    """Where the S3 store is, and the key to it."""

    endpoint: str
    key: str
    secret: str
    bucket: str

    def client(self) -> S3Client:
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            config=Config(signature_version="s3v4", s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}),
        )


def ensure_bucket(store: Store, *, origins: Sequence[str]) -> None:
    """The bucket is there, and pages from those origins may send and read parts."""
    s3 = store.client()
    try:
        s3.head_bucket(Bucket=store.bucket)
    except ClientError as refusal:
        if refusal.response["Error"]["Code"] not in MISSING:
            raise
        s3.create_bucket(Bucket=store.bucket)
    if origins:
        s3.put_bucket_cors(
            Bucket=store.bucket,
            CORSConfiguration={
                "CORSRules": [
                    {
                        "AllowedOrigins": list(origins),
                        "AllowedMethods": ["GET", "HEAD", "PUT"],
                        "AllowedHeaders": ["*"],
                        "ExposeHeaders": ["ETag", "x-amz-checksum-sha256"],
                        "MaxAgeSeconds": 300,
                    }
                ]
            },
        )


def probe(store: Store) -> Callable[[], bool]:
    """A question for waiting on: does what is written come back?"""
    s3 = store.client()
    name, body = f"probe/{uuid4()}", b"guildhall"

    def answers() -> bool:
        try:
            s3.put_object(Bucket=store.bucket, Key=name, Body=body)
            same = s3.get_object(Bucket=store.bucket, Key=name)["Body"].read() == body
            s3.delete_object(Bucket=store.bucket, Key=name)
        except (BotoCoreError, ClientError):
            return False
        return same

    return answers
