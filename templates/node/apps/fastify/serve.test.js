import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import Fastify from 'fastify';
import { serve } from '../src/serve.js';

test('a stop lets a request in flight finish', async () => {
  const app = Fastify();
  app.get('/', (_request, reply) => {
    process.emit('SIGTERM', 'SIGTERM');
    setTimeout(() => reply.code(204).send(), 100);
  });
  await serve(app, 0);

  const closed = once(app.server, 'close');
  const response = await fetch(`http://127.0.0.1:${app.server.address().port}/`);
  assert.equal(response.status, 204);
  await closed;
});
