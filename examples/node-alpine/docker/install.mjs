// Install packages, with no install script but those that the project allows, and name the others.
//
// The Dockerfile runs this in place of npm: node install.mjs npm ci --ignore-scripts. The project's own
// scripts are for a checkout, such as the one that sets up git hooks: they don't run.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';

const SCRIPTS = ['preinstall', 'install', 'postinstall'];
const [manager, ...command] = process.argv.slice(2);
const text = readFileSync('package.json', 'utf8');
const project = JSON.parse(text);
const own = [...SCRIPTS, 'prepare'].filter((script) => project.scripts?.[script]);

function run(...words) {
  return spawnSync(manager, words, { stdio: 'inherit' }).status ?? 1;
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

// What package.json decides: true, false, or nothing. A key is a name, or a name with versions.
function decision({ name, version }) {
  const decided = Object.entries(project.allowScripts ?? {}).filter(([key]) => {
    const [, of, versions] = /^(@?[^@]+)(?:@(.*))?$/.exec(key) ?? [];
    return of === name && (!versions || versions.split(/[ |]+/).includes(version));
  });
  return decided.length ? decided.every(([, allowed]) => allowed) : undefined;
}

const status = run(...command);
if (status !== 0) {
  process.exit(status);
}

const allowed = [...withScripts()].filter((one) => decision(one) === true);
if (allowed.length) {
  const names = new Set(allowed.map(({ name, version }) => `${name}@${version}`));
  const failed = run('rebuild', '--ignore-scripts=false', ...names);
  if (failed) {
    process.exit(failed);
  }
}

const undecided = [...withScripts()].filter((one) => decision(one) === undefined);
for (const { name, version } of undecided) {
  console.log(`${name} ${version} has an install script, which did not run. If it is needed,`);
  console.log(`    put into package.json: "allowScripts": {"${name}": true}`);
}
for (const script of own) {
  console.log(`The project's own ${script} did not run: ${project.scripts[script]}`);
  console.log(`    If it is needed, put below this step in the Dockerfile: RUN npm run ${script}`);
}
