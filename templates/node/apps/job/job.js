import { run } from './run.js';
import { items, work } from './work.js';

process.exitCode = await run(items, work);
// Anything that still keeps Node running, such as database connections, gets one more second.
setTimeout(() => process.exit(), 1000).unref();
