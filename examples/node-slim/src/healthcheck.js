// Exits with 0 if /healthz returns 200. It speaks HTTP over a bare socket, because loading
// node:http or fetch would double its CPU time, and it runs every 30 seconds.
import { connect } from 'node:net';
import { port } from './port.js';

process.exitCode = 1;

const socket = connect(port, '127.0.0.1');
socket.setTimeout(2000, () => socket.destroy());
socket.on('error', (error) => console.error(error.message));
// Looks like a request from an HTTPS load balancer, so it isn't redirected.
socket.write(
  'GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n\r\n',
);
socket.once('data', (answer) => {
  process.exitCode = answer.toString().startsWith('HTTP/1.1 200 ') ? 0 : 1;
  socket.destroy();
});
