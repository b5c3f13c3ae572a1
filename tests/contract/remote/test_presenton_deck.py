"""Slides by Presenton: what a deck costs, whose page is whose, how it is ordered and by whom."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import ImageColor
from tests.contract.remote.presenton_server import Presenton
from tests.contract.remote.presenton_slides import (
    DECK,
    QUICK,
    ground,
    make,
    pixels,
    request,
)

from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Code, Image, Slide
from kinescribe_server.visuals.presenton import make_slide_with_presenton
from kinescribe_server.visuals.protocol import VisualRequest
from kinescribe_server.visuals.themes import theme_named


class TestADeck:
    @pytest.mark.parametrize("cloud", [False, True], ids=["self-hosted", "cloud"])
    def test_is_ordered_once_and_gives_each_slide_its_page(self, cloud: bool, bench: WorkerBench) -> None:
        with Presenton(cloud=cloud, polls=3) as server:
            for page in (2, 0, 1):
                made = make(server, request(page), bench)

                picture = pixels(made, bench)
                assert picture.shape == (360, 640, 3)
                assert picture[350, 630].tolist() == picture[2, 2].tolist() == ground(page)
                assert made.details["states"] == [{"picture": "state-00", "cue": "", "changed": None}]
                record = json.loads(bench.artifacts.read(made.files["layout"].sha256))
                assert record == {"width": 640, "height": 360, "boxes": []}

            assert len(server.orders) == 1
            assert len(server.asked_for(".pdf")) == 1

    def test_is_made_once_though_all_its_slides_are_wanted_at_once(self, bench: WorkerBench) -> None:
        with Presenton(polls=3) as server, ThreadPoolExecutor(3) as workers:
            made = list(workers.map(lambda page: make(server, request(page), bench), (0, 1, 2)))

        assert [pixels(page, bench)[2, 2].tolist() for page in made] == [ground(0), ground(1), ground(2)]
        assert len(server.orders) == 1

    def test_is_drawn_again_and_not_ordered_again_for_a_film_of_another_size(self, bench: WorkerBench) -> None:
        with Presenton() as server:
            make(server, request(), bench)
            tall = pixels(make(server, request(width=360, height=640), bench), bench)

        paper = list(ImageColor.getrgb(theme_named("light").colors["page"]))
        assert tall.shape == (640, 360, 3)
        assert tall[100, 180].tolist() == tall[540, 180].tolist() == paper
        assert tall[320, 2].tolist() == ground(0)
        assert len(server.orders) == 1

    def test_is_drawn_again_when_a_page_was_swept_away(self, bench: WorkerBench) -> None:
        with Presenton() as server:
            made = make(server, request(), bench)
            bench.artifacts.path(made.files["state-00"].sha256).unlink()

            assert pixels(make(server, request(), bench), bench)[2, 2].tolist() == ground(0)
            assert len(server.orders) == 1

    def test_is_ordered_again_when_nothing_of_it_is_left(self, bench: WorkerBench, tmp_path: Path) -> None:
        with Presenton() as server:
            make(server, request(), bench)
            for file in (tmp_path / "artifacts").glob("*/*"):
                file.unlink()
            make(server, request(), bench)

        assert len(server.orders) == 2

    def test_is_ordered_again_when_its_text_changes(self, bench: WorkerBench) -> None:
        with Presenton() as server:
            make(server, request(), bench)
            make(server, request(deck=(replace(DECK[0], title="Other"), *DECK[1:])), bench)

        assert [order.slides[0].splitlines()[0] for order in server.orders] == ["# What is #1?", "# Other"]

    def test_holds_no_slide_with_uploaded_pictures(self, bench: WorkerBench) -> None:
        pictured = Slide("Pictured", "", (Image("photo.png", "A photo"),))
        deck = (DECK[0], pictured, DECK[2])
        with Presenton() as server:
            last = make(server, request(2, deck), bench)
            with pytest.raises(MakeError) as refused:
                make(server, request(1, deck), bench)

        assert refused.value.reason == "PICTURES_NOT_SENT"
        assert len(server.orders[0].slides) == 2
        assert pixels(last, bench)[2, 2].tolist() == ground(1)

    def test_of_one_slide_is_made_where_no_deck_is_given(self, bench: WorkerBench) -> None:
        with Presenton() as server:
            make(server, VisualRequest(DECK[0], width=640, height=360), bench)

        assert len(server.orders[0].slides) == 1

    def test_takes_only_slides(self, bench: WorkerBench) -> None:
        with Presenton() as server, pytest.raises(MakeError) as refused:
            make(server, VisualRequest(Code("x = 1")), bench)
        assert refused.value.reason == "VISUAL_MISMATCH"


class TestAnOrder:
    def test_asks_a_server_of_ones_own_for_these_slides_and_no_others(self, bench: WorkerBench) -> None:
        with Presenton() as server:
            make(server, request(), bench)

        order = dict(server.orders[0].request)
        assert order.pop("content").startswith("# What is #1?")
        assert "exactly one slide" in order.pop("instructions")
        assert order == {
            "language": "German",
            "n_slides": 3,
            "slides_markdown": [
                "# What is #1?\n\nA start\n\nOne paragraph.",
                "# Second: 50 % of it\n\n- First\n- Second",
                "# The end",
            ],
            "template": "general",
            "include_title_slide": False,
            "include_table_of_contents": False,
            "web_search": False,
            "trigger_webhook": False,
            "export_as": "pdf",
        }

    def test_asks_the_cloud_in_its_own_words(self, bench: WorkerBench) -> None:
        with Presenton(cloud=True) as server:
            make(server, request(), bench)

        order = server.orders[0].request
        assert order["slides"][2] == {"content": "# The end"}
        assert (order["standard_template"], order["content_generation"]) == ("general", "preserve")
        assert "slides_markdown" not in order
        assert None not in order.values()

    @pytest.mark.parametrize("ending", ["/", "/api/v1", "/api/v1/ppt/presentation"])
    def test_goes_to_the_server_whatever_of_its_address_was_copied(self, ending: str, bench: WorkerBench) -> None:
        with Presenton() as server:
            make_slide_with_presenton(request(), bench, base_url=server.url + ending, pace=QUICK)

        assert len(server.orders) == 1

    @pytest.mark.parametrize("address", ["presenton:5001", "http://me:secret@host"])
    def test_is_not_sent_to_what_is_no_address(self, address: str, bench: WorkerBench) -> None:
        with pytest.raises(MakeError) as refused:
            make_slide_with_presenton(request(), bench, base_url=address)
        assert refused.value.reason == "SETTING_INVALID"
        assert "PRESENTON_URL" in refused.value.message
        assert "secret" not in refused.value.message


class TestCredentials:
    @pytest.mark.parametrize(
        ("auth", "header"), [("basic", "Basic dXNlcjpoaWRkZW4tcGFzc3dvcmQ="), ("bearer", "Bearer sk-presenton-1")]
    )
    def test_are_sent_with_every_request(
        self, auth: str, header: str, bench: WorkerBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PRESENTON_USERNAME", "user")
        monkeypatch.setenv("PRESENTON_PASSWORD", "hidden-password")
        monkeypatch.setenv("PRESENTON_API_KEY", "sk-presenton-1")
        with Presenton(authorization=header) as server:
            make(server, request(), bench, auth)

        assert {asked.headers["authorization"] for asked in server.asked} == {header}
        stored = b"".join(path.read_bytes() for path in bench.artifacts.scratch().rglob("*.json"))
        assert stored
        assert b"hidden" not in stored
        assert b"sk-presenton" not in stored

    def test_that_are_wrong_are_refused_once_and_not_shown(
        self, bench: WorkerBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PRESENTON_API_KEY", "sk-presenton-wrong")
        with Presenton(authorization="Bearer sk-presenton-right") as server, pytest.raises(MakeError) as refused:
            make(server, request(), bench, "bearer")

        assert refused.value.reason == "REMOTE_KEY_REFUSED"
        assert "Unauthorized" in refused.value.message
        assert "sk-presenton" not in refused.value.message
        assert len(server.asked) == 1

    def test_that_are_not_set_are_named(self, bench: WorkerBench, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delenv("PRESENTON_API_KEY", raising=False)
        with Presenton() as server, pytest.raises(MakeError) as refused:
            make(server, request(), bench, "bearer")
        assert (refused.value.reason, "PRESENTON_API_KEY" in refused.value.message) == ("REMOTE_KEY_REFUSED", True)
