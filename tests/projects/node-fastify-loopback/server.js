const fastify = require("fastify")();
fastify.route({ method: "GET", url: "/healthz", handler: async () => "ok" });
fastify.listen({ port: 8000 });
