"""Long documents: planned first, then written section by section."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from tests.contract.remote.chat_server import completion, refusal, said, scene, script, wants
from tests.contract.remote.llm_studio import GOOD, Studio
from tests.contract.remote.server import Answer, Asked, Reply, in_turn

PARAGRAPH = "Every chapter has sentences that say something about its subject, one after the other. " * 6
DOCUMENT = "".join(f"# Chapter {number}\n\n{PARAGRAPH}\n\n{PARAGRAPH}\n\n" for number in range(1, 21))


def outline(*firsts: int) -> dict[str, Any]:
    return {"title": "A book", "sections": [{"title": f"Part {first}", "first": first, "last": 99} for first in firsts]}


def librarian(plan: Reply, section: Callable[[str, Asked], Reply]) -> Answer:
    """Answers the plan, and sections by their titles."""

    def answer(asked: Asked) -> Reply:
        if wants(asked) == "outline":
            return plan
        title = said(asked).split("Write the scenes of section")[1].split('"')[1]
        return section(title, asked)

    return answer


def told(title: str, _: Asked) -> Reply:
    return completion(script(scene("", f"This is what {title} says.")))


def test_a_long_document_is_planned_and_written_side_by_side(studio: Studio) -> None:
    together = threading.Barrier(2, timeout=10)

    def section(title: str, asked: Asked) -> Reply:
        if title in {"Part 1", "Part 3"}:
            together.wait()
        return told(title, asked)

    made = studio.make(librarian(completion(outline(1, 3, 5)), section), DOCUMENT)
    script_ = studio.read(made)
    assert script_.title == "A book"
    titles = list(dict.fromkeys(scene_.title for scene_ in script_.scenes))
    assert titles == ["Part 1", "Part 3", "Part 5"]
    assert 2 <= studio.busiest <= 4
    everything = "".join(said(asked) for asked in studio.asked if wants(asked) == "script")
    assert all(f"# Chapter {number}\n" in everything for number in range(1, 21))


def test_no_part_of_a_document_is_lost_by_a_careless_plan(studio: Studio) -> None:
    studio.make(librarian(completion(outline(2, 2, 4, 3, 500)), told), DOCUMENT)
    everything = "".join(said(asked) for asked in studio.asked if wants(asked) == "script")
    assert all(f"# Chapter {number}\n" in everything for number in range(1, 21))


@pytest.mark.parametrize("plan", [completion("No plan."), completion({"sections": []}), completion("", refusal="No.")])
def test_without_a_plan_a_document_is_divided_at_its_headings(studio: Studio, plan: Reply) -> None:
    made = studio.make(librarian(plan, told), DOCUMENT)
    assert studio.read(made).scenes[0].title == "Chapter 1"
    assert [notice.reason for notice in made.notices] == ["NOT_PLANNED"]


def test_one_bad_section_does_not_cost_the_others(studio: Studio) -> None:
    def section(title: str, asked: Asked) -> Reply:
        return completion("", refusal="Not this.") if title == "Part 3" else told(title, asked)

    made = studio.make(librarian(completion(outline(1, 3, 5)), section), DOCUMENT)
    assert [notice.reason for notice in made.notices] == ["SECTION_BY_OTHER_WRITER"]
    assert not made.lasting, "another time the model may write it"
    assert "Not this." in made.notices[0].message
    narration = " ".join(scene_.narration for scene_ in studio.read(made).scenes)
    assert "what Part 1 says" in narration
    assert "Every chapter has sentences" in narration


def test_a_key_that_stops_working_fails_the_whole(studio: Studio) -> None:
    def section(title: str, asked: Asked) -> Reply:
        return refusal(401, "key revoked") if title == "Part 3" else told(title, asked)

    assert studio.fails(librarian(completion(outline(1, 3)), section), DOCUMENT).reason == "REMOTE_KEY_REFUSED"


@pytest.mark.parametrize(
    "overflow",
    [
        refusal(400, "This model's maximum context length is 4096 tokens", "context_length_exceeded"),
        refusal(
            400, "the request exceeds the available context size. try increasing it", None, "exceed_context_size_error"
        ),
        refusal(400, "litellm.ContextWindowExceededError: context window exceeded"),
        Reply("too large", status=413),
    ],
)
def test_what_does_not_fit_is_written_in_smaller_parts(studio: Studio, overflow: Reply) -> None:
    def answer(asked: Asked) -> Reply:
        if len(said(asked)) > 8_000:
            return overflow
        return completion(outline(1, 2)) if wants(asked) == "outline" else completion(GOOD)

    made = studio.make(answer, DOCUMENT)
    assert made.details["segments"] >= 4
    shorter = studio.make(answer, DOCUMENT[:9_000])
    assert shorter.details["segments"] >= 4


def test_what_fits_in_no_part_is_an_error(studio: Studio) -> None:
    overflow = refusal(400, "maximum context length is 10 tokens", "context_length_exceeded")
    assert studio.fails(in_turn(overflow), DOCUMENT).reason == "LLM_TOO_LONG"
    assert studio.fails(in_turn(overflow)).reason == "LLM_TOO_LONG"


def test_a_prompt_that_a_server_cuts_in_silence_is_noticed(studio: Studio) -> None:
    def answer(asked: Asked) -> Reply:
        reply = completion(outline(1, 2) if wants(asked) == "outline" else GOOD)
        tokens = min(1000, len(said(asked)) // 4)
        reply.body["usage"]["prompt_tokens"] = tokens
        return reply

    studio.make(answer, DOCUMENT[:11_000])
    assert len(studio.asked) > 3


def test_a_plan_that_does_not_fit_is_asked_for_with_less(studio: Studio) -> None:
    def answer(asked: Asked) -> Reply:
        if wants(asked) != "outline":
            return completion(GOOD)
        return refusal(400, "maximum context length") if len(said(asked)) > 6_000 else completion(outline(1, 2))

    made = studio.make(answer, DOCUMENT)
    assert not made.notices


def test_when_the_time_is_over_the_rest_is_the_offline_writers(studio: Studio) -> None:
    def section(title: str, asked: Asked) -> Reply:
        return Reply(delay=3) if title == "Part 5" else told(title, asked)

    made = studio.make(librarian(completion(outline(1, 3, 5)), section), DOCUMENT, budget_seconds="1.5")
    assert [notice.reason for notice in made.notices] == ["SECTION_BY_OTHER_WRITER"]
    assert "what Part 3 says" in " ".join(scene_.narration for scene_ in studio.read(made).scenes)
