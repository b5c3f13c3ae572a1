"""Slides by Presenton: what a deck costs, whose page is whose, and what happens when Presenton is not well."""

import io
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageColor
from tests.contract.remote.presenton_server import GROUNDS, Presenton, deck_pdf
from tests.contract.remote.server import RemoteServer, Reply

from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.engine.protocol import Made
from kinescribe_server.jobs.errors import MakeError
from kinescribe_server.script.model import Bullet, BulletList, Code, Image, Paragraph, Slide
from kinescribe_server.visuals.presenton import make_slide_with_presenton
from kinescribe_server.visuals.presenton_deck import Pace
from kinescribe_server.visuals.protocol import VisualRequest
from kinescribe_server.visuals.themes import theme_named

QUICK = Pace(first_poll=0.02, longest_poll=0.1, start=3.0, per_slide=0.1, most=6.0, outage=1.0, arrival=0.2)
DECK = (
    Slide("What is #1?", "A start", (Paragraph("One paragraph."),)),
    Slide("Second: 50 % of it", "", (BulletList((Bullet("First"), Bullet("Second"))),)),
    Slide("The end", layout="closing"),
)
# What a task says where a language model gave nothing (presenton#384).
NO_CONTENT = (400, "LLM did not return any content")


@pytest.fixture
def bench(tmp_path: Path) -> WorkerBench:
    return WorkerBench(ArtifactFolder(tmp_path, min_free_bytes=0))


def request(page: int = 0, deck: tuple[Slide, ...] = DECK, width: int = 640, height: int = 360) -> VisualRequest:
    return VisualRequest(deck[page], "light", width, height, "de-AT", deck=deck, page=page)


def make(server: Presenton, wanted: VisualRequest, bench: WorkerBench, auth: str = "none", pace: Pace = QUICK) -> Made:
    api = "cloud" if server.cloud else "self-hosted"
    return make_slide_with_presenton(wanted, bench, base_url=server.url, api=api, auth=auth, pace=pace)


def refusal(server: Presenton, bench: WorkerBench, pace: Pace = QUICK, page: int = 0) -> MakeError:
    with pytest.raises(MakeError) as refused:
        make(server, request(page), bench, pace=pace)
    assert not refused.value.retryable
    return refused.value


def pixels(made: Made, bench: WorkerBench) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    picture = Pillow.open(io.BytesIO(bench.artifacts.read(made.files["state-00"].sha256)))
    assert picture.mode == "RGB"
    return np.asarray(picture)


def ground(number: int) -> list[int]:
    return list(ImageColor.getrgb(GROUNDS[number])[:3])


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


