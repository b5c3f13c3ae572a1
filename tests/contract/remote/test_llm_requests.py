"""What a language model is asked, and what becomes of replies that are no script, against a server that has every
fault."""

from typing import Any

import pytest
from tests.contract.remote.chat_server import completion, refusal, said, wants
from tests.contract.remote.llm_studio import GOOD, Studio
from tests.contract.remote.server import Asked, Reply, in_turn


def test_the_request_holds_no_nulls_and_a_strict_schema(studio: Studio) -> None:
    studio.make(in_turn(completion(GOOD)))
    payload = studio.asked[0].json
    assert None not in payload.values()
    wanted = payload["response_format"]["json_schema"]
    assert wanted["strict"] is True

    def check(schema: Any) -> None:
        if isinstance(schema, list):
            for item in schema:
                check(item)
        elif isinstance(schema, dict):
            if schema.get("type") == "object":
                assert schema["additionalProperties"] is False
                assert schema["required"] == list(schema["properties"])
            assert not {"default", "minLength", "maxItems", "minItems", "pattern", "const"} & set(schema)
            for item in schema.values():
                check(item)

    check(wanted["schema"])


@pytest.mark.parametrize(
    ("words", "language"),
    [
        ("response_format json_schema is not supported", "json_object"),
        ("Invalid schema for response_format 'script'", "json_object"),
        ("Unrecognized request argument supplied: response_format", "prompt"),
    ],
)
def test_a_server_that_knows_no_schema_is_asked_in_a_simpler_way(studio: Studio, words: str, language: str) -> None:
    def answer(asked: Asked) -> Reply:
        return completion(GOOD) if wants(asked) == language else refusal(400, words)

    assert len(studio.script(answer).scenes) == 2
    assert wants(studio.asked[-1]) == language
    assert "JSON" in said(studio.asked[-1])


def test_what_a_server_knows_is_learnt_once(studio: Studio) -> None:
    def answer(asked: Asked) -> Reply:
        if wants(asked) != "prompt":
            return refusal(400, "no response_format here")
        return completion("nothing") if len(asked.json["messages"]) == 2 else completion(GOOD)

    studio.make(answer)
    assert [wants(asked) for asked in studio.asked] == ["script", "json_object", "prompt", "prompt"]


@pytest.mark.parametrize("known", ["max_completion_tokens", "neither"])
def test_the_limit_of_a_reply_is_named_as_the_server_knows_it(studio: Studio, known: str) -> None:
    def answer(asked: Asked) -> Reply:
        for name in ("max_tokens", "max_completion_tokens"):
            if name in asked.json and name != known:
                return refusal(400, f"Unsupported parameter: '{name}'", "unsupported_parameter")
        return completion(GOOD)

    studio.make(answer)
    assert wants(studio.asked[-1]) == "script"


@pytest.mark.parametrize(
    "content",
    [
        "```json\n{}\n```",
        "Here is your script:\n\n{}\n\nI hope that helps!",
        "<think>First {{ I think }} about it.</think>{}",
        "Sure!\n```\n{}\n```\nAnything else?",
    ],
)
def test_json_is_found_in_what_stands_around_it(studio: Studio, content: str) -> None:
    words = content.replace("{}", completion(GOOD).body["choices"][0]["message"]["content"])
    assert len(studio.script(in_turn(completion(words))).scenes) == 2
    assert len(studio.asked) == 1


def test_content_in_parts_is_read(studio: Studio) -> None:
    text = completion(GOOD).body["choices"][0]["message"]["content"]
    reply = completion(None)
    reply.body["choices"][0]["message"]["content"] = [{"type": "text", "text": text}]
    assert len(studio.script(in_turn(reply)).scenes) == 2


