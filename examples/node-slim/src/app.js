import express from 'express';

export const name = 'my-app';

export const app = express();

// The header only tells attackers what to try.
app.disable('x-powered-by');

app.get('/', (_request, response) => {
  response.json({ name, message: 'Hello, world' });
});

// Says that the process can answer. Leave databases and other services out: a restart of this
// container wouldn't mend them.
app.get('/healthz', (_request, response) => {
  response.json({ status: 'ok' });
});
