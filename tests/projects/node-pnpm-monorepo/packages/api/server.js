const { createServer } = require('node:http');
const { greeting } = require('@shop/texts');

createServer((_request, response) => response.end(greeting)).listen(process.env.PORT || 5000);
