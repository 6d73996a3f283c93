// Returns a function that hangs up on all clients without a request in flight. Node's own
// closeIdleConnections() cuts off answers that are still on their way, and spares clients that have
// asked for nothing yet. A server that speaks TLS itself says 'secureConnection' for 'connection'.
function closerOfIdleConnections(server) {
  const requests = new Map();
  server.on('connection', (socket) => {
    requests.set(socket, 0);
    socket.once('close', () => requests.delete(socket));
  });
  server.on('request', ({ socket }, response) => {
    requests.set(socket, requests.get(socket) + 1);
    response.once('close', () => {
      if (!socket.destroyed) {
        requests.set(socket, requests.get(socket) - 1);
      }
    });
  });
  return () => {
    for (const [socket, inFlight] of requests) {
      if (inFlight === 0) {
        socket.destroy();
      }
    }
  };
}
