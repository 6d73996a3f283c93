import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

process.env.HEARTBEAT_FILE = join(mkdtempSync(join(tmpdir(), 'heartbeat-')), 'heartbeat');
const { file } = await import('../src/heartbeat.js');
const { run } = await import('../src/run.js');

const hour = 3600 * 1000;

test('each round is a heartbeat', async () => {
  writeFileSync(file, 'of an earlier run');
  const found = [];
  await run(async () => {
    found.push(existsSync(file));
    if (found.length === 3) {
      process.emit('SIGTERM', 'SIGTERM');
    }
  }, 0);
  assert.deepEqual(found, [false, true, true]);
});

test('a stop lets the round in work finish', async () => {
  let finished = false;
  await run(async () => {
    process.emit('SIGTERM', 'SIGTERM');
    await new Promise(setImmediate);
    finished = true;
  }, hour);
  assert.ok(finished);
});

test('a stop ends the pause', { timeout: 10000 }, async () => {
  await run(async () => {
    setTimeout(() => process.emit('SIGTERM', 'SIGTERM'), 50);
  }, hour);
});

test('a failed round ends the worker', async () => {
  const failure = new Error('no queue');
  const work = async () => {
    throw failure;
  };
  await assert.rejects(run(work, hour), failure);
});
