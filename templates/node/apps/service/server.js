import { app } from './app.js';
import { port } from './port.js';
import { serve } from './serve.js';

serve(app, port);
