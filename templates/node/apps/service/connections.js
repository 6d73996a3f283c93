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
