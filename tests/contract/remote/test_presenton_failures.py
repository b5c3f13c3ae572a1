"""What happens when Presenton, or a worker, is not well: no deck is paid for twice."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from tests.contract.remote.presenton_server import Presenton
from tests.contract.remote.presenton_slides import NO_CONTENT, QUICK, make, refusal, request, wait_for
from tests.contract.remote.server import Reply

from kinescribe_server.engine.bench import WorkerBench
from kinescribe_server.jobs.errors import MakeError


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

    def test_of_a_task_that_name_the_key_do_not_show_it(
        self, bench: WorkerBench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("PRESENTON_API_KEY", "hidden-0123456789")
        with (
            Presenton(authorization="Bearer hidden-0123456789", fails=(401, "hidden-0123456789 ran out")) as server,
            pytest.raises(MakeError, match="… ran out"),
        ):
            make(server, request(), bench, "bearer")

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
from tests.contract.remote.presenton_slides import QUICK, request
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
