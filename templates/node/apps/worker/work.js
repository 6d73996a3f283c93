// One round of work: take something from a queue, and deal with it. A round that takes longer than
// HEARTBEAT_SECONDS makes the worker unhealthy.
export async function work() {}
