import { rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { file } from './heartbeat.js';

// Works in rounds until SIGTERM, which ends a pause. The current round is finished.
export async function run(work, pause = 1000) {
  const stopping = new AbortController();
  const stop = (signal) => {
    log('stopping', { signal });
    stopping.abort();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);

  // The heartbeat of an earlier run doesn't count.
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
