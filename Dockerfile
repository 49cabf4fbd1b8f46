# The digest identifies the index, which has an image for each platform. This command shows the digest of a newer image:
# docker buildx imagetools inspect node:24-bookworm-slim
ARG NODE=node:24.21.0-bookworm-slim@sha256:d6aa754f16b3197301076f047b5def2f02ea1dbbc2ca920407d46d7ec7f87b20

FROM ${NODE} AS build
WORKDIR /app
COPY package.json package-lock.json ./
# The only install script downloads Node.js, which the base image already has.
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY plugins plugins
COPY routes routes
COPY scripts/finish-build.js scripts/
RUN npm run build -- --sourceMap false

FROM ${NODE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Optional dependencies are only for people at a terminal.
RUN npm ci --omit=dev --omit=optional --ignore-scripts
# Only developers need types, source maps and manuals. The licences must stay.
RUN find node_modules -type f \( -name '*.d.ts' -o -name '*.d.cts' -o -name '*.d.mts' -o -name '*.map' -o -iname '*.md' \) \
    ! -iname 'licen[cs]e*' ! -iname 'notice*' -delete \
    && find node_modules -type d -empty -delete

FROM ${NODE}
# The image needs no package manager and no headers, because nothing is installed or compiled in it.
RUN rm -rf /usr/local/lib/node_modules /usr/local/include/node /opt/yarn* \
    /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/corepack /usr/local/bin/yarn /usr/local/bin/yarnpkg \
    && mkdir /data && chown node:node /data
WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json ./
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 GATEWAY_DATA_DIR=/data
USER node
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s CMD ["node", "dist/src/health-check/main.js"]
# Node.js runs as process 1, and shuts down gracefully on SIGTERM. `dist/src/local-backend/main.js` can be run instead.
ENTRYPOINT ["node"]
CMD ["dist/src/server.js"]
