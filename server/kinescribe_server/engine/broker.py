"""Where the broker of a distributed engine is."""

from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit


@dataclass(frozen=True, slots=True)
class Broker:
    """A URL that kombu knows (redis, rediss, redis+socket, sentinel, amqp, amqps), and the name of the primary for
    Redis Sentinel."""

    url: str
    sentinel_primary: str = ""


def next_database(redis_url: str) -> str:
    """A broker beside the state: the database after the state's, in the same Redis."""
    url = urlsplit(redis_url)
    if url.scheme == "unix":
        database = int(parse_qs(url.query).get("db", ["0"])[0])
        return f"redis+socket://{url.path}?virtual_host={database + 1}"
    return url._replace(path=f"/{int(url.path.strip('/') or 0) + 1}").geturl()
