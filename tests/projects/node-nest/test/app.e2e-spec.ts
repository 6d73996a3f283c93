console.log(process.env.ONLY_IN_TESTS);
