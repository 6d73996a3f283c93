import express from 'express';
import { card } from './src/index.js';

const app = express();
app.get('/', (request, response) => response.send(card(request.query.text ?? '')));

const port = process.env.PORT || 9000;
app.listen(port, '0.0.0.0', () => console.log(`listening on ${port}`));
