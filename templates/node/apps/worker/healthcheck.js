// Exits with 0 if the worker has recently finished a round. Otherwise prints why not, and exits
// with 1.
import { statSync } from 'node:fs';
import { file, maxAge } from './heartbeat.js';

process.exitCode = 1;

const heartbeat = statSync(file, { throwIfNoEntry: false });
const age = (Date.now() - heartbeat?.mtimeMs) / 1000;
if (!heartbeat) {
  console.error(`there is no heartbeat in ${file}`);
} else if (age <= maxAge) {
  process.exitCode = 0;
} else {
  console.error(`the last heartbeat was ${Math.round(age)} s ago, the limit is ${maxAge} s`);
}