class TestTheFile:
    @pytest.mark.parametrize(
        "path",
        [
            "/app_data/exports/What is it? #1 50%.pdf",
            "/app_data/exports/already%20quoted.pdf",
            "http://127.0.0.1:1/app_data/exports/as it knows itself.pdf",
        ],
    )
    def test_is_fetched_from_the_server_that_was_asked(self, path: str, bench: WorkerBench) -> None:
        with Presenton(path=path) as server:
            assert pixels(make(server, request(), bench), bench)[2, 2].tolist() == ground(0)

    @pytest.mark.parametrize(
        "path",
        [
            "/etc/passwd",
            "file:///etc/passwd",
            "/app_data/../../etc/passwd",
            "/app_data/%2e%2e/x",
            "//evil/app_data/x",
            "http://[/x.pdf",
            "http://127.0.0.1:99999999/x.pdf",
        ],
    )
    def test_is_no_other_file(self, path: str, bench: WorkerBench) -> None:
        with Presenton(path=path) as server:
            assert refusal(server, bench).reason == "REMOTE_BAD_REPLY"
            assert not server.asked_for("passwd")

    @pytest.mark.parametrize("cloud", [False, True])
    def test_on_another_host_is_not_fetched(self, cloud: bool, bench: WorkerBench) -> None:
        with RemoteServer(lambda _: Reply(deck_pdf(["x"] * 3))) as other:
            with Presenton(cloud=cloud, path=f"{other.url}/files/deck.pdf") as server:
                assert refusal(server, bench).reason == "REMOTE_REFUSED"
            assert other.asked == []

    def test_is_not_fetched_from_where_a_redirect_leads(self, bench: WorkerBench) -> None:
        with RemoteServer(lambda _: Reply(deck_pdf(["x"] * 3))) as other:
            away = Reply(status=302, headers={"Location": f"{other.url}/deck.pdf"})
            with Presenton(file_reply=away) as server:
                assert refusal(server, bench).reason == "REMOTE_REFUSED"
            assert other.asked == []

    @pytest.mark.parametrize(
        ("reply", "reason", "word"),
        [
            (Reply("<html>Sign in</html>", headers={"Content-Type": "text/html"}), "REMOTE_BAD_REPLY", "text/html"),
            (Reply({"detail": "gone"}), "REMOTE_BAD_REPLY", "application/json"),
            (Reply(b"", headers={"Content-Type": "application/pdf"}), "REMOTE_BAD_REPLY", "PDF"),
            (Reply({"detail": "Asset not found"}, 404), "REMOTE_NOT_FOUND", "Asset not found"),
            (Reply(b"%PDF-1.7\n" + b"0" * (65 << 20)), "REMOTE_BAD_REPLY", "bytes"),
            (Reply(b"%PDF-1.7 and nothing"), "DECK_UNREADABLE", "PDF"),
            (Reply(deck_pdf(["x"] * 3)[:4000]), "DECK_", "Presenton"),
            (Reply(deck_pdf(["x"] * 2)), "DECK_MISMATCH", "2 pages of 3 slides"),
            (Reply(deck_pdf(["x"] * 3, width="20000pt")), "DECK_UNREADABLE", "20000 x 540 points"),
            (Reply(deck_pdf(["x"] * 3, height="4pt")), "DECK_UNREADABLE", "960 x 4 points"),
        ],
        ids="html json empty gone huge stump cut-off too-few too-large too-flat".split(),
    )
    def test_that_is_no_deck_is_refused_with_what_it_is(
        self, reply: Reply, reason: str, word: str, bench: WorkerBench
    ) -> None:
        with Presenton(file_reply=reply) as server:
            error = refusal(server, bench)

        assert error.reason.startswith(reason)
        assert word in error.message or error.reason == "DECK_UNREADABLE"

    def test_may_be_called_something_else_than_a_pdf(self, bench: WorkerBench) -> None:
        reply = Reply(deck_pdf(["x"] * 3), headers={"Content-Type": "application/octet-stream"})
        with Presenton(file_reply=reply) as server:
            make(server, request(), bench)

    def test_may_take_its_time(self, bench: WorkerBench) -> None:
        slow = Reply(deck_pdf(["x"] * 3), headers={"Content-Type": "application/pdf"}, delay=0.2, pieces=20, pause=0.01)
        with Presenton(file_reply=slow) as server:
            make(server, request(), bench)

    def test_is_not_ordered_where_nothing_could_read_it(
        self, bench: WorkerBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("kinescribe_server.visuals.presenton_pages.find_spec", lambda _: None)
        with Presenton() as server:
            error = refusal(server, bench)

        assert (error.reason, "kinescribe[presenton]" in error.message) == ("NOT_INSTALLED", True)
        assert server.asked == []

    @pytest.mark.parametrize("more", [-1, 1])
    def test_has_as_many_pages_as_slides_were_sent(self, more: int, bench: WorkerBench) -> None:
        with Presenton(more_pages=more) as server:
            error = refusal(server, bench)

        assert (error.reason, error.message) == ("DECK_MISMATCH", f"Presenton made {3 + more} pages of 3 slides")

    def test_that_never_ends_being_drawn_ends_nothing_else(self, bench: WorkerBench) -> None:
        with Presenton(file_reply=Reply(bomb())) as server:
            error = refusal(server, bench)
        assert error.reason == "DECK_UNREADABLE"


class TestFailures:
    @pytest.mark.parametrize(
        ("reply", "reason", "said"),
        [
            (Reply({"detail": "Template not found. Please use a valid template."}, 400), "REMOTE_REFUSED", "Template"),
            (Reply({"detail": [{"loc": ["body", "n_slides"], "msg": "too many"}]}, 422), "REMOTE_REFUSED", "too many"),
            (
                Reply({"detail": "Login setup is required", "setup_required": True}, 428),
                "REMOTE_REFUSED",
                "Login setup",
            ),
            (Reply({"detail": "Not Found"}, 404), "REMOTE_NOT_FOUND", "Not Found"),
            (Reply("<html>hello</html>", headers={"Content-Type": "text/html"}), "REMOTE_BAD_REPLY", "text/html"),
            (Reply({"id": "../../x", "status": "pending"}), "REMOTE_BAD_REPLY", "no task"),
            (Reply(["pending"]), "REMOTE_BAD_REPLY", "no task"),
        ],
    )
    def test_of_an_order_are_told_with_presentons_own_reason(
        self, reply: Reply, reason: str, said: str, bench: WorkerBench
    ) -> None:
        with Presenton(order_reply=reply) as server:
            error = refusal(server, bench)
            assert (error.reason, said in error.message) == (reason, True)
            assert len(server.asked_for("generate/async")) == 1

    def test_of_a_task_are_told_with_its_reason(self, bench: WorkerBench) -> None:
        with Presenton(fails=NO_CONTENT) as server:
            error = refusal(server, bench)

        assert error.reason == "DECK_FAILED"
        assert NO_CONTENT[1] in error.message
        assert len(server.orders) == 1

    def test_are_remembered_for_the_other_slides_of_the_job(self, bench: WorkerBench) -> None:
        with Presenton(fails=NO_CONTENT) as server:
            first = refusal(server, bench)
            asked = len(server.asked)
            second = refusal(server, bench, page=1)

            assert (second.reason, second.message) == (first.reason, first.message)
            assert len(server.asked) == asked

    def test_that_cost_nothing_are_no_hindrance_once_they_are_mended(self, bench: WorkerBench) -> None:
        with Presenton(
            order_reply=Reply({"detail": "Template not found. Please use a valid template."}, 400)
        ) as server:
            refusal(server, bench)
            server.order_reply = None
            make(server, request(1), bench)

        assert len(server.asked_for("generate/async")) == 2

    def test_end_with_a_task_that_gets_nowhere(self, bench: WorkerBench) -> None:
        with Presenton(polls=1_000_000) as server:
            error = refusal(server, bench, replace(QUICK, start=0.3, per_slide=0.0))

        assert error.reason == "REMOTE_TIMEOUT"
        assert "0 of 3 slides were made" in error.message

    def test_of_the_status_for_a_while_are_waited_through(self, bench: WorkerBench) -> None:
        with Presenton(status_reply=Reply("bad gateway", 502)) as server, ThreadPoolExecutor(1) as worker:
            # Three attempts at a call take a second and a half.
            making = worker.submit(make, server, request(), bench, pace=replace(QUICK, start=20.0, most=20, outage=15))
            wait_for(lambda: len(server.asked_for("status")) >= 4)
            server.status_reply = None
            assert making.result(timeout=20).files

        assert len(server.orders) == 1

    def test_of_a_server_that_is_not_there_are_told(self, bench: WorkerBench) -> None:
        with Presenton() as server:
            pass
        error = refusal(server, bench)
        assert (error.reason, "refused" in error.message) == ("REMOTE_UNAVAILABLE", True)

    def test_without_a_path_to_the_deck_are_told(self, bench: WorkerBench) -> None:
        done = {"id": "task-1", "status": "completed", "data": {"presentation_id": "1"}}
        with Presenton(status_reply=Reply(done)) as server:
            assert "does not say where" in refusal(server, bench).message


class TestALostAnswer:
    """An order costs minutes and money, and Presenton takes it twice if it is sent twice."""

    def test_is_mended_by_finding_the_task(self, bench: WorkerBench) -> None:
        with Presenton(lost_answers=1, polls=0) as server:
            make(server, request(), bench)

            assert len(server.orders) == 1
            assert len(server.asked_for("generate/async")) == 1

    def test_is_mended_though_others_order_decks_of_as_many_slides(self, bench: WorkerBench) -> None:
        with Presenton(lost_answers=1, polls=0) as server:
            server.take({"content": "before", "slides_markdown": ["# 1", "# 2", "# 3"]})
            ours = server._ordered

            def with_another(wanted: dict[str, object]) -> Reply:
                reply = ours(wanted)
                server.take({"content": "after", "slides_markdown": ["# 1", "# 2", "# 3"]})
                return reply

            server._ordered = with_another  # type: ignore[method-assign, assignment]
            make(server, request(), bench)

            assert "Kinescribe deck" in server.orders[1].request["content"]
            assert server.asked_for(f"status/{server.orders[1].id}")
            assert len(server.asked_for("generate/async")) == 1

    def test_that_no_task_follows_is_an_order_that_was_lost_and_is_given_again(self, bench: WorkerBench) -> None:
        with Presenton(lost_orders=1) as server:
            make(server, request(), bench)

            assert len(server.orders) == 1
            assert len(server.asked_for("generate/async")) == 2

    def test_is_not_followed_by_a_third_order(self, bench: WorkerBench) -> None:
        with Presenton(lost_orders=10) as server:
            assert refusal(server, bench).reason == "REMOTE_UNAVAILABLE"
            assert len(server.asked_for("generate/async")) == 2

    @pytest.mark.parametrize(
        "server", [Presenton(has_list=False, lost_answers=1), Presenton(cloud=True, lost_answers=1)]
    )
    def test_is_not_followed_by_an_order_where_nobody_can_tell(self, server: Presenton, bench: WorkerBench) -> None:
        with server:
            error = refusal(server, bench)

            assert "not ordered twice" in error.message
            assert len(server.asked_for("generate/async")) == 1

    def test_of_a_deck_that_failed_is_not_followed_by_an_order(self, bench: WorkerBench) -> None:
        with Presenton(lost_answers=1, polls=0, fails=NO_CONTENT) as server:
            refusal(server, bench)
            assert len(server.asked_for("generate/async")) == 1

    def test_of_a_server_that_was_started_again_means_one_more_order(self, bench: WorkerBench) -> None:
        with Presenton(forgets=1) as server:
            make(server, request(), bench)
            assert len(server.asked_for("generate/async")) == 2

    def test_of_a_server_that_forgets_everything_means_no_more(self, bench: WorkerBench) -> None:
        with Presenton(forgets=10) as server:
            assert refusal(server, bench).reason == "REMOTE_NOT_FOUND"
            assert len(server.asked_for("generate/async")) == 2


_WORKER = """
import sys
from pathlib import Path
from kinescribe_server.artifacts.folder import ArtifactFolder
from kinescribe_server.engine.bench import WorkerBench
from tests.contract.remote.test_presenton import QUICK, request
from kinescribe_server.visuals.presenton import make_slide_with_presenton

bench = WorkerBench(ArtifactFolder(Path(sys.argv[2]), min_free_bytes=0))
make_slide_with_presenton(request(), bench, base_url=sys.argv[1], pace=QUICK)
"""


class TestAWorkerThatDies:
    def die_when(self, server: Presenton, folder: Path, moment: Callable[[], bool]) -> None:
        """A worker is killed at a moment, without a word."""
        root = Path(__file__).parents[3]
        worker = subprocess.Popen([sys.executable, "-c", _WORKER, server.url, str(folder)], cwd=root)
        wait_for(moment)
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()

    def test_leaves_its_task_to_the_next(self, bench: WorkerBench, tmp_path: Path) -> None:
        with Presenton(polls=1_000_000) as server:
            self.die_when(server, tmp_path, lambda: len(server.asked_for("status")) >= 2)
            server.orders[0].polls_left = 1

            assert make(server, request(), bench, pace=replace(QUICK, start=20.0, most=20.0)).files
            assert len(server.asked_for("generate/async")) == 1
            assert {asked.path for asked in server.asked_for("status")} == {server.asked_for("status")[0].path}

    def test_before_it_knew_its_task_leaves_it_to_be_found(self, bench: WorkerBench, tmp_path: Path) -> None:
        with Presenton(polls=0) as server:
            ordered = server._ordered

            def late(wanted: dict[str, object]) -> Reply:
                return replace(ordered(wanted), delay=3.0)

            server._ordered = late  # type: ignore[method-assign, assignment]
            self.die_when(server, tmp_path, lambda: bool(server.orders))

            assert make(server, request(), bench, pace=replace(QUICK, start=20.0, most=20.0)).files
            assert len(server.asked_for("generate/async")) == 1


def wait_for(true: Callable[[], bool], seconds: float = 15.0) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)


