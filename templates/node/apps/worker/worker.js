import { run } from './run.js';
import { work } from './work.js';

await run(work);
// What still keeps Node running, such as connections to a database, gets another second.
setTimeout(() => process.exit(), 1000).unref();
