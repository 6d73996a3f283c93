// The exit code that shells report for SIGTERM: the job isn't complete.
const exitCodes = { SIGTERM: 143, SIGINT: 130 };

// Processes the items until SIGTERM, and then finishes the current one. Returns the exit code.
export async function run(items, work) {
  let stopped;
  const stop = (signal) => {
    log('stopping', { signal });
    stopped = signal;
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);

  log('working', { items: items.length });
  for (const item of items) {
    if (stopped) {
      return exitCodes[stopped];
    }
    await work(item);
    log('worked', { item });
  }
  log('done');
  return 0;
}

function log(message, details) {
  console.log(JSON.stringify({ time: new Date().toISOString(), message, ...details }));
}
