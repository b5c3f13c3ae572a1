"""What a chat endpoint answers, in the form of the real ones."""

import json
from typing import Any

from tests.contract.remote.server import Asked, Reply


def completion(content: Any, finish_reason: str = "stop", **message: Any) -> Reply:
    """A completion; content that is no text is its JSON."""
    text = content if isinstance(content, str) or content is None else json.dumps(content)
    choice = {"index": 0, "finish_reason": finish_reason, "message": {"role": "assistant", "content": text, **message}}
    usage = {"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050}
    return Reply({"id": "chatcmpl-1", "object": "chat.completion", "choices": [choice], "usage": usage})


def refusal(status: int, message: str, code: str | None = None, kind: str = "invalid_request_error") -> Reply:
    """An error as OpenAI writes it."""
    return Reply({"error": {"message": message, "type": kind, "param": None, "code": code}}, status=status)


def scene(title: str, narration: str, /, **visual: Any) -> dict[str, Any]:
    visual = visual or {"type": "slide", "title": title, "subtitle": "", "bullets": ["One point", "Another point"]}
    return {"title": title, "narration": narration, "visual": visual}


def script(*scenes: dict[str, Any], title: str = "Machine learning", language: str = "en") -> dict[str, Any]:
    return {"title": title, "language": language, "scenes": list(scenes)}


def said(asked: Asked) -> str:
    """Everything that the model was told."""
    return "\n".join(message["content"] for message in asked.json["messages"])


def wants(asked: Asked) -> str:
    """The name of the schema that is asked for, or the form without one."""
    wanted = asked.json.get("response_format", {"type": "prompt"})
    return str(wanted["json_schema"]["name"] if wanted["type"] == "json_schema" else wanted["type"])
