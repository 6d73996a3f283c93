import { NestFactory } from "@nestjs/core";
import { Health } from "./health";

async function bootstrap() {
  const app = await NestFactory.create(Health);
  app.setGlobalPrefix("api");
  await app.listen(process.env.PORT ?? 3000);
}
bootstrap();
