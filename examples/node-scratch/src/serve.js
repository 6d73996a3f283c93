// With compose.yaml, Docker kills the container ten seconds after SIGTERM.
const stopTimeout = 8000;

// Must be longer than the idle timeout of the load balancer, or requests get lost. It is 60
// seconds for AWS and nginx, and 600 for Google.
const keepAliveTimeout = 75_000;

// Serves app until SIGTERM, then waits for open requests. It cuts off those that don't finish in
// time, such as streams. Port 0 uses any free port.
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
    // All requests are answered. Anything else that keeps Node running, such as database
    // connections, gets one more second.
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

// Tracks the connections of a server, and returns two functions: `inFlight` lists the open
// requests, and `closeIdle` closes all connections without one. Node's own closeIdleConnections()
// cuts off responses that are still being sent, and keeps connections without a request. If the
// server does TLS itself, use 'secureConnection' instead of 'connection'.
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
