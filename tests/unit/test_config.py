"""A setting that cannot be is refused in one sentence, which names it, what was given and what is allowed."""

import pytest

from kinescribe_server.config import Settings, read_settings
from kinescribe_server.jobs.errors import SettingError

_HARMLESS = {"REDIS_PORT": "6380", "LOG_LEVEL": "DEBUG", "KINESCRIBE_LEASE_SECONDS": "1"}


@pytest.mark.parametrize(
    ("name", "given", "allowed"),
    [
        ("REDIS_PORT", "70000", "65535"),
        ("REDIS_DB", "-1", "0"),
        ("LOG_LEVEL", "loud", "'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
        ("ENGINE", "spark", "'local' or 'celery'"),
        ("KINESCRIBE_RENDER_WORKERS", "many", "integer"),
        ("KINESCRIBE_LEASE_SECONDS", "0.5", "1"),
        ("KINESCRIBE_LEASE_SECONDS", "inf", "finite"),
        ("KINESCRIBE_DRAIN_SECONDS", "nan", "finite"),
        ("LLM_TIMEOUT_SECONDS", "inf", "finite"),
        ("KINESCRIBE_CACHE_MIB", "1.5", "integer"),
        ("REDIS_URL", "localhost:6379", "redis://host:6379/0"),
        ("REDIS_URL", "http://localhost:6379", "redis://host:6379/0"),
        ("REDIS_URL", "redis://localhost:six/0", "redis://host:6379/0"),
        ("REDIS_URL", "redis://localhost/first", "redis://host:6379/0"),
        ("REDIS_URL", "redis://", "redis://host:6379/0"),
    ],
)
def test_a_wrong_setting_is_named_with_what_was_given_and_what_is_allowed(
    monkeypatch: pytest.MonkeyPatch, name: str, given: str, allowed: str
) -> None:
    for other, harmless in _HARMLESS.items():
        monkeypatch.setenv(other, harmless)
    monkeypatch.setenv(name, given)
    with pytest.raises(SettingError) as raised:
        read_settings()
    assert name in raised.value.message
    assert given.rpartition("/")[2] in raised.value.message
    assert allowed in raised.value.message
    assert not set(_HARMLESS) - {name} & set(raised.value.message.split("="))


@pytest.mark.parametrize("url", ["redis://ann:s3cret@host:six/0", "redis://:s3cret/@host:6379/0", "x://:s3cret@host"])
def test_a_password_is_not_shown(url: str) -> None:
    with pytest.raises(SettingError) as raised:
        Settings(redis_url=url)
    assert "s3cret" not in raised.value.message


@pytest.mark.parametrize(
    "url",
    [
        "",
        "redis://localhost",
        "redis://localhost:6379/",
        "redis://ann:p%40ss:word@redis.example:6379/12?socket_timeout=2",
        "rediss://:secret@10.0.0.1:6380/0?ssl_ca_certs=/etc/ca.pem",
        "redis://[::1]:6379/0",
        "unix:///run/redis/redis.sock?db=3",
        "unix://ann:secret@/run/redis.sock",
    ],
)
def test_addresses_of_redis_that_can_be_used(url: str) -> None:
    assert Settings(redis_url=url).external_redis() == url
