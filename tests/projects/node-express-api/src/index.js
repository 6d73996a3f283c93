import { readFileSync } from 'node:fs';
import express from 'express';

const motto = readFileSync(new URL('../texts/motto.txt', import.meta.url), 'utf8');
const app = express();
app.get('/', (_request, response) => response.send(motto));
app.get('/healthz', (_request, response) => response.json({ status: 'ok' }));
app.listen(Number(process.env.PORT ?? 4000));
