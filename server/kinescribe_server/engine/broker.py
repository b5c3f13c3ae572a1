"""Where the broker of a distributed engine is, and what its user is told when it cannot be used."""

import ssl
from dataclasses import dataclass
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

from kinescribe_server.jobs.errors import KinescribeError, SettingError

# The schemes that kombu knows and that are tried out: the tests have a server for each.
SCHEMES = ("redis", "rediss", "redis+socket", "sentinel", "amqp", "amqps")

# What a URL may say of an encrypted connection, as redis-py reads it in the state's URL, and what certificates of the
# broker's are taken.
_CHECKS = {"required": ssl.CERT_REQUIRED, "optional": ssl.CERT_OPTIONAL, "none": ssl.CERT_NONE}
_CHECK, _FILES = "ssl_cert_reqs", ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile")


class BrokerUnavailableError(KinescribeError):
    """The broker does not answer, or refuses us."""

    reason = "BROKER_UNAVAILABLE"
    retryable = True


@dataclass(frozen=True, slots=True)
class Broker:
    """A URL of one of the SCHEMES, and the name of the primary for Redis Sentinel, whose URL may be several with a
    semicolon between them. Raises SettingError if that cannot be a broker."""

    url: str
    sentinel_primary: str = ""

    def __post_init__(self) -> None:
        scheme, separator, _ = self.url.partition("://")
        if not separator or scheme not in SCHEMES:
            raise SettingError(
                f"CELERY_BROKER_URL begins with {scheme[:20]!r}; it is a URL that begins with one of "
                + ", ".join(f"{scheme}://" for scheme in SCHEMES)
            )
        if scheme == "sentinel" and not self.sentinel_primary:
            raise SettingError(
                "CELERY_BROKER_URL names a Redis Sentinel; CELERY_SENTINEL_PRIMARY must name the primary to ask it for"
            )
        said = self._query.get(_CHECK, "required")
        if said not in _CHECKS:
            raise SettingError(
                f"CELERY_BROKER_URL says {_CHECK}={said[:20]!r}; it is one of {', '.join(_CHECKS)}, required by default"
            )

    @property
    def bare_url(self) -> str:
        """Without what it says of certificates, which kombu would read in its own way: rediss:// without a word of
        them would take any."""
        return ";".join(_without_certificates(url) for url in self.url.split(";")) if self.tls else self.url

    @property
    def tls(self) -> dict[str, object] | None:
        """What kombu wants to know of an encrypted connection, in the words of the broker's own client; None for a
        plain one."""
        scheme = self.url.partition("://")[0]
        if scheme not in {"rediss", "amqps"}:
            return None
        check = _CHECKS[self._query.get(_CHECK, "required")]
        files = {name: self._query[name] for name in _FILES if name in self._query}
        if scheme == "rediss":
            return {_CHECK: check, "ssl_check_hostname": check is ssl.CERT_REQUIRED, **files}
        plain = {name.removeprefix("ssl_"): path for name, path in files.items()}
        # A server_hostname of None stands for the host of the URL, and has the name in the certificate compared.
        named = {"server_hostname": None} if check is ssl.CERT_REQUIRED else {}
        return {"cert_reqs": check, **named, **plain}

    @property
    def _query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.url.partition(";")[0]).query))

    @property
    def address(self) -> str:
        """Where it is, for people to read; without its password."""
        places = []
        for url in self.url.split(";"):
            scheme, _, rest = url.partition("://")
            places.append(f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}")
        return ";".join(places)


def _without_certificates(url: str) -> str:
    parts = urlsplit(url)
    kept = [(name, value) for name, value in parse_qsl(parts.query) if name not in {_CHECK, *_FILES}]
    return parts._replace(query=urlencode(kept)).geturl()


def next_database(redis_url: str) -> str:
    """A broker beside the state: the database after the state's, in the same Redis."""
    url = urlsplit(redis_url)
    if url.scheme == "unix":
        database = int(parse_qs(url.query).get("db", ["0"])[0])
        return f"redis+socket://{url.path}?virtual_host={database + 1}"
    return url._replace(path=f"/{int(url.path.strip('/') or 0) + 1}").geturl()
