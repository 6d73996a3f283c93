// Installs packages, runs only the install scripts that the project allows, and lists the others.
//
// The Dockerfile runs this instead of npm: node install.mjs npm ci --ignore-scripts. The project's
// own scripts don't run, because they are meant for a checkout, such as one that sets up git hooks.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';

const SCRIPTS = ['preinstall', 'install', 'postinstall'];
const [manager, ...command] = process.argv.slice(2);
const project = JSON.parse(readFileSync('package.json', 'utf8'));
const own = [...SCRIPTS, 'prepare'].filter((script) => project.scripts?.[script]);

function run(program, ...words) {
  return spawnSync(program, words, { stdio: 'inherit' }).status ?? 1;
}

// The folders of packages, and of those inside them.
function* packages(folder) {
  for (const entry of existsSync(folder) ? readdirSync(folder, { withFileTypes: true }) : []) {
    const path = `${folder}/${entry.name}`;
    if (!entry.isDirectory() || entry.name.startsWith('.')) {
      continue;
    }
    if (entry.name.startsWith('@')) {
      yield* packages(path);
    } else if (existsSync(`${path}/package.json`)) {
      yield path;
      yield* packages(`${path}/node_modules`);
    }
  }
}

function* withScripts() {
  for (const path of packages('node_modules')) {
    const one = JSON.parse(readFileSync(`${path}/package.json`, 'utf8'));
    if (SCRIPTS.some((script) => one.scripts?.[script]) || existsSync(`${path}/binding.gyp`)) {
      yield one;
    }
  }
}

// The decision in package.json: true, false or undefined. A key is a name, or a name with
// versions.
function decision({ name, version }) {
  const decided = Object.entries(project.allowScripts ?? {}).filter(([key]) => {
    const [, of, versions] = /^(@?[^@]+)(?:@(.*))?$/.exec(key) ?? [];
    return of === name && (!versions || versions.split(/[ |]+/).includes(version));
  });
  return decided.length ? decided.every(([, allowed]) => allowed) : undefined;
}

const status = run(manager, ...command);
if (status !== 0) {
  process.exit(status);
}

const allowed = [...withScripts()].filter((one) => decision(one) === true);
if (allowed.length) {
  const names = new Set(allowed.map(({ name, version }) => `${name}@${version}`));
  const failed = run(manager, 'rebuild', '--ignore-scripts=false', ...names);
  if (failed) {
    process.exit(failed);
  }
}

const undecided = [...withScripts()].filter((one) => decision(one) === undefined);
for (const { name, version } of undecided) {
  console.log(`${name} ${version} has an install script that did not run. If you need it,`);
  console.log(`    add to package.json: "allowScripts": {"${name}": true}`);
}
for (const script of own) {
  console.log(`The project's own ${script} script did not run: ${project.scripts[script]}`);
  console.log(`    If you need it, add below the install step in the Dockerfile: RUN npm run ${script}`);
}
