// compose.yaml has a container killed that still runs ten seconds after SIGTERM.
const stopTimeout = 8000;

// Longer than the load balancer in front keeps an idle connection, or requests get lost. AWS's and
// nginx keep it for 60 seconds, Google's for 600.
const keepAliveTimeout = 75_000;

// Serves app until SIGTERM, then lets the requests in flight finish. What hasn't finished by then,
// such as a stream, is cut off. Port 0 takes any free port.
export function serve(app, port) {
  const server = app.listen(port, (error) => {
    if (error) {
      throw error;
    }
    log('listening', { port: server.address().port });
  });
  server.keepAliveTimeout = keepAliveTimeout;

  const { closeIdle, inFlight } = watchConnections(server);
  const stop = (signal) => {
    log('stopping', { signal });
    // close() would call it at once.
    server.closeIdleConnections = () => {};
    // By then all requests are answered. What else keeps Node running, such as connections to a
    // database, gets another second.
    server.close(() => setTimeout(() => process.exit(), 1000).unref());
    setInterval(closeIdle, 50).unref();
    setTimeout(() => {
      log('cut off', { requests: inFlight() });
      process.exit();
    }, stopTimeout).unref();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);

  return server;
}

// Knows what a server has in flight, and returns two functions: `inFlight` lists the requests, and
// `closeIdle` hangs up on all clients without one. Node's own closeIdleConnections() cuts off answers
// that are still on their way, and spares clients that have asked for nothing yet. A server that speaks
// TLS itself says 'secureConnection' for 'connection'.
function watchConnections(server) {
  const sockets = new Set();
  const requests = new Map();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('request', ({ method, url, socket }, response) => {
    requests.set(response, { socket, asked: `${method} ${url.split('?', 1)[0]}` });
    response.once('close', () => requests.delete(response));
  });
  return {
    inFlight: () => [...requests.values()].map(({ asked }) => asked),
    closeIdle: () => {
      const busy = new Set([...requests.values()].map(({ socket }) => socket));
      for (const socket of sockets) {
        if (!busy.has(socket)) {
          socket.destroy();
        }
      }
    },
  };
}

function log(message, details) {
  console.log(JSON.stringify({ time: new Date().toISOString(), message, ...details }));
}
