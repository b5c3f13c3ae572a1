"""The file of a deck: where it may come from, and what it may be."""

import io

import pytest
from tests.contract.remote.presenton_server import Presenton, deck_pdf
from tests.contract.remote.presenton_slides import (
    ground,
    make,
    pixels,
    refusal,
    request,
)
from tests.contract.remote.server import RemoteServer, Reply

from kinescribe_server.engine.bench import WorkerBench


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
