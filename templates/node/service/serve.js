// Docker kills what still runs ten seconds after SIGTERM.
const stopTimeout = 8000;

// Serves app until SIGTERM, then lets the requests in flight finish. Port 0 takes any free port.
export function serve(app, port) {
  const server = app.listen(port, (error) => {
    if (error) {
      throw error;
    }
    log('listening', { port: server.address().port });
  });

  const stop = (signal) => {
    log('stopping', { signal });
    server.close();
    // close() misses connections that fall idle after it: a client may keep them for seconds.
    setInterval(() => server.closeIdleConnections(), 50).unref();
    setTimeout(() => process.exit(1), stopTimeout).unref();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);

  return server;
}

function log(message, details) {
  console.log(JSON.stringify({ time: new Date().toISOString(), message, ...details }));
}
