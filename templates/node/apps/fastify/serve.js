// compose.yaml has a container killed that still runs ten seconds after SIGTERM.
const stopTimeout = 8000;

// Serves app until SIGTERM, then lets the requests in flight finish. What hasn't finished by then,
// such as a stream, is cut off. Port 0 takes any free port.
export async function serve(app, port) {
  const { closeIdle, inFlight } = watchConnections(app.server);
  const stop = async (signal) => {
    app.log.info({ signal }, 'stopping');
    // close() would call it at once.
    app.server.closeIdleConnections = () => {};
    setInterval(closeIdle, 50).unref();
    setTimeout(() => {
      app.log.warn({ requests: inFlight() }, 'cut off');
      process.exit();
    }, stopTimeout).unref();
    await app.close();
    // By now all requests are answered. What else keeps Node running, such as connections to a
    // database that no onClose hook has closed, gets another second.
    setTimeout(() => process.exit(), 1000).unref();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);

  // An empty host is every address, of IPv6 as well. Without one it would be localhost, which nobody
  // outside the container reaches.
  await app.listen({ host: '', port });
}

{% include template_root ~ "templates/node/apps/service/connections.js" %}
