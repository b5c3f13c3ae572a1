"""A real browser for the tests: Chromium, driven over its debugging pipe, with no library between."""

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

PROGRAM = shutil.which("chromium") or shutil.which("google-chrome")

_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # tests run as root in containers
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--no-first-run",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
    "--remote-debugging-pipe",
    "--force-device-scale-factor=1",
    "--hide-scrollbars",
)


class Page:
    """A page, to which commands of the DevTools protocol are sent (chromedevtools.github.io/devtools-protocol)."""

    def __init__(self, reader: asyncio.StreamReader, to_browser: int) -> None:
        self._reader = reader
        self._to_browser = to_browser
        self._numbers = count(1)
        self._session = ""

    async def open(self, url: str, width: int, height: int) -> None:
        target = await self.send("Target.createTarget", url="about:blank", newWindow=True, width=width, height=height)
        attached = await self.send("Target.attachToTarget", targetId=target["targetId"], flatten=True)
        self._session = attached["sessionId"]
        # The window's size has the browser's own bars in it.
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        await self.send("Emulation.setDeviceMetricsOverride", **size)
        await self.send("Page.navigate", url=url)

    async def run(self, script: str) -> Any:
        """What a script answers; a promise is waited for."""
        found = await self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in found:
            raise RuntimeError(str(found["exceptionDetails"]))
        return found["result"].get("value")

    async def screenshot(self) -> str:
        """The page as it is seen, as a PNG in Base64."""
        return str((await self.send("Page.captureScreenshot", format="png"))["data"])

    async def send(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        message: dict[str, Any] = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._to_browser, json.dumps(message).encode() + b"\0")
        while True:
            answer = json.loads((await self._reader.readuntil(b"\0"))[:-1])
            if answer.get("id") == number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return dict(answer["result"])


@asynccontextmanager
async def opened(url: str, width: int, height: int) -> AsyncIterator[Page]:
    """A page of a browser that is started for it."""
    assert PROGRAM is not None
    for_browser, to_browser = os.pipe()
    from_browser, of_browser = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # The browser reads commands from descriptor 3 and answers to descriptor 4.
        pipes = f'exec "$0" "$@" 3<&{for_browser} 4>&{of_browser}'
        browser = await asyncio.create_subprocess_exec(
            "bash", "-c", pipes, PROGRAM, *_FLAGS, f"--user-data-dir={profile}",
            pass_fds=(for_browser, of_browser),
            stderr=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )  # fmt: skip
        os.close(for_browser)
        os.close(of_browser)
        reader = asyncio.StreamReader(limit=64 << 20)
        loop = asyncio.get_running_loop()
        transport, _ = await loop.connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(reader), os.fdopen(from_browser, "rb")
        )
        page = Page(reader, to_browser)
        try:
            async with asyncio.timeout(30):
                await page.open(url, width, height)
            yield page
        finally:
            os.write(to_browser, b'{"id":0,"method":"Browser.close"}\0')
            await asyncio.wait_for(browser.wait(), 10)
            transport.close()
            os.close(to_browser)
