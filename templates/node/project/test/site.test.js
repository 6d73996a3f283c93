import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';

// The files that Vite built.
const dist = new URL('../dist/', import.meta.url);
const page = readFileSync(new URL('index.html', dist), 'utf8');
const assets = page.match(/assets\/[^"]+/g);

test('the page loads a script and a style whose names are hashes of their content', () => {
  const names = assets.map((path) => path.replace(/-[\w-]{8}\./, '-<hash>.'));
  assert.ok(names.includes('assets/index-<hash>.css'), names);
  assert.ok(names.includes('assets/index-<hash>.js'), names);
});

test('each of them is there', () => {
  for (const path of assets) {
    assert.ok(statSync(new URL(path, dist)).size > 0, path);
  }
});

test('files of public/ keep their names', () => {
  assert.ok(statSync(new URL('favicon.svg', dist)).size > 0);
});
