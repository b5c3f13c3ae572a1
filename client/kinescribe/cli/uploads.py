"""Uploads pictures and music, each content once."""

import asyncio
import hashlib
from functools import partial

from kinescribe.cli.picture_files import PictureFile
from kinescribe.cli.service import Service
from kinescribe.cli.sound_files import SoundFile
from kinescribe.client import Client


class Uploads:
    """What one command has uploaded to its service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._names: dict[str, str] = {}
        self._one_at_a_time = asyncio.Lock()

    async def name_of(self, file: PictureFile | SoundFile) -> str:
        """The name of the attachment that holds a file, uploaded now if it was not before. Raises OSError if the file
        is gone, KinescribeError if the service does not take it."""
        async with self._one_at_a_time:
            content = await asyncio.to_thread(file.read)
            digest = hashlib.sha256(content).hexdigest()
            if digest not in self._names:
                upload = partial(Client.upload_attachment, content=content, media_type=file.media_type)
                self._names[digest] = await self._service.call(upload)
            return self._names[digest]
