const express = require("express");
const app = express();
const db = require("./db");
app.use(express.static(__dirname + "/static"));
app.listen(3000, () => console.log("up", db));
