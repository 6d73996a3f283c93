import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { build, name } from '../src/app.js';

const app = build();

after(() => app.close());

test('/ names the service', async () => {
  const response = await app.inject('/');
  assert.equal(response.statusCode, 200);
  assert.deepEqual(response.json(), { name, message: 'Hello, world' });
});

test('/healthz answers', async () => {
  const response = await app.inject('/healthz');
  assert.equal(response.statusCode, 200);
});

test('an unknown path is not found', async () => {
  const response = await app.inject('/unknown');
  assert.equal(response.statusCode, 404);
});