def bomb() -> bytes:
    """Three pages, each of which draws forms that draw forms that draw forms: 16 to the power of 8 squares."""
    forms = 8
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Count 3 /Kids [3 0 R 3 0 R 3 0 R] >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 960 540] /Contents 4 0 R "
        b"/Resources << /XObject << /F 5 0 R >> >> >>",
        stream(b"", b"/F Do"),
    ]
    for number in range(forms):
        inner = f"/Resources << /XObject << /F {6 + number} 0 R >> >>".encode()
        objects.append(stream(b"/Type /XObject /Subtype /Form /BBox [0 0 960 540] " + inner, b"/F Do " * 16))
    objects.append(stream(b"/Type /XObject /Subtype /Form /BBox [0 0 960 540]", b"0 0 960 540 re f"))
    out, offsets = io.BytesIO(b"%PDF-1.7\n"), []
    out.seek(0, io.SEEK_END)
    for number, content in enumerate(objects, 1):
        offsets.append(out.tell())
        out.write(b"%d 0 obj\n%s\nendobj\n" % (number, content))
    table = out.tell()
    out.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    out.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
    out.write(b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, table))
    return out.getvalue()


def stream(entries: bytes, content: bytes) -> bytes:
    return b"<< %s /Length %d >>\nstream\n%s\nendstream" % (entries, len(content), content)
