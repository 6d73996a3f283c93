import { run } from './run.js';
import { work } from './work.js';

await run(work);
// Anything that still keeps Node running, such as database connections, gets one more second.
setTimeout(() => process.exit(), 1000).unref();
