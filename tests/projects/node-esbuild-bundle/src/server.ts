import { serve } from "@hono/node-server";
import { Hono } from "hono";

const app = new Hono();
app.get("/healthz", (context) => context.text("ok"));
serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 4100), hostname: process.env.HOST ?? "127.0.0.1" });
