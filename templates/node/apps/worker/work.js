// One round of work: take something from a queue, and process it. If a round takes longer than
// HEARTBEAT_SECONDS, the worker is unhealthy.
export async function work() {}
