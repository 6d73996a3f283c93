import { createServer } from "node:http";
import { greeting } from "@desk/lib";

createServer((request, response) => {
  response.statusCode = request.url === "/healthz" ? 200 : 404;
  response.end(greeting);
}).listen(3333);
