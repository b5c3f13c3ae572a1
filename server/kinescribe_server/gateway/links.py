"""Where things are. Addresses start at the root, so that they hold behind a proxy too."""

from urllib.parse import quote

ROOT = "/api/v1/video"


def of_job(job_id: str) -> dict[str, str]:
    """The addresses that a job has from its beginning."""
    return {
        "status_url": f"{ROOT}/status/{job_id}",
        "events_url": f"{ROOT}/events/{job_id}",
        "playlist_url": f"{ROOT}/hls/{job_id}/film.m3u8",
    }


def of_file(job_id: str, name: str) -> str:
    return f"{ROOT}/files/{job_id}/{quote(name)}"
