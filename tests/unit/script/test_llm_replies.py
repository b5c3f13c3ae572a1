"""What is found in the replies of a language model."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.llm.replies import CutOffError, ReplyError, json_in, words_of


@pytest.mark.parametrize(
    "words",
    [
        '{"a": 1}',
        '\ufeff{"a": 1}',
        '```json\n{"a": 1}\n```',
        '```\n{"a": 1}',
        'Of course! {"a": 1} Done.',
        '<think>{not json}</think>\n{"a": 1}',
        'See [1] and {2}: {"a": 1}',
    ],
)
def test_the_object_is_found_wherever_it_stands(words: str) -> None:
    assert json_in(words) == {"a": 1}


def test_a_list_of_objects_is_taken_too() -> None:
    assert json_in('[{"a": 1}]') == [{"a": 1}]


@pytest.mark.parametrize("words", ["", "no", "12", '"text"', "[1, 2]", '{"a": NaN}', '{"a": Infinity}', "{" * 50_000])
def test_anything_else_is_an_error(words: str) -> None:
    with pytest.raises(ReplyError):
        json_in(words)


@given(st.text())
def test_no_text_breaks_the_reading(words: str) -> None:
    try:
        found = json_in(words)
    except ReplyError:
        return
    assert isinstance(found, dict | list)


@pytest.mark.parametrize("body", [None, [], {}, {"choices": None}, {"choices": ["x"]}, {"choices": [{"message": 1}]}])
def test_a_body_without_a_message_is_an_error(body: object) -> None:
    with pytest.raises(ReplyError):
        words_of(body)


def test_how_a_reply_ended_is_told() -> None:
    def body(reason: str, **message: object) -> object:
        return {"choices": [{"finish_reason": reason, "message": message}]}

    assert words_of(body("stop", content="yes")) == "yes"
    with pytest.raises(CutOffError):
        words_of(body("length", content=None))
    for refused in (body("stop", refusal="no", content=None), body("content_filter", content="")):
        with pytest.raises(MakeError, match=r"refuses|filters") as raised:
            words_of(refused)
        assert raised.value.reason == "LLM_REFUSED"
