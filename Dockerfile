# The service as a container: gRPC on port 50051, HTTP on port 8000, jobs and films in the volume /data.
# REDIS_HOST or REDIS_URL names a Redis; without them the embedded Valkey keeps its data in the volume too.
FROM python:3.12-slim-bookworm AS build
WORKDIR /build
RUN python3 -m venv /opt/kinescribe
# What pip builds from, and nothing else, so that a changed test or text does not install everything again.
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY client client
COPY server server
RUN /opt/kinescribe/bin/pip install --no-cache-dir --disable-pip-version-check '.[celery,server]' \
 && /opt/kinescribe/bin/pip uninstall --yes --quiet --disable-pip-version-check pip

FROM python:3.12-slim-bookworm
COPY --from=build /opt/kinescribe /opt/kinescribe
# A number, so that Kubernetes can see that the user is not root.
RUN useradd --uid 10001 --create-home kinescribe && install -d -o 10001 -g 10001 -m 0700 /data
USER 10001
# With the data folder named, commands that are run in the container join its service.
ENV PATH=/opt/kinescribe/bin:$PATH KINESCRIBE_DATA=/data
WORKDIR /data
VOLUME /data
EXPOSE 50051 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["python3", "-c", "import grpc; from grpc_health.v1.health_pb2 import HealthCheckRequest as Request, HealthCheckResponse as Response; from grpc_health.v1.health_pb2_grpc import HealthStub; raise SystemExit(HealthStub(grpc.insecure_channel('127.0.0.1:50051')).Check(Request(), timeout=4).status != Response.SERVING)"]
ENTRYPOINT ["kinescribe"]
CMD ["serve", "--listen", "0.0.0.0:50051", "--http", "0.0.0.0:8000", "--data", "/data"]
