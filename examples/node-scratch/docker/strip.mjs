// Write node without its symbols for debuggers: node strip.mjs FILE
//
// The symbols come after the segments, and only segments are loaded into memory. The names that native addons
// link to are in a segment. https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
import { readFileSync, writeFileSync } from 'node:fs';

const node = readFileSync(process.execPath);
const number = (at) => Number(node.readBigUInt64LE(at));
let end = node.length;

if (node.toString('latin1', 0, 6) === '\x7fELF\x02\x01') {
  const [table, size, count] = [number(32), node.readUInt16LE(54), node.readUInt16LE(56)];
  const segments = Array.from({ length: count }, (_, row) => table + row * size);
  end = Math.max(...segments.map((at) => number(at + 8) + number(at + 32)));
  // The table of sections is gone with the symbols, so the header no longer points to it.
  node.fill(0, 40, 48).fill(0, 58, 64);
} else {
  console.log('node keeps its symbols: it is for a 32-bit or a big-endian processor.');
}
writeFileSync(process.argv[2], node.subarray(0, end), { mode: 0o755 });
