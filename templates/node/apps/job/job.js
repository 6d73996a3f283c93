import { run } from './run.js';
import { items, work } from './work.js';

process.exitCode = await run(items, work);
// What still keeps Node running, such as connections to a database, gets another second.
setTimeout(() => process.exit(), 1000).unref();
