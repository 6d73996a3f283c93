const base = { port: 5006, hostname: "::" };
export default {
  ...base,
  port: process.env.ACTUAL_PORT ? +process.env.ACTUAL_PORT : +process.env.PORT || base.port,
  hostname: process.env.ACTUAL_HOSTNAME || base.hostname,
};
