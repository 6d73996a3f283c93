import "@acme/lib";
export const app = { fetch() {} };
