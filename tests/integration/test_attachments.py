"""Pictures of the user's own, from a Markdown file or a script to the film, and a brand on every page."""

import io
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image, ImageChops, ImageDraw
from tests.integration.test_command_line import SMALL, check_film, events, kinescribe

from kinescribe import Client
from kinescribe.v1 import job_pb2, script_pb2
from kinescribe_server.app import Service

OPTIONS = job_pb2.VideoOptions(width=640, height=360, frame_rate=24)
BLUE, ORANGE, GREEN = "#1a4fd8", "#e8710a", "#0b8043"
BRAND = job_pb2.Brand(colors={"page": "#fff4e0", "accent": "#7a1fa2"}, fonts={"heading": "JetBrains Mono"})


def picture(color: str, kind: str = "PNG", size: tuple[int, int] = (320, 200)) -> bytes:
    image = Image.new("RGB", size, color)
    ImageDraw.Draw(image).rectangle((0, 0, 12, 12), fill="#000000")
    data = io.BytesIO()
    image.save(data, kind)
    return data.getvalue()


def share(page: Image.Image, color: str) -> float:
    """How much of a page has about that colour, 0 to 1."""
    flat = Image.new("RGB", page.size, color)
    off = ImageChops.difference(page.convert("RGB"), flat).point(lambda value: 255 if value >= 24 else 0)
    near = ImageChops.invert(off).split()
    both = ImageChops.darker(ImageChops.darker(near[0], near[1]), near[2])
    return both.histogram()[255] / (page.width * page.height)


@pytest.fixture
async def client(service: Service) -> AsyncIterator[Client]:
    async with Client(service.address) as client:
        yield client


async def finished(client: Client, job: job_pb2.Job) -> job_pb2.Job:
    async with client.watch(job.job_id) as messages:
        async for _ in messages:
            pass
    return await client.get_job(job.job_id, full=True)


async def last_states(client: Client, job: job_pb2.Job, folder: Path) -> list[Image.Image]:
    """What each segment shows in the end."""
    pages = []
    for segment in job.segments:
        name = max(artifact.name for artifact in segment.artifacts if "/state-" in artifact.name)
        await client.download(job.job_id, name, folder / "state.png")
        with Image.open(folder / "state.png") as page:
            pages.append(page.copy())
    return pages


async def test_a_scripts_pictures_are_drawn_wherever_they_stand(client: Client, tmp_path: Path) -> None:
    blue = await client.upload_attachment(picture(BLUE), "image/png")
    orange = await client.upload_attachment(picture(ORANGE, "JPEG"), "image/jpeg")
    green = await client.upload_attachment(picture(GREEN, "WEBP"), "image/webp")
    first, second, third = (
        script_pb2.SlideBlock(image=script_pb2.Image(attachment=name, description="A box"))
        for name in (blue, orange, green)
    )
    columns = script_pb2.SlideBlock(columns=script_pb2.Columns(first=[second], second=[third]))
    scenes = [
        script_pb2.Scene(narration="A box.", visual=script_pb2.Visual(image=first.image)),
        script_pb2.Scene(
            narration="The same on a slide.",
            visual=script_pb2.Visual(slide=script_pb2.Slide(title="On a slide", blocks=[first])),
        ),
        script_pb2.Scene(
            narration="Two boxes.",
            visual=script_pb2.Visual(slide=script_pb2.Slide(title="Side by side", blocks=[columns])),
        ),
    ]
    job = await finished(client, await client.generate(script=script_pb2.Script(scenes=scenes), options=OPTIONS))
    assert job.status == job_pb2.JOB_STATUS_SUCCEEDED
    assert list(job.warnings) == []
    alone, on_slide, beside = await last_states(client, job, tmp_path)
    assert share(alone, BLUE) > 0.3
    assert share(on_slide, BLUE) > 0.15
    assert share(beside, ORANGE) > 0.05
    assert share(beside, GREEN) > 0.05


