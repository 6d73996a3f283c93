export default {
  // output: "export",
  output: "standalone",
};
