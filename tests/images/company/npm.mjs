// Puts packages of npm's registry into a folder that serves them: npm.mjs ADDRESS PACKAGE@VERSION…
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

const [address, ...wanted] = process.argv.slice(2);
mkdirSync('files', { recursive: true });
for (const spec of wanted) {
  const packed = execFileSync('npm', ['pack', '--json', '--pack-destination=files', spec]);
  const [{ name, version, filename, integrity }] = JSON.parse(packed);
  const dist = { tarball: `${address}/files/${filename}`, integrity };
  const manifest = execFileSync('npm', ['view', '--json', spec, 'name', 'version', 'bin']);
  mkdirSync(dirname(name), { recursive: true });
  writeFileSync(name, JSON.stringify({
    name,
    'dist-tags': { latest: version },
    versions: { [version]: { ...JSON.parse(manifest), dist } },
  }));
}
