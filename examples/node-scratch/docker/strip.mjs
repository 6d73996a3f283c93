// Write node without its symbols for debuggers: node strip.mjs FILE
//
// As `strip --strip-unneeded` does, but without a package to install. What is loaded into memory stays, and
// with it the names that native addons link to.
// https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
import { readFileSync, writeFileSync } from 'node:fs';

const LOAD = 1; // a segment, which is what is loaded
const ALLOC = 2; // a section in one
const node = readFileSync(process.execPath);
const number = (at) => Number(node.readBigUInt64LE(at));

// A table of the file: the header has its place, and behind that the size and the number of its rows.
function rows(place, sizes) {
  const [size, count] = [node.readUInt16LE(sizes), node.readUInt16LE(sizes + 2)];
  return Array.from({ length: count }, (_, row) => number(place) + row * size);
}

function stripped() {
  const made = Buffer.alloc(node.length);
  const set = (at, value) => made.writeBigUInt64LE(BigInt(value), at);

  // The segments move up to each other, by multiples of their alignment.
  const segments = rows(32, 54).map((at) => ({ at, start: number(at + 8), size: number(at + 32) }));
  const loaded = segments.filter(({ at, size }) => node.readUInt32LE(at) === LOAD && size);
  let end = 0;
  for (const segment of loaded.sort((one, other) => one.start - other.start)) {
    segment.place = end + ((segment.start - end) % number(segment.at + 48));
    node.copy(made, segment.place, segment.start, segment.start + segment.size);
    end = segment.place + segment.size;
  }
  const moved = (at) => {
    const { start, place } = loaded.findLast((segment) => segment.start <= at);
    return at - start + place;
  };
  set(32, moved(number(32)));
  for (const { at, start } of segments.filter(({ size }) => size)) {
    set(moved(at) + 8, moved(start));
  }

  // Behind them come the sections' names, and the table of those that are left.
  const names = rows(40, 58)[node.readUInt16LE(62)];
  let table = end + number(names + 32);
  table += -table & 7;
  set(40, table);
  for (const at of rows(40, 58)) {
    if (at === names) {
      node.copy(made, table, at, at + 64);
      node.copy(made, end, number(at + 24), number(at + 24) + number(at + 32));
      set(table + 24, end);
    } else if (number(at + 8) & ALLOC) {
      node.copy(made, table, at, at + 64);
      set(table + 24, moved(number(at + 24)));
    }
    table += 64;
  }
  return made.subarray(0, table);
}

const isKnown = node.toString('latin1', 0, 6) === '\x7fELF\x02\x01' && node.readUInt16LE(60);
if (!isKnown) {
  console.log('node keeps its symbols: it has no sections, or is for a 32-bit or a big-endian processor.');
}
writeFileSync(process.argv[2], isKnown ? stripped() : node, { mode: 0o755 });
