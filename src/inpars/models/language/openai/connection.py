"""Why a connection failed, and what to do about it: the address, the name, the proxy, or the certificate."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

_NO_NAME = r"name or service|nodename|getaddrinfo|name resolution|no address associated|no such host"
_NO_TLS = r"WRONG_VERSION_NUMBER|wrong version number|record layer failure|packet length too long|HTTP_REQUEST"
_CERTIFICATE = re.compile(r"certificate verify failed:? ?(?P<why>[^(]*)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Unreached:
    """`why` nothing was reached. `hopeless` says that another attempt would end alike."""

    why: str
    hint: str
    hopeless: bool = False


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy of the environment: its address without secrets, and the variable that names it."""

    address: str
    variable: str


def explain(cause: BaseException, base_url: str) -> Unreached:
    """What the failure of a connection to `base_url` comes from."""
    text, proxy = str(cause) or type(cause).__name__, proxy_of(base_url)
    through = f" through the proxy {proxy.address}" if proxy else ""
    around = f"is {proxy.variable} right? NO_PROXY={urlsplit(base_url).hostname} goes round it" if proxy else ""
    if found := _CERTIFICATE.search(text):
        return Unreached(*_certificate(found["why"].strip() or text, base_url + through), hopeless=True)
    if re.search(_NO_TLS, text):
        plain = base_url.replace("https://", "http://", 1)
        why = f"what answers at {base_url}{through} speaks no TLS ({text})"
        return Unreached(why, around or f"is it a server without https? --openai.base-url {plain}", hopeless=True)
    # By name, as the SDK's HTTP library goes by two.
    if type(cause).__name__ == "ProxyError" and proxy:
        why = f"the proxy {proxy.address} does not let {base_url} through ({text})"
        return Unreached(why, around, hopeless=text.startswith("4"))
    if re.search(_NO_NAME, text, re.IGNORECASE):
        host = urlsplit(proxy.address if proxy else base_url).hostname
        hint = around or "is it spelt right, and is there a network? check --openai.base-url"
        return Unreached(f"the name {host!r} does not resolve ({text})", hint)
    hint = around or "is the server running? check --openai.base-url"
    if base_url.startswith("http://") and re.search(r"reset|disconnected", text):
        hint += f"; a server that wants TLS: --openai.base-url {base_url.replace('http://', 'https://', 1)}"
    return Unreached(f"nothing answers at {base_url}{through} ({text})", hint)


def proxy_of(url: str) -> Proxy | None:
    """The proxy that requests to `url` go through."""
    parts = urlsplit(url)
    proxies = getproxies()
    scheme = next((name for name in (parts.scheme, "all") if proxies.get(name)), "")
    if not scheme or proxy_bypass(parts.netloc.rpartition("@")[2]):
        return None
    variable = f"{scheme.upper()}_PROXY"
    given = urlsplit(proxies[scheme] if "://" in proxies[scheme] else f"http://{proxies[scheme]}")
    address = f"{given.scheme}://{given.netloc.rpartition('@')[2]}"
    return Proxy(address, variable if variable in os.environ else variable.lower())


def _certificate(why: str, where: str) -> tuple[str, str]:
    told = f"the certificate of {where} is not accepted ({why})"
    if re.search(r"mismatch|not valid for|doesn't match", why, re.IGNORECASE):
        return told, "it was made for another name: take that name in --openai.base-url"
    if re.search(r"expired|not yet valid", why, re.IGNORECASE):
        return told, "renew it, or set the clock right"
    return told, (
        "export SSL_CERT_FILE=FILE, a PEM file with the certificate of the authority that signed it: the company's, "
        "the proxy's, or the server's own"
    )
