import path from "node:path";
import { Bot } from "grammy";
import { token } from "#root/config.js";

const locales = path.resolve(process.cwd(), "locales");
new Bot(token, locales).start();
