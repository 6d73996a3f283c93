const { Router } = require('express');
const health = require('./health.routes');

const renderRouter = Router();
renderRouter.get('/', (request, response) => response.redirect('/login'));

const apiRouter = Router();
apiRouter.use('/health', health);

module.exports = { api: apiRouter, render: renderRouter };
