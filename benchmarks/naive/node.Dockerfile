# What a tutorial's first page says, for comparison: one stage, everything copied, nothing left out.
FROM node:24-trixie-slim
WORKDIR /app
COPY . .
RUN npm install
EXPOSE 8080
CMD ["node", "src/server.js"]
