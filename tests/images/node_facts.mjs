// What a Node image must be able to do: run inside it, as `node node_facts.mjs NAME`.
//
// Each fact is a function that throws when it doesn't hold. The tests read their names from here.
// Built-in modules only, but for the packages that are in the image.

import assert from 'node:assert/strict';
import childProcess from 'node:child_process';
import crypto from 'node:crypto';
import { once } from 'node:events';
import dns from 'node:dns/promises';
import fs from 'node:fs';
import http from 'node:http';
import http2 from 'node:http2';
import inspector from 'node:inspector/promises';
import module from 'node:module';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { promisify } from 'node:util';
import v8 from 'node:v8';
import { Worker } from 'node:worker_threads';
import zlib from 'node:zlib';

const facts = new Map();
const fact = (name, holds) => facts.set(name, holds);

// The packages of the service, which this file is not part of.
const require = module.createRequire('/app/package.json');
const execFile = promisify(childProcess.execFile);

// Beside this file in the image: the authority of the server named below.
const authority = '/facts/authority.pem';
const server = { host: 'server.test', port: 4443 };
const url = `https://${server.host}:${server.port}/`;

// A second Node, which is all that an image without a shell can start.
const node = (script, options = {}) =>
  execFile(process.execPath, ['--input-type=module', '--eval', script], options);

