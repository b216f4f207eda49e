# syntax=docker/dockerfile:1
# One image for all processes: code server, daemon, web server, and the command line of the person who approves.
# The base images are pinned by tag here; pin them by digest when you build for yourself (`docker buildx imagetools inspect`).
FROM python:3.12-slim-bookworm AS build

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/alignment
WORKDIR /build
COPY requirements-server.lock ./
RUN /opt/alignment/bin/pip install --no-deps --require-hashes -r requirements-server.lock
COPY pyproject.toml setup.cfg README.md LICENSE NOTICE ./
COPY alignment_pipeline ./alignment_pipeline
# the locked setuptools builds; nothing is downloaded in this step
RUN /opt/alignment/bin/pip install --no-deps --no-build-isolation --no-index . \
    && /opt/alignment/bin/python -m compileall -q /opt/alignment/lib


FROM python:3.12-slim-bookworm

LABEL org.opencontainers.image.title="alignment_pipeline" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.description="Sales and marketing alignment on Dagster"

ENV PATH=/opt/alignment/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DAGSTER_DISABLE_TELEMETRY=yes \
    DAGSTER_HOME=/opt/dagster \
    ALIGNMENT_HOME=/data/home

RUN groupadd --gid 10001 alignment \
    && useradd --uid 10001 --gid alignment --no-create-home --home-dir /data --shell /usr/sbin/nologin alignment \
    && install -d -o alignment -g alignment -m 0700 /data /data/home /keys/private /keys/public \
    && install -d -o root -g root -m 0755 /opt/dagster

COPY --from=build /opt/alignment /opt/alignment
COPY docker/dagster.yaml docker/workspace.yaml /opt/dagster/

USER 10001:10001
WORKDIR /data
VOLUME ["/data"]
EXPOSE 3000 4000

# what is healthy depends on the process; each service of compose.yaml says its own
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s --retries=3 \
    CMD ["dagster", "api", "grpc-health-check", "--port", "4000"]

CMD ["dagster", "api", "grpc", "--module-name", "alignment_pipeline.definitions", "--host", "0.0.0.0", "--port", "4000"]
