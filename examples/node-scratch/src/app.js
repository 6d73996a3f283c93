import express from 'express';

export const name = 'my-app';

export const app = express();

// The header only helps attackers.
app.disable('x-powered-by');

app.get('/', (_request, response) => {
  response.json({ name, message: 'Hello, world' });
});

// Reports that the process responds. Don't check databases or other services here: restarting this
// container wouldn't fix them.
app.get('/healthz', (_request, response) => {
  response.json({ status: 'ok' });
});
