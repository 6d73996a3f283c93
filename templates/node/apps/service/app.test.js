import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { app, name } from '../src/app.js';

let server;
let url;

before(async () => {
  server = app.listen(0);
  await once(server, 'listening');
  url = `http://127.0.0.1:${server.address().port}`;
});

after(() => server.close());

test('/ names the service', async () => {
  const response = await fetch(`${url}/`);
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), { name, message: 'Hello, world' });
});

test('/healthz answers', async () => {
  const response = await fetch(`${url}/healthz`);
  assert.equal(response.status, 200);
});

test('an unknown path is not found', async () => {
  const response = await fetch(`${url}/unknown`);
  assert.equal(response.status, 404);
});
