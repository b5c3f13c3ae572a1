"""Makes a film with the stubs on the import path: run on its own by test_old_stubs.py.

Usage: old_client.py ADDRESS   (prints what it saw as JSON)
"""

import json
import sys

import grpc

from kinescribe.v1 import job_pb2, script_pb2, video_service_pb2, video_service_pb2_grpc

_SECONDS = 100


def make_film(address: str) -> dict[str, object]:
    with grpc.insecure_channel(address) as channel:
        stub = video_service_pb2_grpc.VideoServiceStub(channel)
        slide = script_pb2.Slide(title="Old friends", blocks=[script_pb2.SlideBlock()])
        slide.blocks[0].paragraph.text = "An old client still makes films."
        scene = script_pb2.Scene(narration="An old client still makes films.", visual=script_pb2.Visual(slide=slide))
        request = video_service_pb2.GenerateVideoRequest(
            script=script_pb2.Script(title="Old friends", language="en", scenes=[scene]),
            options=job_pb2.VideoOptions(width=640, height=360),
            request_id="an-old-client",
        )
        job_id = stub.GenerateVideo(request, timeout=_SECONDS).job.job_id
        messages = stub.WatchJob(video_service_pb2.WatchJobRequest(job_id=job_id), timeout=_SECONDS)
        events = [message.event for message in messages if message.WhichOneof("message") == "event"]
        job = stub.GetJob(video_service_pb2.GetJobRequest(job_id=job_id), timeout=_SECONDS).job
        film = job.video.film
        download = video_service_pb2.DownloadArtifactRequest(job_id=job_id, name=film.name)
        return {
            "events": [[event.sequence, event.WhichOneof("type")] for event in events],
            "status": job_pb2.JobStatus.Name(job.status),
            "film_bytes": film.size_bytes,
            "downloaded_bytes": sum(len(part.chunk) for part in stub.DownloadArtifact(download, timeout=_SECONDS)),
        }


if __name__ == "__main__":
    json.dump(make_film(sys.argv[1]), sys.stdout)
