"""A Presenton on loopback: v1 as it is served by one's own (0.9), or v3 of its cloud, with the faults of both.

Paths, bodies, statuses and error texts are those of the real one. It makes no slides by a language model: each page of
its PDF shows the first line of the slide that was sent, on a ground of its own colour.
"""

import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote, unquote, urlsplit

import typst
from tests.contract.remote.server import Asked, RemoteServer, Reply

# The ground of page n is the colour n, and so on from the start.
GROUNDS = ("#204080", "#a03020", "#207040", "#806010", "#502070")
_MOST_SLIDES = 50
_TEMPLATES = {"general", "modern", "standard", "swift"}


def deck_pdf(texts: list[str], width: str = "960pt", height: str = "540pt") -> bytes:
    """A PDF as a browser prints it: 1280 x 720 pixels are 960 x 540 points."""
    pages = "\n#pagebreak(weak: true)\n".join(
        f'#page(width: {width}, height: {height}, fill: rgb("{GROUNDS[number % len(GROUNDS)]}"))'
        f"[#text(40pt, fill: white, {json.dumps(text)})]"
        for number, text in enumerate(texts)
    )
    made = typst.compile(pages.encode(), format="pdf")
    assert isinstance(made, bytes)
    return made


@dataclass
class Task:
    id: str
    presentation: str
    request: Mapping[str, Any]
    polls_left: int

    @property
    def slides(self) -> list[str]:
        given = self.request.get("slides_markdown")
        return given if given is not None else [slide["content"] for slide in self.request["slides"]]


