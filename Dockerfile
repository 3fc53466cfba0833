# The API and the ingest command line, from the same hash-locked list as `make run`.
FROM python:3.11-slim AS build
WORKDIR /build
RUN python -m venv /opt/rag
COPY locks/runtime.txt locks/
RUN /opt/rag/bin/pip install --no-cache-dir --no-deps --require-hashes -r locks/runtime.txt
COPY pyproject.toml README.md ./
COPY rag_core rag_core
COPY ingest ingest
COPY rag_api rag_api
RUN /opt/rag/bin/pip install --no-cache-dir --no-deps --no-build-isolation . \
    && /opt/rag/bin/pip uninstall --yes pip setuptools

FROM python:3.11-slim
# One user without a shell or a home of its own; all state is in the volume.
RUN useradd --system --uid 10001 --home-dir /var/lib/rag --shell /usr/sbin/nologin rag \
    && install -d -o rag -g rag -m 0750 /var/lib/rag
COPY --from=build /opt/rag /opt/rag
COPY data/sample /usr/share/rag/sample
ENV PATH=/opt/rag/bin:$PATH PYTHONUNBUFFERED=1 RAG_HOME=/var/lib/rag RAG_HOST=0.0.0.0 RAG_PORT=8000
USER rag
WORKDIR /var/lib/rag
VOLUME /var/lib/rag
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
CMD ["rag-api", "serve"]
