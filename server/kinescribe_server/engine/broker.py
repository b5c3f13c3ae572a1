"""Where the broker of a distributed engine is, and what its user is told when it cannot be used."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from kinescribe_server.jobs.errors import KinescribeError, SettingError

# The schemes that kombu knows and that are tried out: the tests have a server for each but the encrypted ones.
SCHEMES = ("redis", "rediss", "redis+socket", "sentinel", "amqp", "amqps")


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

    @property
    def address(self) -> str:
        """Where it is, for people to read; without its password."""
        places = []
        for url in self.url.split(";"):
            scheme, _, rest = url.partition("://")
            places.append(f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}")
        return ";".join(places)


def next_database(redis_url: str) -> str:
    """A broker beside the state: the database after the state's, in the same Redis."""
    url = urlsplit(redis_url)
    if url.scheme == "unix":
        database = int(parse_qs(url.query).get("db", ["0"])[0])
        return f"redis+socket://{url.path}?virtual_host={database + 1}"
    return url._replace(path=f"/{int(url.path.strip('/') or 0) + 1}").geturl()