// Runs in a folder of its own, which is gone in the end.
function inFolder(use) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'fact-'));
  try {
    return use(folder);
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

// A certificate from an unknown authority is refused, as it should be.
fact('tls-refuses-an-unknown-authority', async () => {
  await assert.rejects(fetch(url), (error) => error.cause.code === 'UNABLE_TO_VERIFY_LEAF_SIGNATURE');
});

// Node reads the variable once, when it starts.
fact('tls-with-an-own-authority', async () => {
  const script = `console.log((await fetch('${url}')).status)`;
  const { stdout } = await node(script, { env: { NODE_EXTRA_CA_CERTS: authority } });
  assert.equal(stdout, '200\n');
});

fact('tls-with-one-more-authority', async () => {
  const ca = [...tls.rootCertificates, fs.readFileSync(authority)];
  const socket = tls.connect({ ...server, servername: server.host, ca });
  await once(socket, 'secureConnect');
  assert.equal(socket.getProtocol(), 'TLSv1.3');
  socket.destroy();
});

fact('tls-knows-the-public-authorities', () => {
  assert.ok(tls.getCACertificates().length > 100);
});

fact('http2', async () => {
  const session = http2.connect(url, { ca: fs.readFileSync(authority) });
  const request = session.request({ ':path': '/' });
  const [headers] = await once(request, 'response');
  assert.equal(headers[':status'], 200);
  session.destroy();
});

fact('http-server-and-fetch', async () => {
  const listening = http.createServer((request, response) => request.pipe(response)).listen(0);
  await once(listening, 'listening');
  const { port } = listening.address();
  const response = await fetch(`http://localhost:${port}/`, { method: 'POST', body: 'größe' });
  assert.equal(await response.text(), 'größe');
  listening.close();
});

// All addresses that /etc/hosts has for it are found.
fact('localhost', async () => {
  const lines = fs.readFileSync('/etc/hosts', 'utf8').split('\n').map((line) => line.split(/\s+/));
  const hosts = lines.filter((line) => line.slice(1).includes('localhost')).map(([host]) => host);
  const found = await dns.lookup('localhost', { all: true });
  assert.ok(hosts.includes('127.0.0.1'));
  assert.deepEqual(new Set(found.map(({ address }) => address)), new Set(hosts));
});

// The C library asks the engine's own name server,
fact('name-of-a-container', async () => {
  const { address } = await dns.lookup(server.host);
  const socket = net.connect(server);
  await once(socket, 'connect');
  assert.equal(socket.remoteAddress, address);
  socket.destroy();
});

// and so does c-ares, which reads /etc/resolv.conf by itself.
fact('name-of-a-container-by-dns', async () => {
  const { address } = await dns.lookup(server.host);
  assert.deepEqual(await dns.resolve4(server.host), [address]);
});

fact('time-zones', () => {
  const offset = (date) =>
    new Intl.DateTimeFormat('en', { timeZone: 'Europe/Zurich', timeZoneName: 'longOffset' })
      .formatToParts(date)
      .find(({ type }) => type === 'timeZoneName').value;
  assert.equal(offset(new Date('2026-01-01T00:00:00Z')), 'GMT+01:00');
  assert.equal(offset(new Date('2026-07-01T00:00:00Z')), 'GMT+02:00');
  // The clocks go forward at one o'clock UTC on the last Sunday of March.
  assert.equal(offset(new Date('2026-03-29T00:59:59Z')), 'GMT+01:00');
  assert.equal(offset(new Date('2026-03-29T01:00:00Z')), 'GMT+02:00');
  assert.ok(Intl.supportedValuesOf('timeZone').length > 400);
});

fact('time-zone-of-the-container', async () => {
  const { stdout } = await node('console.log(new Date(0).getHours())', {
    env: { TZ: 'America/New_York' },
  });
  assert.equal(stdout, '19\n');
});

// A small ICU would know English alone.
fact('languages', () => {
  const date = new Date('2026-03-01T12:00:00Z');
  const month = (language) => date.toLocaleDateString(language, { month: 'long' });
  assert.deepEqual(['de', 'fr', 'ja'].map(month), ['März', 'mars', '3月']);
  assert.deepEqual(['z', 'ä', 'a'].sort(new Intl.Collator('de').compare), ['a', 'ä', 'z']);
});

fact('worker-threads', async () => {
  const script = `require('node:worker_threads').parentPort.once('message', function (value) {
    this.postMessage(value * 2);
  })`;
  const workers = Array.from({ length: 8 }, () => new Worker(script, { eval: true }));
  const answers = workers.map(async (worker, number) => {
    worker.postMessage(number);
    const [answer] = await once(worker, 'message');
    return answer;
  });
  assert.deepEqual(await Promise.all(answers), [0, 2, 4, 6, 8, 10, 12, 14]);
  await Promise.all(workers.map((worker) => worker.terminate()));
});

fact('child-process', async () => {
  const { stdout } = await node('console.log(6 * 7)');
  assert.equal(stdout, '42\n');
  const failed = childProcess.spawnSync(process.execPath, ['--eval', 'process.exit(3)']);
  assert.equal(failed.status, 3);
});

// Two processes with a channel between them, as cluster has it, too.
fact('child-process-with-a-channel', async () => {
  const child = childProcess.fork('/facts/node_facts.mjs', ['echo']);
  child.send({ number: 42 });
  const [answer] = await once(child, 'message');
  assert.deepEqual(answer, { number: 42 });
  child.disconnect();
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

fact('cryptography', () => {
  const digest = (name) => crypto.createHash(name).update('').digest('hex');
  assert.match(digest('sha256'), /^e3b0c44298fc1c14/);
  assert.match(digest('sha3-256'), /^a7ffc6f8bf1ed766/);
  // RFC 7914, chapter 12.
  const scrypt = crypto.scryptSync('password', 'NaCl', 64, { N: 1024, r: 8, p: 16 });
  assert.match(scrypt.toString('hex'), /^fdbabe1c9d347200/);
  const { publicKey, privateKey } = crypto.generateKeyPairSync('ed25519');
  const signature = crypto.sign(null, Buffer.from('text'), privateKey);
  assert.ok(crypto.verify(null, Buffer.from('text'), publicKey, signature));
  assert.ok(!crypto.verify(null, Buffer.from('other'), publicKey, signature));
});

fact('web-cryptography', async () => {
  const key = await crypto.subtle.generateKey({ name: 'AES-GCM', length: 256 }, false, [
    'encrypt',
    'decrypt',
  ]);
  const algorithm = { name: 'AES-GCM', iv: crypto.getRandomValues(new Uint8Array(12)) };
  const secret = await crypto.subtle.encrypt(algorithm, key, Buffer.from('text'));
  assert.equal(Buffer.from(await crypto.subtle.decrypt(algorithm, key, secret)).toString(), 'text');
});

fact('compression', () => {
  const text = Buffer.from('text'.repeat(1000));
  for (const [pack, unpack] of [
    [zlib.gzipSync, zlib.gunzipSync],
    [zlib.brotliCompressSync, zlib.brotliDecompressSync],
    [zlib.zstdCompressSync, zlib.zstdDecompressSync],
  ]) {
    assert.ok(pack(text).length < 100);
    assert.deepEqual(unpack(pack(text)), text);
  }
});

fact('sqlite', async () => {
  const { DatabaseSync } = await import('node:sqlite');
  inFolder((folder) => {
    for (const name of [':memory:', path.join(folder, 'test.db')]) {
      const database = new DatabaseSync(name);
      database.exec('create table numbers (value)');
      database.exec('insert into numbers values (1), (2), (39)');
      const { total } = database.prepare('select sum(value) as total from numbers').get();
      assert.equal(total, 42);
      database.close();
    }
  });
});

fact('web-assembly', async () => {
  // (func (export "add") (param i32 i32) (result i32) local.get 0 local.get 1 i32.add)
  const bytes = Buffer.from(
    '0061736d0100000001070160027f7f017f030201000707010361646400000a09010700200020016a0b',
    'hex',
  );
  const { instance } = await WebAssembly.instantiate(bytes);
  assert.equal(instance.exports.add(40, 2), 42);
});

// bcrypt brings builds of its addon for both C libraries; the right one is loaded, and works.
fact('package-with-a-native-addon', async () => {
  const bcrypt = require('bcrypt');
  const hash = await bcrypt.hash('secret', 4);
  assert.equal(await bcrypt.compare('secret', hash), true);
  assert.equal(await bcrypt.compare('other', hash), false);
  const { sharedObjects } = process.report.getReport();
  assert.match(sharedObjects.join('\n'), /^\/app\/node_modules\/bcrypt\/prebuilds\/.*\.node$/m);
});

// Of packages, too: the line that a trace names is the one that threw.
fact('stack-traces-lead-to-the-source', () => {
  const app = require('express')();
  assert.throws(
    () => app.use(),
    (error) => {
      const [, file, line] = error.stack.match(/\((\/app\/node_modules\/express\/.*?):(\d+):\d+\)/);
      return fs.readFileSync(file, 'utf8').split('\n')[line - 1].includes('throw ');
    },
  );
});

fact('source-maps', () => {
  inFolder((folder) => {
    const map = { version: 3, sources: ['original.ts'], names: [], mappings: 'AAyCA' };
    const encoded = Buffer.from(JSON.stringify(map)).toString('base64');
    const file = path.join(folder, 'compiled.js');
    fs.writeFileSync(
      file,
      `throw new Error('lost');\n//# sourceMappingURL=data:application/json;base64,${encoded}\n`,
    );
    const failed = childProcess.spawnSync(process.execPath, ['--enable-source-maps', file]);
    assert.equal(failed.status, 1);
    assert.match(failed.stderr.toString(), /original\.ts:42:1/);
  });
});

// What the flavors' README says a stripped node keeps.
fact('cpu-profile', async () => {
  const session = new inspector.Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.start');
  const busy = () => crypto.pbkdf2Sync('password', 'salt', 200_000, 64, 'sha256');
  busy();
  const { profile } = await session.post('Profiler.stop');
  session.disconnect();
  const names = profile.nodes.map(({ callFrame }) => callFrame.functionName);
  assert.ok(names.includes('busy'), names.join(' '));
});

fact('heap-snapshot', async () => {
  let size = 0;
  for await (const chunk of v8.getHeapSnapshot()) {
    size += chunk.length;
  }
  assert.ok(size > 1_000_000);
});

fact('account', () => {
  const { uid, gid, username, homedir } = os.userInfo();
  assert.deepEqual([uid, gid, username, homedir], [65532, 65532, 'nonroot', '/tmp']);
});

// Everyone can write to /tmp, and only the owner can remove a file.
fact('temporary-files', () => {
  assert.equal(fs.statSync('/tmp').mode & 0o7777, 0o1777);
  inFolder((folder) => fs.writeFileSync(path.join(folder, 'file'), 'text'));
});

fact('text-is-unicode', () => {
  inFolder((folder) => {
    fs.writeFileSync(path.join(folder, 'größe'), '');
    assert.deepEqual(fs.readdirSync(folder), ['größe']);
  });
});

fact('built-in-modules', async () => {
  const names = module.builtinModules.filter((name) => !name.startsWith('_'));
  assert.ok(names.length > 50);
  for (const name of names) {
    await import(name);
  }
});

const commands = {
  // What the facts ask: an authority that nobody knows has signed its certificate.
  serve() {
    const credentials = {
      cert: fs.readFileSync('/facts/server.pem'),
      key: fs.readFileSync('/facts/server.key'),
    };
    http2
      .createSecureServer({ ...credentials, allowHTTP1: true }, (_request, response) => response.end())
      .listen(server.port);
  },

  // The other side of a channel.
  echo() {
    process.once('message', (message) => process.send(message));
  },

  // Doesn't hold.
  fail() {
    assert.equal(6, 7);
  },

  // Prints the shared libraries of the image that neither node nor an addon has loaded.
  libraries() {
    require('bcrypt');
    const loaded = process.report
      .getReport()
      .sharedObjects.filter((name) => fs.existsSync(name))
      .map((name) => fs.realpathSync(name));
    const there = fs
      .globSync(['/lib/**/*.so*', '/lib64/**/*.so*', '/usr/lib/**/*.so*'])
      .map((name) => fs.realpathSync(name));
    console.log([...new Set(there)].filter((name) => !loaded.includes(name)).join('\n'));
  },
};

const [name] = process.argv.slice(2);
try {
  await (facts.get(name) ?? commands[name])();
} catch (error) {
  // The reason last and in one line, which is what a failing test shows.
  console.error(error);
  console.error(`Error: ${error.message.replaceAll(/\s+/g, ' ')}`);
  process.exit(1);
}
