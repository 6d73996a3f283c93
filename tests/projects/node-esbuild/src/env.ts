import { z } from "zod";

export const env = z
  .object({
    PORT: z.coerce.number().default(4100),
    HOST: z.string().default("127.0.0.1"),
    DATABASE_URL: z.string().url(),
    SESSION_SECRET: z.string().default("changeme"),
  })
  .parse(process.env);