async def test_a_brand_is_on_every_page_also_on_a_placeholder(client: Client, tmp_path: Path) -> None:
    brand = job_pb2.Brand()
    brand.CopyFrom(BRAND)
    brand.logo_attachment = await client.upload_attachment(picture(GREEN, size=(200, 200)), "image/png")
    text = "# Rain\n\nRain falls.\n\n- It is wet\n- It is cold\n"
    text += "\n## Clouds\n\nThey hold water.\n\n![A cloud](cloud.jpg)\n"
    default_options = job_pb2.VideoOptions(theme="dark", brand=brand)
    job = await finished(client, await client.generate(text=text, options=OPTIONS, default_options=default_options))
    assert job.status == job_pb2.JOB_STATUS_SUCCEEDED
    assert (job.options.theme, job.options.brand) == ("dark", brand)
    assert [segment.degraded_reason for segment in job.segments if segment.degraded_reason] == ["ATTACHMENT_MISSING"]
    pages = await last_states(client, job, tmp_path)
    assert len(pages) >= 2
    for page in pages:
        assert share(page, "#fff4e0") > 0.3
        assert share(page, GREEN) > 0.0004  # a logo is small


async def test_a_preview_has_the_pictures_that_the_job_has(client: Client) -> None:
    name = await client.upload_attachment(picture(BLUE), "image/png")
    text = "# Boxes\n\nThis is a box.\n\n![A blue box](<img/my box.png>)\n"
    preview = await client.preview_script(text, attachments={"img/my box.png": name}, options=OPTIONS)
    shown = [scene.visual.image.attachment for scene in preview.script.scenes if scene.visual.HasField("image")]
    assert shown == [name]
    job = await finished(
        client, await client.generate(text=text, options=OPTIONS, attachments={"img/my box.png": name})
    )
    assert (job.script, list(job.warnings)) == (preview.script, [])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two texts in folders of their own, with pictures; what one test has made the next need not make again."""
    folder = tmp_path_factory.mktemp("attachments")
    for name, color in (("one", BLUE), ("two", ORANGE)):
        (folder / name / "img").mkdir(parents=True)
        (folder / name / "img" / "box.png").write_bytes(picture(color))
        (folder / name / f"{name}.md").write_text(
            "# A box\n\nHere is a box.\n\n![The box of " + name + "](img/box.png)\n"
        )
    (folder / "one" / "copy.jpg").write_bytes(picture(BLUE))  # a PNG, whatever its name
    with (folder / "one" / "one.md").open("a") as file:
        file.write("\n## Again\n\nIt is the same.\n\n![The box again][again]\n\n[again]: copy.jpg\n")
    return folder


async def images_of(folder: Path, output: str) -> list[list[str]]:
    """The attachments that the finished jobs of a command's JSON output show, job by job."""
    from kinescribe_server.app import run_service  # noqa: PLC0415 -- as a second command would

    job_ids = dict.fromkeys(message.event.job_id for message in events(output))
    async with (
        run_service(folder / "data", log_file=folder / "after.log") as running,
        Client(running.address) as client,
    ):
        jobs = [await client.get_job(job_id, full=True) for job_id in job_ids]
    return [
        [scene.visual.image.attachment for scene in job.script.scenes if scene.visual.HasField("image")] for job in jobs
    ]


async def test_pictures_beside_a_text_are_shown_and_equal_ones_uploaded_once(folder: Path) -> None:
    done = kinescribe(folder, "render", "one", "two", "-o", "films/", "--json", "--data", "data", *SMALL)
    assert (done.returncode, done.stderr) == (0, "")
    check_film(folder / "films" / "one.mp4")
    shown = sorted(await images_of(folder, done.stdout), key=len)
    assert [len(names) for names in shown] == [1, 2]
    assert len(set(shown[1])) == 1
    assert set(shown[0]).isdisjoint(shown[1])
    log = (folder / "data" / "service.log").read_text()
    assert log.count("VideoService/UploadAttachment") == 2


