# Pin the base by digest where builds must repeat: --build-arg BASE=node:20-bookworm-slim@sha256:…
ARG BASE=node:20-bookworm-slim

FROM ${BASE} AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends python3 make g++ \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The SQLite driver is the one package that is compiled; it takes a minute or two.
RUN npm ci --no-audit --no-fund
COPY tsconfig.json bundle.mjs ./
COPY src ./src
RUN npm run --silent build && npm prune --omit=dev --no-audit --no-fund
# What the compiler leaves behind is ten times the size of the driver.
RUN cd node_modules/sqlite3 \
    && rm -rf deps src build/deps build/Release/obj build/Release/obj.target build/Release/.deps \
    && find build -name '*.a' -delete

FROM ${BASE}
RUN apt-get update \
    && apt-get install -y --no-install-recommends git openssh-client gnupg ca-certificates \
    && rm -rf /var/lib/apt/lists/* /usr/local/lib/node_modules /opt/yarn-* \
      /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack \
      /usr/local/bin/yarn /usr/local/bin/yarnpkg \
    && groupadd --gid 10001 plumbline \
    && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin plumbline \
    && install -d -o 10001 -g 10001 -m 0700 /data
COPY --from=build /app/package.json /app/package.json
COPY --from=build /app/node_modules /app/node_modules
COPY --from=build /app/dist /app/dist

# Only /data is written, so the root file system may be mounted read-only. The image carries no
# configuration: mount one at /data/config/plumbline.yaml, or name one source by PLUMBLINE_SOURCE.
#
# The listener is on loopback, as the health check below needs no more. A kubelet asks from outside the
# container: set PLUMBLINE_HTTP_LISTEN=0.0.0.0:8080 and PLUMBLINE_HTTP_TOKEN_FILE (without a token any
# other address than loopback is refused). Probes of /healthz and /readyz need no token.
ENV NODE_ENV=production \
    HOME=/data \
    PLUMBLINE_DATABASE=sqlite:/data/plumbline.db
WORKDIR /data
VOLUME /data
USER 10001:10001
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "const port = (process.env.PLUMBLINE_HTTP_LISTEN || ':8080').split(':').pop(); fetch(`http://127.0.0.1:${port}/healthz`).then((it) => process.exit(it.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/dist/src/main.cjs"]
CMD ["run"]
