# syntax=docker/dockerfile:1

# The dependencies alone, so that a change of the code does not install them anew.
FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# Node.js is in the image already: the packages that carry it are optional and left out.
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    MANAGEMENT_HOST=0.0.0.0
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY src ./src
USER node
EXPOSE 3000 3001
# The primary's view: it answers also when no worker does.
HEALTHCHECK --interval=10s --timeout=2s --start-period=15s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.MANAGEMENT_PORT || 3001) + '/readyz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# node itself is the command: npm would keep signals from it.
CMD ["node", "src/main.ts"]
