"""`kinescribe render`: texts in, films out."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from kinescribe.cli.brand import read_brand
from kinescribe.cli.film_options import FilmOptions, GivenOptions
from kinescribe.cli.inputs import gather
from kinescribe.cli.outputs import plan
from kinescribe.cli.parameters import Data, Json, Quiet, check_address, data_folder
from kinescribe.cli.project import find_project_file, read_project
from kinescribe.cli.run import complain, refuse, run
from kinescribe.cli.sound_files import find_sound


def render(
    files: Annotated[
        list[str],
        typer.Argument(
            metavar="FILE",
            show_default=False,
            help="Texts in Markdown or plain prose: files, folders (all .md, .markdown and .txt in them), globs, or -. "
            "Scripts: .yaml or .json files, as `kinescribe script` prints them.",
        ),
    ],
    *,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            "-o",
            metavar="FILE.mp4|DIR/",
            show_default=False,
            help="The film, or a folder for films. Captions (.vtt), transcript (.txt) and poster (.png) go beside it.",
        ),
    ] = None,
    voice: Annotated[str, typer.Option(metavar="NAME", show_default=False, help="The voice that speaks.")] = "",
    theme: Annotated[str, typer.Option(metavar="NAME", show_default=False, help="The look of the pictures.")] = "",
    size: Annotated[
        str | None, typer.Option(metavar="WxH", show_default=False, help="The size in pixels. Default 1920x1080.")
    ] = None,
    language: Annotated[
        str, typer.Option(metavar="TAG", show_default=False, help="The language of the film, for example en.")
    ] = "",
    frame_rate: Annotated[
        int | None,
        typer.Option(metavar="N", show_default=False, help="Frames per second: 24, 25, 30, 50 or 60. Default 30."),
    ] = None,
    speaking_rate: Annotated[
        float | None, typer.Option(metavar="R", show_default=False, help="How fast is spoken: 0.5 to 2. Default 1.")
    ] = None,
    captions: Annotated[
        bool | None,
        typer.Option("--captions/--no-captions", show_default=False, help="Write captions beside the film."),
    ] = None,
    burn_in: Annotated[
        bool, typer.Option("--burn-in", help="Captions in the picture, too, with the spoken word marked.")
    ] = False,
    motion: Annotated[
        bool | None,
        typer.Option("--motion/--no-motion", show_default=False, help="Let what is new fade in."),
    ] = None,
    music: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            show_default=False,
            help="Background music: WAV, FLAC, MP3 or Ogg. Looped, quiet under speech.",
        ),
    ] = None,
    writer: Annotated[
        str,
        typer.Option(
            metavar="NAME", show_default=False, help="Who writes the script: offline, or llm where one is set."
        ),
    ] = "",
    retention: Annotated[
        str | None,
        typer.Option(
            metavar="TIME", show_default=False, help="How long the service keeps the job: 1m to 365d. Default 7d."
        ),
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="A degraded scene makes the film fail.")] = False,
    brand: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.toml",
            show_default=False,
            help='Your colours, fonts and logo: [colors], [fonts], logo = "logo.png".',
        ),
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(
            metavar="HOST:PORT",
            callback=check_address,
            show_default=False,
            help="The service to use. Without it the service of the data folder, run inside this command if need be.",
        ),
    ] = None,
    data: Data = None,
    json: Json = False,
    jobs: Annotated[int, typer.Option(metavar="N", min=1, max=64, help="How many films are made at a time.")] = 2,
    quiet: Quiet = False,
) -> None:
    """Make narrated films of texts.

    Each film is written into the current folder under the name of its text, unless -o says otherwise. Pictures that a
    text names beneath its own folder are shown. Without --server the service runs inside this command and ends with it.
    Ctrl-C cancels.

    Options that are not given come from the text's front matter, then from kinescribe.toml in the current folder or
    above it.

    Exit code 0: delivered (degraded scenes are named on standard error); 1: a job failed; 2: bad usage or input, and
    nothing was started; 3: degraded under --strict; 130: interrupted. Of several films the worst counts.
    """
    options = FilmOptions(
        voice,
        theme,
        language,
        size,
        frame_rate,
        speaking_rate,
        captions,
        strict,
        burn_in=burn_in,
        motion=motion,
        writer=writer,
        retention=retention,
    )
    sources, problems = gather(files)
    problems += options.problems()
    given, option_problems = _with_files(options, brand, music)
    problems += option_problems
    outputs, output_problems = plan(sources, out)
    problems += output_problems

    from kinescribe.cli.pictures import pictures_of  # noqa: PLC0415 -- with the Markdown parser, as below

    pictures = [pictures_of(source) for source in sources]
    for found in pictures:
        problems += found.problems
    for warning in (line for found in pictures for line in found.warnings):
        complain(warning)
    if problems:
        refuse(problems)

    from kinescribe.cli.batch import make_films  # noqa: PLC0415 -- with grpc, which --help does not need
    from kinescribe.cli.display import choose  # noqa: PLC0415
    from kinescribe.cli.film import FilmOrder  # noqa: PLC0415

    orders = [
        FilmOrder(source, files, found.files) for source, files, found in zip(sources, outputs, pictures, strict=True)
    ]
    display = choose(json=json, quiet=quiet, films=len(orders))
    run(make_films(orders, given, display, at_a_time=jobs, server=server, data_dir=data_folder(data)))


def _with_files(
    options: FilmOptions, brand_file: Path | None, music_file: Path | None
) -> tuple[GivenOptions, list[str]]:
    """The options with those of the brand's file and of kinescribe.toml, and with the music, and what is wrong in these
    files."""
    project = FilmOptions()
    problems: list[str] = []
    project_file = find_project_file(Path.cwd(), Path.home())
    if project_file is not None:
        project, problems = read_project(project_file)
    if brand_file is not None:
        brand, found = read_brand(brand_file)
        options = replace(options, brand=brand)
        problems += found
    if music_file is not None:
        try:
            options = replace(options, music=find_sound(music_file))
        except ValueError as error:
            problems.append(f"music: {error}")
    return GivenOptions(options, project, project_file), problems
