"""The servicer of CatalogService: what this installation can do."""

from collections.abc import Mapping, Sequence

import grpc

from kinescribe.v1 import catalog_service_pb2 as pb
from kinescribe.v1 import catalog_service_pb2_grpc
from kinescribe_server.speech.protocol import VoiceInfo

Context = grpc.aio.ServicerContext[object, object]


class CatalogServicer(catalog_service_pb2_grpc.CatalogServiceServicer):
    """Answers lists that do not change while the service runs: voices, themes (name -> description), and the makers
    of each visual type."""

    def __init__(
        self, voices: Sequence[VoiceInfo], themes: Mapping[str, str], visual_types: Mapping[str, Sequence[str]]
    ) -> None:
        self._voices = pb.ListVoicesResponse(
            voices=[pb.Voice(name=voice.name, languages=voice.languages, engine=voice.engine) for voice in voices]
        )
        self._themes = pb.ListThemesResponse(
            themes=[pb.Theme(name=name, description=description) for name, description in themes.items()]
        )
        self._visual_types = pb.ListVisualTypesResponse(
            visual_types=[pb.VisualType(name=name, makers=makers) for name, makers in visual_types.items()]
        )

    async def ListVoices(self, request: pb.ListVoicesRequest, context: Context) -> pb.ListVoicesResponse:  # noqa: N802
        return self._voices

    async def ListThemes(self, request: pb.ListThemesRequest, context: Context) -> pb.ListThemesResponse:  # noqa: N802
        return self._themes

    async def ListVisualTypes(  # noqa: N802
        self, request: pb.ListVisualTypesRequest, context: Context
    ) -> pb.ListVisualTypesResponse:
        return self._visual_types
