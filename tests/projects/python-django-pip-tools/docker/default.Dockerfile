FROM node:22-alpine AS assets
RUN npm ci
RUN npm run build
FROM python:3.12-slim-bookworm
COPY . .
EXPOSE 9090
CMD ["./bootstrap.sh"]
