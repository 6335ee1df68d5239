# syntax=docker/dockerfile:1
# `gioconda serve` in a container: docs/install.md says how to run it.

FROM python:3.13.7-slim-trixie AS build
WORKDIR /source
COPY . .
RUN --mount=type=cache,target=/root/.cache/pip \
    python -m venv /opt/gioconda \
    && /opt/gioconda/bin/pip install --disable-pip-version-check '.[live]'
# OpenVINO's plugins for other processors than the CPU are 60 MB that nothing here loads.
WORKDIR /opt/gioconda/lib/python3.13/site-packages/openvino/libs
RUN rm -f libopenvino_intel_gpu_plugin.so libopenvino_intel_npu_plugin.so cache.json

FROM python:3.13.7-slim-trixie
LABEL org.opencontainers.image.title="Gioconda" \
    org.opencontainers.image.description="Portraits that speak live, on a plain CPU" \
    org.opencontainers.image.licenses="Apache-2.0"
# /data keeps what is compiled for this processor, and the key that signs videos: give it a volume.
RUN useradd --uid 1000 --create-home gioconda \
    && install --directory --owner=1000 --mode=0700 /data
COPY --from=build /opt/gioconda /opt/gioconda
ENV PATH=/opt/gioconda/bin:$PATH \
    GIOCONDA_CACHE=/data/cache \
    NUMBA_CACHE_DIR=/data/kernels \
    XDG_DATA_HOME=/data \
    PYTHONUNBUFFERED=1
USER 1000
WORKDIR /home/gioconda
VOLUME /data
EXPOSE 7860
# Healthy once it takes sessions; /about needs no key.
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s --retries=3 \
    CMD ["python", "-c", "import json, urllib.request as web; raise SystemExit(not json.load(web.urlopen('http://127.0.0.1:7860/about', timeout=4))['ready'])"]
STOPSIGNAL SIGINT
ENTRYPOINT ["gioconda"]
CMD ["serve", "--host", "0.0.0.0"]
