const { Box, readEnv } = require("@example/box");

Box.create(readEnv()).then((box) => box.start());
