# syntax=docker/dockerfile:1
FROM python:3.13.7-slim-trixie AS build
WORKDIR /src
COPY requirements/run.txt requirements/run.txt
RUN python -m venv /opt/keyage \
 && /opt/keyage/bin/pip install --no-cache-dir --require-hashes --requirement requirements/run.txt
COPY . .
RUN /opt/keyage/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13.7-slim-trixie
# `keyage diff git:REV` runs git, in a folder that is mounted and so may be of any owner. What is inside such a folder and
# only looks like a repository is none. Debian keeps no older versions of a package, so none is named.
# hadolint ignore=DL3008
RUN apt-get update \
 && apt-get install --yes --no-install-recommends git \
 && rm -rf /var/lib/apt/lists/* \
 && git config --system safe.directory '*' \
 && git config --system safe.bareRepository explicit
# `docker run --user` names users that the image does not know: the home folder is anybody's, as /tmp is.
RUN useradd --uid 10001 --create-home --shell /usr/sbin/nologin keyage \
 && chmod 1777 /home/keyage
COPY --from=build /opt/keyage /opt/keyage
ENV PATH=/opt/keyage/bin:$PATH HOME=/home/keyage PYTHONUNBUFFERED=1
WORKDIR /work
USER 10001
ENTRYPOINT ["keyage"]
CMD ["--help"]
