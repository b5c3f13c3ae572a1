"""Options, brands and attachments of a request: what is refused, what wins, and what a job shows."""

from collections.abc import Callable, Iterator

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from kinescribe.v1 import job_pb2, script_pb2, video_service_pb2, video_service_pb2_grpc
from kinescribe_server.rpc.option_checks import merged

from .test_synchronous_stub import grpc_create_channel, grpc_server, grpc_stub_cls

__all__ = ["grpc_create_channel", "grpc_server", "grpc_stub_cls"]  # pytest finds fixtures by name

Stub = video_service_pb2_grpc.VideoServiceStub
Request = video_service_pb2.GenerateVideoRequest

PNG = b"\x89PNG\r\n\x1a\n"


def violations(call: Callable[[], object]) -> list[tuple[str, str]]:
    with pytest.raises(grpc.RpcError) as caught:
        call()
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    bad = error_details_pb2.BadRequest()
    assert rpc_status.from_call(caught.value).details[1].Unpack(bad)
    return [(violation.field, violation.description) for violation in bad.field_violations]


def fields(call: Callable[[], object]) -> list[str]:
    return [field for field, _ in violations(call)]


def upload(stub: Stub, content: bytes) -> str:
    def parts() -> Iterator[video_service_pb2.UploadAttachmentRequest]:
        description = video_service_pb2.AttachmentDescription(media_type="image/png")
        yield video_service_pb2.UploadAttachmentRequest(description=description)
        yield video_service_pb2.UploadAttachmentRequest(chunk=content)

    return stub.UploadAttachment(parts()).attachment


def options_of(stub: Stub, **request: object) -> job_pb2.VideoOptions:
    """The options that a job has in the end."""
    job = stub.GenerateVideo(Request(source_text="Rain falls.", **request)).job  # type: ignore[arg-type]
    stub.DeleteJob(video_service_pb2.DeleteJobRequest(job_id=job.job_id))
    return job.options


def test_options_win_over_default_options_and_those_over_the_services_own(grpc_stub: Stub) -> None:
    found = options_of(
        grpc_stub,
        options=job_pb2.VideoOptions(width=640, height=360, lexicon={"SQL": "sequel"}),
        default_options=job_pb2.VideoOptions(
            language="de",
            theme="dark",
            width=1280,
            height=720,
            frame_rate=24,
            captions=job_pb2.CAPTION_MODE_OFF,
            strict=True,
            lexicon={"SQL": "S Q L", "GIF": "jif"},
        ),
    )
    assert (found.width, found.height, found.frame_rate, found.speaking_rate) == (640, 360, 24, 1.0)
    assert (found.language, found.theme, found.captions, found.strict) == ("de", "dark", job_pb2.CAPTION_MODE_OFF, True)
    assert dict(found.lexicon) == {"SQL": "sequel", "GIF": "jif"}


def test_a_brand_and_a_retention_are_taken_whole() -> None:
    ours = job_pb2.VideoOptions(brand=job_pb2.Brand(colors={"accent": "#112233"}), retention=Duration(seconds=90))
    theirs = job_pb2.VideoOptions(
        brand=job_pb2.Brand(colors={"page": "#ffffff"}, logo_attachment="logo.png"),
        retention=Duration(seconds=60, nanos=500_000_000),
        voice="heart",
    )
    assert merged(ours, theirs) == job_pb2.VideoOptions(brand=ours.brand, retention=ours.retention, voice="heart")
    assert merged(job_pb2.VideoOptions(), theirs) == theirs
    assert merged(ours, job_pb2.VideoOptions()) == ours


def test_default_options_are_checked_like_options_and_named_apart(grpc_stub: Stub) -> None:
    request = Request(
        source_text="Rain falls.",
        options=job_pb2.VideoOptions(theme="plaid", width=3840),
        default_options=job_pb2.VideoOptions(voice="bob", height=3840, retention=Duration(seconds=1)),
    )
    expected = ["options.theme", "default_options.voice", "default_options.retention", "options.width"]
    assert fields(lambda: grpc_stub.GenerateVideo(request)) == expected
    preview = video_service_pb2.PreviewScriptRequest(
        source_text="Rain falls.", options=request.options, default_options=request.default_options
    )
    assert fields(lambda: grpc_stub.PreviewScript(preview)) == expected


