# syntax=docker/dockerfile:1

# The dependencies alone, so code changes don't invalidate the dependency layer.
FROM node:24.21.0-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Optional packages carry Node.js, which the image has, and PostgreSQL for development: production sets DATABASE_URL.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24.21.0-slim
# PID 1 must forward signals and reap orphaned processes, which Node.js does not.
RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/*
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    MANAGEMENT_HOST=0.0.0.0
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY src ./src
USER node
EXPOSE 3000 3001
# The management port responds even when no worker does.
HEALTHCHECK --interval=10s --timeout=2s --start-period=15s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.MANAGEMENT_PORT || 3001) + '/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["/usr/bin/tini", "--"]
# Without the inspector, which SIGUSR1 would open, and without the accessor __proto__, over which a careless merge changes
# all objects. Not npm: it would be one more process, and it does not forward SIGHUP.
CMD ["node", "--disable-sigusr1", "--disable-proto=delete", "src/main.ts"]
