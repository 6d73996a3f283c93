import { serve } from "srvx";

const [command] = process.argv.slice(2);
switch (command) {
  case "serve":
    serve({ fetch() {}, port: process.env.PORT });
}
