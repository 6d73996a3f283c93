// What a shell says of a program that the signal ended: nobody takes it for done.
const exitCodes = { SIGTERM: 143, SIGINT: 130 };

// Works through the items until SIGTERM, which lets the item in work finish. Returns the exit code.
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
