"""Which addresses are understood."""

import pytest

from kinescribe_server.remote.addresses import base_url

CHAT = ("/chat/completions",)


@pytest.mark.parametrize(
    ("given", "understood"),
    [
        ("https://api.example.com/v1", "https://api.example.com/v1"),
        ("https://api.example.com/v1/", "https://api.example.com/v1"),
        (" http://localhost:11434/v1/chat/completions ", "http://localhost:11434/v1"),
        ("http://localhost:11434/v1/Chat/Completions/", "http://localhost:11434/v1"),
        ("HTTPS://Api.Example.com", "https://api.example.com"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
    ],
)
def test_an_address_is_understood_as_people_give_it(given: str, understood: str) -> None:
    assert base_url(given, CHAT) == understood


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("localhost:11434/v1", "http://"),
        ("api.example.com/v1", "no scheme"),
        ("ftp://example.com", "no scheme"),
        ("", "no scheme"),
        ("http://", "no scheme"),
        ("http://host:port/v1", "not a URL"),
        ("http://ada:hunter2@host/v1", "password"),
        ("http://host/v1?key=1", "more than"),
        ("http://ho st/v1", "more than"),
        ("http://[::1/v1", "not a URL"),
    ],
)
def test_any_other_address_is_refused_with_what_is_allowed(given: str, why: str) -> None:
    with pytest.raises(ValueError, match=r"URL|scheme|password|path|host") as raised:
        base_url(given, CHAT)
    assert why in str(raised.value)
    assert "hunter2" not in str(raised.value)
