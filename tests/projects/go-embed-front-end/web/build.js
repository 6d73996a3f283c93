const { mkdirSync, writeFileSync } = require('node:fs');

mkdirSync('dist', { recursive: true });
writeFileSync('dist/index.html', '<!doctype html><title>board</title>\n');
