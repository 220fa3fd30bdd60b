# Millrace with one of the examples: docker build --build-arg EXAMPLE=movielens -t millrace .
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /src
COPY . .
RUN npm ci --no-audit --no-fund && npm pack --ignore-scripts --pack-destination /tmp

FROM node:24.21.0-bookworm-slim
ARG EXAMPLE=streaming-ml
COPY --from=build /tmp/millrace-*.tgz /tmp/millrace.tgz
RUN npm install --global --no-audit --no-fund /tmp/millrace.tgz \
  && rm /tmp/millrace.tgz \
  && mkdir /data \
  && chown node:node /data
COPY examples/${EXAMPLE} /app
WORKDIR /app
USER node
ENV PORT=8080 MILLRACE_DATA_DIR=/data
EXPOSE 8080 9092
VOLUME /data
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["millrace"]
# Inside a container every address is the container's own; which of them the host publishes is up to compose.yaml.
CMD ["start", "app.ts", "--host", "0.0.0.0", "--insecure-no-keys"]
