import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

function check(age, maxAge = '') {
  const file = join(mkdtempSync(join(tmpdir(), 'heartbeat-')), 'heartbeat');
  if (age !== undefined) {
    writeFileSync(file, '');
    const then = Date.now() / 1000 - age;
    utimesSync(file, then, then);
  }
  const env = { ...process.env, HEARTBEAT_FILE: file, HEARTBEAT_SECONDS: maxAge };
  return spawnSync(process.execPath, ['src/healthcheck.js'], { env, encoding: 'utf8' });
}

test('a fresh heartbeat is healthy', () => {
  const { status, stderr } = check(1);
  assert.equal(status, 0, stderr);
});

test('a stale heartbeat is not', () => {
  const { status, stderr } = check(60);
  assert.equal(status, 1);
  assert.equal(stderr, 'the last heartbeat was 60 s ago, the limit is 30 s\n');
});

test('HEARTBEAT_SECONDS is the limit', () => {
  assert.equal(check(60, '120').status, 0);
  assert.equal(check(60, '50').status, 1);
});

test('no heartbeat is not healthy either', () => {
  const { status, stderr } = check();
  assert.equal(status, 1);
  assert.match(stderr, /^there is no heartbeat in .+\n$/);
});
