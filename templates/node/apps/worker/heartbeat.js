// The worker and its health check must agree on the file.
export const file = process.env.HEARTBEAT_FILE || '/tmp/heartbeat';

// The age at which it is stale.
export const maxAge = Number(process.env.HEARTBEAT_SECONDS || 30);
