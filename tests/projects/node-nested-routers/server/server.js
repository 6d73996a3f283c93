const express = require('express');
const routes = require('./routes/routes');

const app = express();
app.use('/', routes.render);
app.use('/api', routes.api);
app.listen(process.env.PORT || 3000);
