import express from 'express';
import { card } from './src/index.js';

const app = express();
const router = express.Router();
router.get('/', (request, response) => response.send(card(request.query.text ?? '')));

app.use('/api', router);

const port = process.env.PORT || 9000;
app.listen(port, '0.0.0.0', () => console.log(`listening on ${port}`));
