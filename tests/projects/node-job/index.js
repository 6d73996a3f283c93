const { spawn } = require("child_process");
const fs = require("fs");
fs.mkdirSync("out", { recursive: true });
spawn("ffmpeg", ["-i", "x"]);
