import { createServer } from 'node:http';

const port: number = Number(process.env.PORT ?? 3000);

createServer((_request, response) => {
  response.end('typed');
}).listen(port);
