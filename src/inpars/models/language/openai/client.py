"""The official SDK's client: where it goes, with which key, and how quietly."""

from __future__ import annotations

import logging
import os
from urllib.parse import parse_qsl, urlsplit

import openai

from inpars.errors import InparsError, OptionError
from inpars.models.language.openai.connection import proxy_of
from inpars.models.language.options import OpenAIOptions

_OPENAI = "https://api.openai.com/v1"
_NO_KEY = "none"
_CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")


def open_client(options: OpenAIOptions) -> openai.OpenAI:
    """A client for the options' endpoint, with the key from OPENAI_API_KEY or, without one, a placeholder.

    `OptionError` for an address that is not one.
    """
    base_url = options.base_url or os.environ.get("OPENAI_BASE_URL", "").strip() or _OPENAI
    parts = urlsplit(base_url)
    if "://" not in base_url:
        address = base_url.rpartition("@")[2].partition("?")[0]
        raise OptionError(
            f"base_url: expected an address such as http://localhost:8000/v1; found {address!r}",
            hint=f"put http:// before it, or https://: --openai.base-url http://{address}",
        )
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise OptionError(
            f"base_url: expected an address such as http://localhost:8000/v1; found {public_url(base_url)!r}"
        )
    try:
        return openai.OpenAI(
            api_key=os.environ.get("OPENAI_API_KEY", "").strip() or _NO_KEY,
            # The SDK puts the call behind whatever stands at the end of the address.
            base_url=parts._replace(query="", fragment="").geturl(),
            default_query=dict(parse_qsl(parts.query, keep_blank_values=True)),
        )
    except OSError as error:
        named = ((name, os.environ.get(name, "")) for name in _CERTIFICATES)
        where = " or ".join(f"{name}={path}" for name, path in named if path and not os.access(path, os.R_OK))
        raise OptionError(
            f"the certificates of {where or 'this machine'} cannot be read: {error.strerror or error}",
            hint="SSL_CERT_FILE names a PEM file, SSL_CERT_DIR a folder",
        ) from None
    except (ImportError, ValueError) as error:
        proxy = proxy_of(base_url)
        told = f"the proxy {proxy.address} ({proxy.variable}) cannot be used: {error}" if proxy else str(error)
        raise OptionError(told, hint="HTTPS_PROXY=http://HOST:PORT, or NO_PROXY=HOST for hosts without it") from None


def check_key(client: openai.OpenAI) -> None:
    """`InparsError` for OpenAI without a key and for a key that cannot be one. Other servers may need none."""
    key = client.api_key
    if key == _NO_KEY and (client.base_url.host or "").endswith("openai.com"):
        raise InparsError(
            "OpenAI needs a key, and OPENAI_API_KEY is not set",
            hint="export OPENAI_API_KEY=..., or name another endpoint with --openai.base-url",
        )
    if not key.isascii() or not key.isprintable() or " " in key:
        raise InparsError("OPENAI_API_KEY holds characters that no key has", hint="copy the key again")


def prepare(client: openai.OpenAI, options: OpenAIOptions) -> openai.OpenAI:
    """`client` as this package uses it: no retries of its own, our timeout, and no line in the log per request."""
    for name in ("httpx", "httpx2"):
        if logging.getLogger(name).level == logging.NOTSET:
            logging.getLogger(name).setLevel(logging.WARNING)
    return client.with_options(max_retries=0, timeout=options.timeout)


def public_url(url: str) -> str:
    """An address without what may be secret in it: user, password and query."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}".rstrip("/")
