# syntax=docker/dockerfile:1
FROM python:3.12.11-slim-bookworm AS build
WORKDIR /src
COPY requirements/run.txt requirements/run.txt
RUN python -m venv /opt/keyage \
 && /opt/keyage/bin/pip install --no-cache-dir --require-hashes --requirement requirements/run.txt
COPY . .
RUN /opt/keyage/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.12.11-slim-bookworm
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin keyage
COPY --from=build /opt/keyage /opt/keyage
ENV PATH=/opt/keyage/bin:$PATH PYTHONUNBUFFERED=1
WORKDIR /work
USER 10001
ENTRYPOINT ["keyage"]
CMD ["--help"]
