# One image for every role: docker run spanglass:0.1.0 collector | monitor | dashboard | migrate | doctor | keys …
# It talks to a ClickHouse server, so the embedded one (half a gigabyte) is left out.

FROM python:3.12-slim AS build
ENV UV_PROJECT_ENVIRONMENT=/opt/spanglass \
    UV_PYTHON_DOWNLOADS=never \
    UV_COMPILE_BYTECODE=1 \
    UV_LINK_MODE=copy
RUN pip install --no-cache-dir uv==0.13.9
WORKDIR /src
ENV WITHOUT="--no-install-package chdb-core"
# Libraries first: this layer is built again only when the lock changes.
COPY pyproject.toml uv.lock ./
RUN uv sync --locked --no-dev --extra server $WITHOUT --no-install-project
COPY README.md LICENSE ./
COPY sdk sdk
COPY store store
COPY collector collector
COPY monitor monitor
COPY dashboard dashboard
COPY cli cli
RUN uv sync --locked --no-dev --extra server $WITHOUT --no-editable

FROM python:3.12-slim
RUN useradd --system --uid 10001 --home-dir /var/lib/spanglass --create-home --shell /usr/sbin/nologin spanglass
COPY --from=build /opt/spanglass /opt/spanglass
ENV PATH=/opt/spanglass/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    SPANGLASS_DATA_DIR=/var/lib/spanglass
USER 10001
WORKDIR /var/lib/spanglass
VOLUME /var/lib/spanglass
EXPOSE 4317 4318 8501
ENTRYPOINT ["spanglass"]
CMD ["--help"]
