// With compose.yaml, Docker kills the container ten seconds after SIGTERM.
const stopTimeout = 8000;

// Serves app until SIGTERM, then waits for open requests. It cuts off those that don't finish in
// time, such as streams. Port 0 uses any free port.
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
    // All requests are answered. Anything else that keeps Node running, such as database
    // connections without an onClose hook, gets one more second.
    setTimeout(() => process.exit(), 1000).unref();
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);

  // An empty host means all addresses, also of IPv6. The default is localhost, which can't be
  // reached from outside the container.
  await app.listen({ host: '', port });
}

{% include template_root ~ "templates/node/apps/service/connections.js" %}
