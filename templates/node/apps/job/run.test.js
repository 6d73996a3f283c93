import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { run } from '../src/run.js';

test('all items are worked', async () => {
  const worked = [];
  const code = await run([1, 2, 3], async (item) => worked.push(item));
  assert.equal(code, 0);
  assert.deepEqual(worked, [1, 2, 3]);
});

test('a stop finishes the item in work, and begins no other one', async () => {
  let worked = 0;
  const code = await run([1, 2, 3], async () => {
    process.emit('SIGTERM', 'SIGTERM');
    await new Promise(setImmediate);
    worked += 1;
  });
  assert.equal(code, 143);
  assert.equal(worked, 1);
});

test('a failed item ends the job', async () => {
  const failure = new Error('no such file');
  const work = async () => {
    throw failure;
  };
  await assert.rejects(run([1, 2, 3], work), failure);
});

test('the exit code says that the job was stopped', async () => {
  const job = spawn(process.execPath, ['src/job.js'], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(job, 'exit');
  await once(job.stdout, 'data');
  job.kill('SIGTERM');
  assert.deepEqual(await ended, [143, null]);
});
