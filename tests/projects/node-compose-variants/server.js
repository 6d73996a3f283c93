const { createServer } = require('node:http');
const Redis = require('ioredis');

const cache = process.env.REDIS_HOST && new Redis({ host: process.env.REDIS_HOST });
createServer((request, response) => response.end(cache ? 'cached' : 'ok')).listen(3000);