def test_a_brand_is_carried_and_shown(grpc_stub: Stub) -> None:
    logo = upload(grpc_stub, PNG)
    brand = job_pb2.Brand(colors={"accent": "#1A73E8"}, fonts={"heading": "Inter"}, logo_attachment=logo)
    shown = options_of(grpc_stub, options=job_pb2.VideoOptions(brand=brand)).brand
    assert (dict(shown.colors), dict(shown.fonts)) == ({"accent": "#1a73e8"}, {"heading": "Inter"})
    assert shown.logo_attachment == logo
    assert not options_of(grpc_stub).HasField("brand")


def test_what_is_wrong_with_a_brand_is_named_with_what_is_allowed(grpc_stub: Stub) -> None:
    brand = job_pb2.Brand(
        colors={"accent": "blue", "sky": "#000000", "page": "#12345", "text": "#000000\n"},
        fonts={"heading": "Comic Sans MS", "footnote": "Inter"},
    )
    request = Request(source_text="Rain falls.", options=job_pb2.VideoOptions(brand=brand))
    found = dict(violations(lambda: grpc_stub.GenerateVideo(request)))
    at = "options.brand"
    assert set(found) == {
        *(f"{at}.colors", f'{at}.colors["accent"]', f'{at}.colors["page"]', f'{at}.colors["text"]'),
        *(f"{at}.fonts", f'{at}.fonts["heading"]'),
    }
    assert found[f'{at}.colors["accent"]'] == '"blue" is not "#rrggbb", for example "#1a73e8"'
    assert found[f"{at}.colors"].startswith('no role has the name "sky"; allowed: ')
    assert "accent" in found[f"{at}.colors"]
    assert found[f"{at}.fonts"] == 'no role has the name "footnote"; allowed: heading, body, code'
    assert found[f'{at}.fonts["heading"]'].startswith('"Comic Sans MS" is not known; allowed: Inter, ')


def test_the_worst_brand_fits_into_the_reply(grpc_stub: Stub) -> None:
    roles = "page card band text muted accent line heading body code".split()
    worst = job_pb2.Brand(
        colors={**{f"{number}é" * 50: "x" for number in range(500)}, **dict.fromkeys(roles, "ß" * 500)},
        fonts=dict.fromkeys(roles, "€" * 500),
        logo_attachment="x" * 500,
    )
    request = Request(
        source_text="Rain falls.",
        options=job_pb2.VideoOptions(brand=worst),
        default_options=job_pb2.VideoOptions(brand=worst),
    )
    found = violations(lambda: grpc_stub.GenerateVideo(request))
    assert len(found) > 3
    assert found[-1][1].endswith("more violations")


@pytest.mark.parametrize("validate_only", [False, True])
def test_a_logo_has_to_be_uploaded(grpc_stub: Stub, validate_only: bool) -> None:
    options = job_pb2.VideoOptions(brand=job_pb2.Brand(logo_attachment="never.png"))
    request = Request(source_text="Rain falls.", options=options, validate_only=validate_only)
    assert violations(lambda: grpc_stub.GenerateVideo(request)) == [
        ("options.brand.logo_attachment", '"never.png" was not uploaded')
    ]


def test_pictures_that_a_text_names_have_to_be_uploaded(grpc_stub: Stub) -> None:
    there = upload(grpc_stub, PNG)
    attachments = {"a.png": there, "b.png": "never.png", "c" * 80: "nor-this.png"}
    expected = [
        ('attachments["b.png"]', '"never.png" was not uploaded'),
        (f'attachments["{"c" * 60}…"]', '"nor-this.png" was not uploaded'),
    ]
    request = Request(source_text="Rain falls.", attachments=attachments)
    assert sorted(violations(lambda: grpc_stub.GenerateVideo(request))) == expected
    preview = video_service_pb2.PreviewScriptRequest(source_text="Rain falls.", attachments=attachments)
    assert sorted(violations(lambda: grpc_stub.PreviewScript(preview))) == expected
    request.validate_only = True
    del request.attachments["b.png"], request.attachments["c" * 80]
    assert not grpc_stub.GenerateVideo(request).HasField("job")


