import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { serve } from '../src/serve.js';

test('a stop lets a request in flight finish', async () => {
  const app = createServer((_request, response) => {
    process.emit('SIGTERM', 'SIGTERM');
    setTimeout(() => response.writeHead(204).end(), 100);
  });
  const server = serve(app, 0);
  await once(server, 'listening');

  const closed = once(server, 'close');
  const response = await fetch(`http://127.0.0.1:${server.address().port}/`);
  assert.equal(response.status, 204);
  await closed;
});
