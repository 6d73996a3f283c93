import { rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { file } from './heartbeat.js';

// Works round after round until SIGTERM, which lets the round in work finish and ends a pause.
export async function run(work, pause = 1000) {
  const stopping = new AbortController();
  const stop = (signal) => {
    log('stopping', { signal });
    stopping.abort();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);

  // What an earlier run left says nothing about this one.
  await rm(file, { force: true });
  log('working');
  while (!stopping.signal.aborted) {
    await work();
    log('worked');
    await writeFile(file, '');
    // Only a stop ends it early.
    await sleep(pause, undefined, { signal: stopping.signal }).catch(() => {});
  }
}

function log(message, details) {
  console.log(JSON.stringify({ time: new Date().toISOString(), message, ...details }));
}
