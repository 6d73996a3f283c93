// The server and its health check must agree on it.
export const port = Number(process.env.PORT || 8080);
