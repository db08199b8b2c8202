"""The object store from the environment: a folder, or a bucket that dagster-aws' S3Resource describes."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from vidpipe.errors import RecipeError
from vidpipe.store.objects import ObjectStore, open_store

_KINDS = ("", "file", "memory", "s3", "gs")
_CLIENT = {"timeout": "1h", "read_timeout": "2m"}
"""How long a request may take, and how long nothing may come: obstore's 30 s in all end a large file on a slow line."""


def store_of(url: str, environ: Mapping[str, str], scratch: Path) -> ObjectStore:
    """The store at `url`. Credentials, endpoint and region of `s3://` come from the AWS variables of `environ`.

    Raises:
        RecipeError: no such kind of store, credentials in its URL, or its folder cannot be made.
    """
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise RecipeError("VIDPIPE_STORE", "is no URL that can be read") from error
    if "@" in parts.netloc:  # never shown: it may be a secret
        raise RecipeError("VIDPIPE_STORE", "holds credentials; give them in the service's own variables, such as AWS_*")
    if parts.scheme not in _KINDS or (parts.scheme in ("s3", "gs") and not parts.netloc):
        raise RecipeError("VIDPIPE_STORE", f"wants a folder, s3://bucket/prefix or gs://bucket/prefix, got {url!r}")
    try:
        return _open(url, environ, scratch)
    except OSError as error:
        raise RecipeError("VIDPIPE_STORE", f"{url}: {os.strerror(error.errno or 0)}") from error


def _open(url: str, environ: Mapping[str, str], scratch: Path) -> ObjectStore:
    if urlsplit(url).scheme != "s3":
        return open_store(url, client=_CLIENT, scratch=scratch)
    s3 = s3_resource(environ)
    endpoint = s3.endpoint_url
    if endpoint is not None and not _is_address(endpoint):  # never shown: it may hold a secret
        raise RecipeError("AWS_ENDPOINT_URL_S3", "is no address of a server, such as https://host:9000")
    options = {
        "region": s3.region_name,
        "endpoint": endpoint,
        "access_key_id": s3.aws_access_key_id,
        "secret_access_key": s3.aws_secret_access_key,
        "session_token": s3.aws_session_token,
        "virtual_hosted_style_request": False if endpoint else None,
    }
    plain = endpoint is not None and urlsplit(endpoint).scheme == "http"
    chosen = {name: value for name, value in options.items() if value is not None}
    return open_store(url, options=chosen, client={**_CLIENT, "allow_http": plain}, scratch=scratch)


def _is_address(endpoint: str) -> bool:
    try:
        parts = urlsplit(endpoint)
        _ = parts.port  # raises where it is no number
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc


def s3_resource(environ: Mapping[str, str]) -> Any:
    """dagster-aws' S3Resource with what the environment says; empty variables count as unset."""
    from dagster_aws.s3 import S3Resource

    def value(*names: str) -> str | None:
        return next((environ[name] for name in names if environ.get(name)), None)

    return S3Resource(
        endpoint_url=value("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"),
        region_name=value("AWS_REGION", "AWS_DEFAULT_REGION") or "us-east-1",
        aws_access_key_id=value("AWS_ACCESS_KEY_ID"),
        aws_secret_access_key=value("AWS_SECRET_ACCESS_KEY"),
        aws_session_token=value("AWS_SESSION_TOKEN"),
    )
