import { build } from './app.js';
import { port } from './port.js';
import { serve } from './serve.js';

await serve(build({ logger: true }), port);
