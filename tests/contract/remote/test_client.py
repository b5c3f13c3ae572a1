"""What the client of remote providers does, against a server that speaks HTTP and has every fault."""

import logging
import pickle

import httpx
import pytest
from tests.contract.remote.client_calls import KEY, asking, refused
from tests.contract.remote.server import Asked, RemoteServer, Reply, in_turn

from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.remote.client import RemoteClient
from kinescribe_server.remote.provider import Credentials, Provider, basic, bearer


def test_a_call_carries_its_credentials_and_its_body() -> None:
    with asking(in_turn(Reply({"ok": True}))) as (client, server):
        assert client.request("POST", "/things", json={"a": 1}, headers={"X-More": "1"}).json() == {"ok": True}
    asked = server.asked[0]
    assert (asked.path, asked.json, asked.headers["x-more"]) == ("/v1/things", {"a": 1}, "1")
    assert asked.headers["authorization"] == f"Bearer {KEY}"


def test_a_user_and_a_password_are_sent_as_basic_authentication() -> None:
    with asking(in_turn(Reply({})), credentials=basic("ada", "pass")) as (client, server):
        client.request("GET", "/things")
    assert server.asked[0].headers["authorization"] == "Basic YWRhOnBhc3M="


def test_without_credentials_nothing_is_claimed() -> None:
    with asking(in_turn(Reply({})), credentials=None) as (client, server):
        client.request("GET", "/things")
    assert "authorization" not in server.asked[0].headers


@pytest.mark.parametrize("key", ["schlüssel", "two\nlines"])
def test_what_cannot_be_a_key_is_refused_and_not_shown(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_API_KEY", key)
    with pytest.raises(MakeError, match=r"LLM_API_KEY has .* printable ASCII") as raised:
        bearer("LLM_API_KEY")
    assert key not in raised.value.message


def test_a_key_may_come_from_a_file_with_an_end_of_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LLM_API_KEY", f"{KEY}\n")
    with asking(in_turn(Reply({})), credentials=bearer("LLM_API_KEY")) as (client, server):
        client.request("GET", "/things")
    assert server.asked[0].headers["authorization"] == f"Bearer {KEY}"
    monkeypatch.setenv("LLM_API_KEY", " ")
    assert bearer("LLM_API_KEY") is None


@pytest.mark.parametrize("name", ["HTTP_PROXY", "ALL_PROXY"])
def test_a_service_on_this_machine_is_asked_directly_and_others_as_the_environment_says(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
    with RemoteServer(in_turn(Reply("by the proxy"))) as proxy:
        monkeypatch.setenv(name, proxy.url)
        with asking(in_turn(Reply("here"))) as (client, _):
            assert client.request("GET", "/things").text == "here"
        with RemoteClient(Provider("test service", "http://model.invalid/v1", 2.0)) as client:
            assert client.request("GET", "/things").text == "by the proxy"
    assert [asked.path for asked in proxy.asked] == ["http://model.invalid/v1/things"]


@pytest.mark.parametrize("proxy", ["socks5://ada:hunter2@proxy:1080", "gopher://ada:hunter2@proxy"])
def test_a_proxy_that_cannot_be_used_is_named_without_its_password(proxy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", proxy)
    with pytest.raises(MakeError, match=r"ALL_PROXY .* expected http://HOST:PORT") as raised:
        RemoteClient(Provider("test service", "https://model.invalid/v1", 2.0))
    assert raised.value.reason == "SETTING_INVALID"
    assert "hunter2" not in raised.value.message


def test_headers_may_be_in_any_letters() -> None:
    with asking(in_turn(Reply("sound", headers={"X-Voice": "Zoë", "X-More": "a"}))) as (client, _):
        response = client.request("GET", "/things")
    assert (response.headers["x-voice"], response.headers["x-more"]) == ("Zoë", "a")


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (400, {"error": {"message": "bad field", "code": "invalid"}}, "REMOTE_REFUSED"),
        (401, {"error": {"message": "Incorrect API key provided"}}, "REMOTE_KEY_REFUSED"),
        (402, {"detail": "no credits"}, "REMOTE_QUOTA_EXHAUSTED"),
        (403, {"error": "forbidden"}, "REMOTE_KEY_REFUSED"),
        (404, {"error": {"message": "The model `x` does not exist", "code": "model_not_found"}}, "REMOTE_NOT_FOUND"),
        (400, {"error": {"message": "API key not valid. Please pass a valid API key."}}, "REMOTE_KEY_REFUSED"),
        (
            400,
            {"code": "Client specified an invalid argument", "error": "Incorrect API key provided: x"},
            "REMOTE_KEY_REFUSED",
        ),
        (400, {"error": {"message": "a/b is not a valid model ID", "code": 400}}, "REMOTE_NOT_FOUND"),
        (400, {"error": {"message": "Model Not Exist", "type": "invalid_request_error"}}, "REMOTE_NOT_FOUND"),
        (400, {"error": {"message": "Voice 'x' not found", "code": "invalid_value"}}, "REMOTE_REFUSED"),
        (413, "too much", "REMOTE_REFUSED"),
        (422, {"detail": [{"loc": ["body", "n"], "msg": "must be positive"}]}, "REMOTE_REFUSED"),
        (429, {"error": {"message": "no money", "code": "insufficient_quota"}}, "REMOTE_QUOTA_EXHAUSTED"),
    ],
)
def test_what_will_not_pass_is_asked_once_and_the_reason_is_told(status: int, body: object, reason: str) -> None:
    with asking(in_turn(Reply(body, status=status))) as (client, server):
        error = refused(client)
    assert error.reason == reason
    assert len(server.asked) == 1
    assert str(status) in error.message


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"error": {"message": "The model `x` does not exist"}}, "The model `x` does not exist"),
        ({"error": "no such model"}, "no such model"),
        ({"detail": [{"loc": ["body", "n"], "msg": "must be positive"}]}, "body.n: must be positive"),
        ({"message": "hm"}, "hm"),
        ("<html><style>p{}</style><h1>Not here</h1></html>", "Not here"),
        (b"\xff\x00plain", "plain"),
        ([1, 2], "[1, 2]"),
        (b"", "Bad Request"),
        ("[" * 100_000, "[["),
    ],
)
def test_errors_are_read_in_every_form(body: object, said: str) -> None:
    with asking(in_turn(Reply(body, status=400))) as (client, _):
        assert said in refused(client).message