def test_a_missing_picture_stops_the_command_before_anything_is_started(folder: Path) -> None:
    (folder / "three.md").write_text("# Three\n\nWords.\n\n![Gone](gone.png)\n")
    done = kinescribe(folder, "render", "three.md", "one", "--data", "elsewhere", *SMALL)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == 'kinescribe: three.md:5: picture "gone.png": there is no such file\n'
    assert not (folder / "elsewhere").exists()


def test_what_may_not_be_read_is_named_and_becomes_a_placeholder(folder: Path) -> None:
    (folder / "two" / "link.png").symlink_to("../one/img/box.png")
    names = ("../one/img/box.png", "link.png", "https://example.org/a.png", "/box.png")
    text = "# Four\n\nWords are here.\n" + "".join(f"\n## Part\n\nMore words.\n\n![It]({name})\n" for name in names)
    (folder / "two" / "four.md").write_text(text)
    arguments = ("render", "two/four.md", "--quiet", "--data", "data", *SMALL)
    done = kinescribe(folder, *arguments)
    assert done.returncode == 0
    for number, name in enumerate(names):
        assert f'kinescribe: two/four.md:{9 + 6 * number}: picture "{name}" is not shown: it' in done.stderr
    assert done.stderr.count("ATTACHMENT_MISSING") == len(names)
    strict = kinescribe(folder, *arguments, "--strict")
    assert strict.returncode == 3
    piped = kinescribe(folder, "render", "-", "--data", "data", *SMALL)
    assert piped.returncode == 2  # nothing came


def test_settings_of_a_project_hold_where_no_flag_says_otherwise(folder: Path) -> None:
    project = folder / "project"
    (project / "docs").mkdir(parents=True)
    (project / "logo.png").write_bytes(picture(GREEN))
    (project / "docs" / "a.md").write_text("# A\n\nHere are words, and enough of them to last a while.\n")
    (project / "brand.toml").write_text('[colors]\naccent = "#7A1FA2"\n')
    settings = '[render]\nsize = "640x360"\nframe_rate = 24\ncaptions = false\ntheme = "dark"\n'
    settings += '[brand]\nlogo = "logo.png"\n[brand.fonts]\nheading = "Inter"\n'
    (project / "kinescribe.toml").write_text(settings)
    flags = ("--theme", "light", "--brand", "../brand.toml", "--data", str(folder / "data"))
    done = kinescribe(project / "docs", "render", "a.md", *flags)
    assert done.returncode == 0, done.stderr
    check_film(project / "docs" / "a.mp4")  # 640x360
    assert not (project / "docs" / "a.vtt").exists()


def test_mistakes_in_settings_and_brands_are_named_with_their_files(folder: Path) -> None:
    project = folder / "mistakes"
    project.mkdir()
    (project / "a.md").write_text("# A\n\nHere are words.\n")
    toml = project / "kinescribe.toml"
    toml.write_text('[render]\ntheme = "neon"\n[brand.colors]\nsky = "#000000"\n')
    (project / "brand.toml").write_text('[colors]\naccent = "red"\n')
    arguments = ("render", "a.md", "--brand", "brand.toml", "--data", str(folder / "data"), *SMALL)
    refused = kinescribe(project, *arguments)
    assert refused.returncode == 2
    assert [line.split(";")[0] for line in refused.stderr.splitlines()] == [
        'kinescribe: brand.colors["accent"]: "red" is not "#rrggbb", for example "#1a73e8"',
        f'kinescribe: {toml}: theme: "neon" is not known',
        f'kinescribe: {toml}: brand.colors: no role has the name "sky"',
    ]
    toml.write_text("[render]\nframe_rate = 7\nfps = 25\n")
    refused = kinescribe(project, *arguments)
    assert refused.returncode == 2
    assert refused.stderr.splitlines() == [
        f"kinescribe: {toml}: [render]: fps is not known; allowed: voice, theme, size, language, frame_rate, "
        "speaking_rate, captions, burn_in, motion, music, strict, writer, retention",
        f"kinescribe: {toml}: [render]: frame_rate: 7 is not possible; allowed: 24, 25, 30, 50, 60",
    ]
