import { Controller, Get } from "@nestjs/common";

if (!process.env.DATABASE_URL) {
  throw new Error("DATABASE_URL is not set");
}

@Controller("health")
export class Health {
  @Get()
  ok() {
    return "ok";
  }
}
