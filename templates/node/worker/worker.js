import { run } from './run.js';
import { work } from './work.js';

await run(work);