@dataclass
class Presenton:
    """How this Presenton is, and what is wrong with it; `orders` are the requests that it took. A context manager."""

    cloud: bool = False
    authorization: str = ""
    """The header that it wants; "" for none."""
    polls: int = 1
    """How often a task is pending when it is asked for."""
    has_list: bool = True
    tells_progress: bool = True
    order_reply: Reply | None = None
    """Answered instead of taking an order."""
    status_reply: Reply | None = None
    file_reply: Reply | None = None
    lost_orders: int = 0
    """So many orders are lost on the way here."""
    lost_answers: int = 0
    """So many orders are taken, and the answer is lost."""
    forgets: int = 0
    """So many tasks are forgotten when they are first asked for: it was started again."""
    fails: tuple[int, str] | None = None
    """A task's error: its status and detail."""
    more_pages: int = 0
    path: str = ""
    """The path that is told, in place of the usual one."""
    orders: list[Task] = field(default_factory=list)

    def __enter__(self) -> Self:
        self._server = RemoteServer(self._answer).__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._server.__exit__(kind, error, traceback)

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def asked(self) -> list[Asked]:
        return self._server.asked

    def asked_for(self, part: str) -> list[Asked]:
        return [asked for asked in self.asked if part in asked.path]

    def take(self, request: Mapping[str, Any]) -> Task:
        """A task, whoever ordered it."""
        number = len(self.orders)
        task = Task(f"task-{number:064x}", str(uuid.UUID(int=number + 1)), request, self.polls)
        self.orders.append(task)
        return task

    def _answer(self, asked: Asked) -> Reply:
        if self.authorization and asked.headers.get("authorization") != self.authorization:
            return Reply({"detail": "Unauthorized"}, 401)
        path = urlsplit(asked.path).path
        if path.startswith("/static/" if self.cloud else "/app_data/exports/"):
            return self._file(unquote(path))
        return self._api(asked, path)

    def _api(self, asked: Asked, path: str) -> Reply:
        base = "/api/v3" if self.cloud else "/api/v1"
        if asked.method == "POST" and path == f"{base}{'' if self.cloud else '/ppt'}/presentation/generate/async":
            return self._ordered(asked.json)
        status = re.fullmatch(rf"{base}/(?:async-task|ppt/presentation)/status/([\w-]+)", path)
        if status and self.cloud == ("async-task" in path):
            return self._status(status[1])
        if path == "/api/v1/async-tasks" and self.has_list and not self.cloud:
            return Reply([self._told(task) for task in reversed(self.orders)])
        if not self.cloud and (found := re.fullmatch(r"/api/v1/ppt/presentation/([\w-]+)", path)):
            return self._presentation(found[1])
        return Reply({"detail": "Not Found"}, 404)

    def _ordered(self, request: Mapping[str, Any]) -> Reply:
        if self.lost_orders:
            self.lost_orders -= 1
            return Reply(drop=0)
        if self.order_reply:
            return self.order_reply
        template = request.get("standard_template" if self.cloud else "template", "general")
        if template not in _TEMPLATES and not template.startswith("custom-"):
            return Reply({"detail": "Template not found. Please use a valid template."}, 400)
        if request.get("n_slides", 8) > _MOST_SLIDES:
            return Reply({"detail": f"Number of slides cannot be greater than {_MOST_SLIDES}"}, 400)
        task = self.take(request)
        if self.lost_answers:
            self.lost_answers -= 1
            return Reply(drop=0)
        return Reply(self._told(task))

    def _status(self, task_id: str) -> Reply:
        task = next((task for task in self.orders if task.id == task_id), None)
        if task and self.forgets:
            self.forgets -= 1
            self.orders.remove(task)
            task = None
        if task is None:
            return Reply({"detail": "No presentation generation task found"}, 404)
        if self.status_reply:
            return self.status_reply
        told = self._told(task)
        task.polls_left = max(0, task.polls_left - 1)
        return Reply(told)

    def _told(self, task: Task) -> dict[str, Any]:
        count = len(task.slides)
        told: dict[str, Any] = {
            "id": task.id,
            "type": "presentation.generate",
            "created_at": "2026-11-22T12:00:00+00:00",
            "updated_at": "2026-11-22T12:00:00+00:00",
            "status": "pending",
            "message": "Queued for generation",
            "error": None,
            "data": None,
        }
        if self.tells_progress:
            told["data"] = {"created_slides": 0, "remaining_slides": count, "presentation_id": task.presentation}
        if task.polls_left > 0:
            return told
        if self.fails:
            status, detail = self.fails
            error = {"status_code": status, "detail": detail}
            return told | {"status": "error", "message": "Presentation generation failed", "error": error}
        progress = {"created_slides": count, "remaining_slides": 0} if self.tells_progress else {}
        data = {
            **progress,
            "presentation_id": task.presentation,
            "path": self.path or self._usual_path(task),
            "edit_path": f"/presentation?id={task.presentation}",
        }
        return told | {"status": "completed", "message": "Presentation generation completed", "data": data}

    def _usual_path(self, task: Task) -> str:
        """The title of the first slide, as it is, is the file's name."""
        title = task.slides[0][:100].replace("#", "").replace("/", "").replace("\n", " ").strip()
        if self.cloud:
            return f"{self.url}/static/user_data/{task.presentation}/{quote(title)}.pdf"
        return f"/app_data/exports/{title}.pdf"

    def _presentation(self, presentation: str) -> Reply:
        task = next((task for task in self.orders if task.presentation == presentation), None)
        if task is None or task.polls_left or self.fails:  # it is written when all its slides are there
            return Reply({"detail": "Presentation not found"}, 404)
        return Reply({"id": presentation, "content": task.request["content"], "n_slides": len(task.slides)})

    def _file(self, path: str) -> Reply:
        if self.file_reply:
            return self.file_reply
        for task in reversed(self.orders):
            usual = self._usual_path(task)
            if path == (unquote(urlsplit(usual).path) if self.cloud else usual) or self.path:
                texts = [text.splitlines()[0].lstrip("# ") or "-" for text in task.slides]
                texts = (texts + ["One too many"] * self.more_pages)[: len(texts) + self.more_pages]
                return Reply(deck_pdf(texts), headers={"Content-Type": "application/pdf"})
        return Reply({"detail": "Asset not found"}, 404)