@pytest.mark.parametrize(
    "bad",
    [
        completion(""),
        completion(None),
        completion("I would rather not use JSON."),
        completion("<!doctype html><html><body><h1>Machine learning</h1></body></html>"),
        completion('{"scenes": [{"title": "cut'),
        completion({"scenes": []}),
        completion({"scenes": "none"}),
        completion("[" * 100_000),
        completion(GOOD, "length"),
        Reply({"choices": []}),
    ],
    ids=["empty", "null", "prose", "html", "broken", "no-scenes", "no-list", "deep", "cut-off", "no-choices"],
)
def test_a_reply_that_cannot_be_used_may_be_mended_once(studio: Studio, bad: Reply) -> None:
    assert len(studio.script(in_turn(bad, completion(GOOD))).scenes) == 2
    assert len(studio.asked) == 2
    assert studio.asked[1].json["messages"][-1]["role"] == "user"
    error = studio.fails(in_turn(bad))
    assert error.reason in {"LLM_BAD_REPLY", "LLM_TOO_LONG"}
    assert len(studio.asked) == 2


def test_the_repair_turn_says_what_was_wrong(studio: Studio) -> None:
    studio.make(in_turn(completion("No."), completion(GOOD)))
    *_, answered, complaint = studio.asked[1].json["messages"]
    assert answered == {"role": "assistant", "content": "No."}
    assert "there is no JSON" in complaint["content"]


def test_a_reply_with_half_a_sign_in_it_may_be_mended(studio: Studio) -> None:
    studio.make(in_turn(completion("No \ud83d."), completion(GOOD)))
    assert studio.asked[1].json["messages"][-2]["content"] == "No ?."


def test_a_refusal_is_told_and_not_argued_with(studio: Studio) -> None:
    error = studio.fails(in_turn(completion(None, refusal="I'm sorry, I can't help with that.")))
    assert (error.reason, len(studio.asked)) == ("LLM_REFUSED", 1)
    assert "I'm sorry, I can't help with that." in error.message
    assert studio.fails(in_turn(completion("", "content_filter"))).reason == "LLM_REFUSED"


@pytest.mark.parametrize(
    ("reply", "reason", "words"),
    [
        (refusal(401, "Incorrect API key provided: top-secret-0123456789."), "REMOTE_KEY_REFUSED", "LLM_API_KEY"),
        (refusal(404, "The model `some-model` does not exist", "model_not_found"), "REMOTE_NOT_FOUND", "LLM_MODEL"),
        (refusal(429, "You exceeded your current quota", "insufficient_quota"), "REMOTE_QUOTA_EXHAUSTED", "quota"),
        (Reply("<html>hello</html>"), "REMOTE_BAD_REPLY", "JSON"),
        (Reply({"error": {"message": "Provider returned error", "code": 502}}), "REMOTE_UNAVAILABLE", "returned error"),
        (Reply({"error": {"message": "No: top-secret-0123456789", "code": 401}}), "REMOTE_KEY_REFUSED", "LLM_API_KEY"),
        (Reply("[" * 100_000), "REMOTE_BAD_REPLY", "JSON"),
    ],
)
def test_what_no_second_try_mends_is_told_at_once(studio: Studio, reply: Reply, reason: str, words: str) -> None:
    error = studio.fails(in_turn(reply))
    assert (error.reason, len(studio.asked)) == (reason, 1)
    assert words in error.message
    assert "top-secret" not in error.message


def test_a_rate_limit_is_waited_for(studio: Studio) -> None:
    busy = Reply({"error": {"message": "slow down", "code": "rate_limit_exceeded"}}, 429, {"Retry-After": "0"})
    assert len(studio.script(in_turn(busy, busy, completion(GOOD))).scenes) == 2


def test_the_budget_of_tokens_ends_the_writing(studio: Studio) -> None:
    error = studio.fails(in_turn(completion("No.")), budget_tokens="1000")
    assert (error.reason, len(studio.asked)) == ("LLM_BUDGET_SPENT", 1)


def test_the_budget_of_seconds_ends_the_writing(studio: Studio) -> None:
    error = studio.fails(in_turn(Reply(delay=2)), budget_seconds="0.3")
    assert error.reason == "REMOTE_TIMEOUT"
