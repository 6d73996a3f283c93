import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageAt } from '../src/pages.js';

test('the home page says hello', () => {
  assert.equal(pageAt('/').text, 'Hello, world');
});

test('a slash last makes no other page', () => {
  assert.equal(pageAt('/about/'), pageAt('/about'));
});

test('an unknown path is not found', () => {
  assert.equal(pageAt('/unknown').heading, 'Not found');
  assert.equal(pageAt('/constructor').heading, 'Not found');
});
