"""Where the broker is, and what a user is told who says it wrongly."""

import ssl

import pytest

from kinescribe_server.engine.broker import Broker, next_database
from kinescribe_server.jobs.errors import SettingError


@pytest.mark.parametrize(
    ("state", "broker"),
    [
        ("redis://localhost:6379/0", "redis://localhost:6379/1"),
        ("redis://localhost:6379", "redis://localhost:6379/1"),
        ("rediss://user:secret@host:6380/3", "rediss://user:secret@host:6380/4"),
        ("unix:///data/valkey.sock?db=0", "redis+socket:///data/valkey.sock?virtual_host=1"),
    ],
)
def test_the_broker_is_the_database_after_the_state_s(state: str, broker: str) -> None:
    assert next_database(state) == broker
    assert Broker(broker).url == broker


@pytest.mark.parametrize("url", ["localhost:6379", "http://localhost", "sqs://", ""])
def test_what_is_no_broker_is_refused_with_what_one_is(url: str) -> None:
    with pytest.raises(SettingError, match=r"CELERY_BROKER_URL begins with .*redis://.*amqp://"):
        Broker(url)


def test_a_sentinel_needs_the_name_of_its_primary() -> None:
    with pytest.raises(SettingError, match="CELERY_SENTINEL_PRIMARY"):
        Broker("sentinel://localhost:26379/0")


def test_an_address_for_people_has_no_password() -> None:
    broker = Broker("sentinel://:secret@one:26379/0;sentinel://:secret@two:26379/0", "films")
    assert broker.address == "sentinel://one:26379/0;sentinel://two:26379/0"


@pytest.mark.parametrize(
    ("url", "bare", "tls"),
    [
        ("redis+socket:///valkey.sock?virtual_host=1", "redis+socket:///valkey.sock?virtual_host=1", None),
        ("amqp://guest:guest@host:5672//", "amqp://guest:guest@host:5672//", None),
        ("rediss://host/1", "rediss://host/1", {"ssl_cert_reqs": ssl.CERT_REQUIRED, "ssl_check_hostname": True}),
        (
            "rediss://:p%40ss@host/1?ssl_ca_certs=/ca.pem&ssl_cert_reqs=none&client_name=x",
            "rediss://:p%40ss@host/1?client_name=x",
            {"ssl_cert_reqs": ssl.CERT_NONE, "ssl_check_hostname": False, "ssl_ca_certs": "/ca.pem"},
        ),
        (
            "amqps://a//?ssl_certfile=/me.pem;amqps://b//",
            "amqps://a//;amqps://b//",
            {"cert_reqs": ssl.CERT_REQUIRED, "server_hostname": None, "certfile": "/me.pem"},
        ),
        ("amqps://a//?ssl_cert_reqs=none", "amqps://a//", {"cert_reqs": ssl.CERT_NONE}),
    ],
)
def test_certificates_are_checked_unless_that_is_switched_off(
    url: str, bare: str, tls: dict[str, object] | None
) -> None:
    broker = Broker(url)
    assert (broker.bare_url, broker.tls) == (bare, tls)


def test_a_check_of_certificates_that_there_is_not_is_refused() -> None:
    with pytest.raises(SettingError, match=r"ssl_cert_reqs='maybe'; it is one of required, optional, none"):
        Broker("rediss://host/1?ssl_cert_reqs=maybe")
