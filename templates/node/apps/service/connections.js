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
