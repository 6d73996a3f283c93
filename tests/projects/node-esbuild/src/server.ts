import Fastify from "fastify";
import pg from "pg";
import { env } from "./env";

const app = Fastify();
app.get("/", async () => pg);
await app.listen({ port: env.PORT, host: env.HOST });
