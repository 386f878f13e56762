// Compiles the list file from the newest versions of the packages, whatever the lock file says:
// what `verihook lists update` runs.
//
//   node update.mjs OUT         needs npm and the network; changes nothing in this folder
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

function run(folder, program, ...args) {
  const { status, error } = spawnSync(program, args, { cwd: folder, stdio: ['ignore', 2, 2] });
  if (error) throw new Error(`${program} cannot be started: ${error.message}`);
  if (status !== 0) throw new Error(`${program} ${args[0]} failed with status ${status}`);
}

const out = process.argv[2];
if (!out) {
  console.error('usage: node update.mjs OUT');
  process.exit(2);
}
const folder = mkdtempSync(join(tmpdir(), 'verihook-lists-'));
try {
  for (const name of readdirSync(here)) {
    if (!/\.txt$|^compile\.mjs$|^package\.json$/.test(name)) continue;
    cpSync(join(here, name), join(folder, name));
  }
  const { dependencies } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  run(folder, 'npm', 'install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error',
    ...Object.keys(dependencies).map((name) => `${name}@latest`));
  run(folder, process.execPath, 'compile.mjs', resolve(out));
} catch (error) {
  console.error(`lists: ${error.message}`);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
