// Docker kills what still runs ten seconds after SIGTERM.
const stopTimeout = 8000;

// Serves app until SIGTERM, then lets the requests in flight finish. Port 0 takes any free port.
export async function serve(app, port) {
  const stop = (signal) => {
    app.log.info({ signal }, 'stopping');
    app.close();
    // close() misses connections that fall idle after it: a client may keep them for seconds.
    setInterval(() => app.server.closeIdleConnections(), 50).unref();
    setTimeout(() => process.exit(1), stopTimeout).unref();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);

  // Without a host it would be localhost, which nobody outside the container reaches.
  await app.listen({ host: '0.0.0.0', port });
}