def test_the_map_of_pictures_has_limits(grpc_stub: Stub) -> None:
    attachments = {"": "a.png", "x" * 1_001: "a.png", "y": "", "z": "z" * 101}
    request = Request(source_text="Rain falls.", attachments=attachments)
    assert sorted(fields(lambda: grpc_stub.GenerateVideo(request))) == [
        *("attachments", "attachments"),
        *('attachments["y"]', 'attachments["z"]'),
    ]
    many = Request(source_text="Rain falls.", attachments={str(number): "a.png" for number in range(201)})
    assert violations(lambda: grpc_stub.GenerateVideo(many)) == [
        ("attachments", "201 were given; at most 200 are allowed")
    ]
    scene = script_pb2.Scene(narration="Hello.")
    script = Request(script=script_pb2.Script(scenes=[scene]), attachments={"a.png": "a.png"})
    assert fields(lambda: grpc_stub.GenerateVideo(script)) == ["attachments"]


def test_every_picture_of_a_script_has_to_be_uploaded_wherever_it_is(grpc_stub: Stub) -> None:
    there = upload(grpc_stub, PNG)
    block, good = (script_pb2.SlideBlock(image=script_pb2.Image(attachment=name)) for name in ("gone.png", there))
    words = script_pb2.SlideBlock(paragraph=script_pb2.Paragraph(text="Words."))
    columns = script_pb2.SlideBlock(columns=script_pb2.Columns(first=[good, block], second=[words, block]))
    slide = script_pb2.Slide(blocks=[words, block, good, columns])
    scenes = [
        script_pb2.Scene(narration="Hello."),
        script_pb2.Scene(visual=script_pb2.Visual(image=script_pb2.Image(attachment="gone.png"))),
        script_pb2.Scene(visual=script_pb2.Visual(slide=slide)),
    ]
    request = Request(script=script_pb2.Script(scenes=scenes))
    at = "script.scenes[2].visual.slide.blocks"
    assert violations(lambda: grpc_stub.GenerateVideo(request)) == [
        (field, '"gone.png" was not uploaded')
        for field in (
            "script.scenes[1].visual.image.attachment",
            f"{at}[1].image.attachment",
            f"{at}[3].columns.first[1].image.attachment",
            f"{at}[3].columns.second[1].image.attachment",
        )
    ]


def test_what_a_slide_cannot_hold_is_refused(grpc_stub: Stub) -> None:
    empty, table = script_pb2.SlideBlock(), script_pb2.SlideBlock(table=script_pb2.Table(header=["a"]))
    table.table.alignments.append(9)  # type: ignore[arg-type]
    table.table.rows.add(cells=["1", "2"])
    nested = script_pb2.SlideBlock(columns=script_pb2.Columns(first=[table]))
    columns = script_pb2.SlideBlock(columns=script_pb2.Columns(first=[nested, empty], second=[table] * 51))
    slide = script_pb2.Slide(blocks=[columns, empty, table], layout=99)  # type: ignore[arg-type]
    chart = script_pb2.Chart(kind=99)  # type: ignore[arg-type]
    scenes = [
        script_pb2.Scene(visual=script_pb2.Visual(slide=slide)),
        script_pb2.Scene(visual=script_pb2.Visual(chart=chart)),
    ]
    request = Request(script=script_pb2.Script(scenes=scenes))
    at = "script.scenes[0].visual.slide"
    assert fields(lambda: grpc_stub.GenerateVideo(request)) == [
        f"{at}.layout",
        f"{at}.blocks[0].columns.first[0].columns",
        f"{at}.blocks[0].columns.first[1]",
        f"{at}.blocks[0].columns.second",
        f"{at}.blocks[1]",
        f"{at}.blocks[2].table",
        f"{at}.blocks[2].table.alignments[0]",
        "script.scenes[1].visual.chart.kind",
    ]
