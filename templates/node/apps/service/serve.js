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

  const closeIdle = closerOfIdleConnections(server);
  const stop = (signal) => {
    log('stopping', { signal });
    // close() would call it at once.
    server.closeIdleConnections = () => {};
    // By then all requests are answered. What else keeps Node running, such as connections to a
    // database, gets another second.
    server.close(() => setTimeout(() => process.exit(), 1000).unref());
    setInterval(closeIdle, 50).unref();
    setTimeout(() => process.exit(1), stopTimeout).unref();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);

  return server;
}

{% include template_root ~ "templates/node/apps/service/connections.js" %}

function log(message, details) {
  console.log(JSON.stringify({ time: new Date().toISOString(), message, ...details }));
}
