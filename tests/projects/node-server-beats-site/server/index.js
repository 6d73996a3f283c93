const express = require("express");
const app = express();
app.get("/", (q, s) => s.sendFile("x"));
app.listen(process.env.PORT || 5000);
