module.exports = (app) => {
  const { log } = env;
  app.on("push", (context) => log(context));
};
