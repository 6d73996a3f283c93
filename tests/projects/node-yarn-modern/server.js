const polka = require('polka');

polka()
  .get('/healthz', (_request, response) => response.end('ok'))
  .listen(process.env.PORT || 5006, '0.0.0.0');
