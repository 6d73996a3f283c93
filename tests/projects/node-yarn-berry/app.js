import express from "express";
import config from "./load.js";

const app = express();
app.listen(config.port, config.hostname);