@pytest.mark.parametrize("charset", ["hex", "idna", "undefined", "rot13", "nonsense"])
def test_errors_are_read_whatever_letters_they_say_they_are_in(charset: str) -> None:
    headers = {"Content-Type": f"text/plain; charset={charset}"}
    with asking(in_turn(Reply(b"not here \xff", status=400, headers=headers))) as (client, _):
        assert "not here" in refused(client).message


def test_keys_are_in_no_error_and_in_no_log(caplog: pytest.LogCaptureFixture) -> None:
    words = (
        f"Incorrect API key provided: {KEY}, or sk-proj-abc*****xyz, or Bearer abc.def; see https://u:p@host/ "
        + "x" * 999
    )
    with (
        caplog.at_level(logging.DEBUG),
        asking(in_turn(Reply({"error": {"message": words}}, status=401))) as (client, _),
    ):
        error = refused(client)
    told = error.message + repr(error) + caplog.text + "".join(str(record.__dict__) for record in caplog.records)
    for secret in (KEY, "abc*", "abc.def", "u:p@"):
        assert secret not in told
    assert len(error.message) < 400
    assert KEY not in repr(Provider("x", "http://x", 1, credentials=Credentials(KEY, KEY)))


def test_a_server_that_is_not_there_is_named_as_such() -> None:
    with RemoteServer(in_turn(Reply())) as server:
        url = server.url
    with RemoteClient(Provider("test service", url, 1.0, backoff_seconds=0.01)) as client:
        error = refused(client)
    assert error.reason == "REMOTE_UNAVAILABLE"
    assert error.message.startswith("test service cannot be reached")


def test_redirects_are_followed_on_the_same_host_only() -> None:
    def answer(asked: Asked) -> Reply:
        places = {"/v1/near": "/v1/end", "/v1/far": "https://example.invalid/x", "/v1/round": "/v1/round"}
        target = places.get(asked.path)
        return Reply("here") if target is None else Reply(status=307, headers={"Location": target})

    with asking(answer) as (client, server):
        assert client.request("POST", "/near", json={"a": 1}).text == "here"
        assert server.asked[-1].json == {"a": 1}
        for path in ("/far", "/round"):
            with pytest.raises(MakeError):
                client.request("GET", path)
        assert "authorization" in server.asked[-1].headers


@pytest.mark.parametrize("target", ["http://[bad", "http://127.0.0.1:99999999/x", "http://hä/x"])
def test_a_redirect_to_what_is_no_address_is_an_error_and_no_crash(target: str) -> None:
    with asking(in_turn(Reply(status=307, headers={"Location": target}))) as (client, server):
        assert refused(client).reason in {"REMOTE_BAD_REPLY", "REMOTE_REFUSED"}
    assert len(server.asked) == 1


def test_a_whole_address_must_be_the_providers_own() -> None:
    with asking(in_turn(Reply("file"))) as (client, server):
        assert client.request("GET", f"{server.url}/files/1").text == "file"
        with pytest.raises(MakeError, match="another host") as raised:
            client.request("GET", "http://example.invalid/files/1")
        assert raised.value.reason == "REMOTE_REFUSED"


def test_a_reply_has_a_limit_of_size() -> None:
    with asking(in_turn(Reply(b"x" * 10_001)), max_reply_bytes=10_000) as (client, server):
        assert refused(client).reason == "REMOTE_BAD_REPLY"
    assert len(server.asked) == 1


def test_a_reply_that_cannot_be_decoded_is_an_error_and_no_crash() -> None:
    with asking(in_turn(Reply(b"not zipped", headers={"Content-Encoding": "gzip"}))) as (client, _):
        assert refused(client).reason == "REMOTE_BAD_REPLY"


def test_every_attempt_has_a_line_in_the_log_with_its_units(caplog: pytest.LogCaptureFixture) -> None:
    def units(response: httpx.Response) -> dict[str, float]:
        return {"tokens_out": response.json()["n"]}

    with (
        caplog.at_level(logging.INFO, logger="kinescribe_server.remote"),
        asking(in_turn(Reply(status=503), Reply({"n": 7}))) as (client, _),
    ):
        client.request("POST", "/secret-words", json={"user": "words"}, units=units)
    first, second = (record.__dict__ for record in caplog.records if record.message == "remote call")
    assert (first["provider"], first["attempt"], first["status"], first["reason"]) == (
        "test service", 1, 503, "REMOTE_UNAVAILABLE",
    )  # fmt: skip
    assert (second["attempt"], second["status"], second["tokens_out"]) == (2, 200, 7)
    assert second["seconds"] >= 0
    assert "secret-words" not in caplog.text


def test_an_error_crosses_into_another_process() -> None:
    with asking(in_turn(Reply({"error": "no"}, status=400))) as (client, _):
        error = refused(client)
    again = pickle.loads(pickle.dumps(error))  # noqa: S301 -- our own bytes
    assert (type(again), again.reason, again.message) == (MakeError, error.reason, error.message)
