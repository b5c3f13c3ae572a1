"""A protoc plugin for gRPC's Python stubs.

buf can run protoc's own generators and plugins, but the generator of gRPC stubs is compiled into grpcio-tools and has
no plugin of its own. This one hands buf's request on to it.
"""

import pathlib
import subprocess
import sys
import tempfile

from google.protobuf import descriptor_pb2
from google.protobuf.compiler import plugin_pb2


def main() -> int:
    request = plugin_pb2.CodeGeneratorRequest.FromString(sys.stdin.buffer.read())
    response = plugin_pb2.CodeGeneratorResponse(
        supported_features=plugin_pb2.CodeGeneratorResponse.FEATURE_PROTO3_OPTIONAL
    )
    with_services = {file.name for file in request.proto_file if file.service}
    wanted = [name for name in request.file_to_generate if name in with_services]
    with tempfile.TemporaryDirectory() as folder:
        root = pathlib.Path(folder)
        out = root / "out"
        out.mkdir()
        descriptors = root / "set.binpb"
        descriptors.write_bytes(descriptor_pb2.FileDescriptorSet(file=request.proto_file).SerializeToString())
        if wanted:
            done = subprocess.run(
                [
                    *(sys.executable, "-m", "grpc_tools.protoc"),
                    *(f"--descriptor_set_in={descriptors}", f"--grpc_python_out={out}"),
                    *wanted,
                ],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                response.error = done.stderr
        for path in sorted(out.rglob("*.py")):
            response.file.add(name=path.relative_to(out).as_posix(), content=path.read_text())
    sys.stdout.buffer.write(response.SerializeToString())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
