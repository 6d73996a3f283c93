import { run } from './run.js';
import { items, work } from './work.js';

process.exitCode = await run(items, work);
