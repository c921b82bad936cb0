/**
 * Builds what the package ships: `dist/lib` (the library: ES modules and types) and `dist/bin` (the command: one bundle
 * and the packages that it loads on demand). Says nothing when all is well, and does nothing when nothing changed.
 *
 *     node scripts/build.mjs [--force]
 *
 * Each half is built beside dist/ and moved into place when it is complete, so that a build that fails, or that runs
 * while the tests do, leaves no half-written command behind.
 */
import { execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = path.join(root, 'dist');
const stampFile = path.join(dist, '.build-stamp');
const staging = path.join(root, `.build-${process.pid}`);

const libraryEntry = path.join(root, 'src/index.ts');
const commandEntry = path.join(root, 'src/bin/orc.ts');
const hookEntry = path.join(root, 'src/bin/receive.ts');

if (!hasDevDependencies()) {
  // `prepare` of an installation without development dependencies: there is nothing to build with.
  if (process.env.npm_lifecycle_event === 'prepare') process.exit(0);
  console.error('build: the development dependencies are missing; run `npm ci`');
  process.exit(1);
}

const stamp = hashInputs();
const isCurrent = existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp;
if (!isCurrent || process.argv.includes('--force')) process.exitCode = await build();

async function build() {
  try {
    const results = await Promise.allSettled([buildLibrary(), buildCommand()]);
    const failures = results.filter((result) => result.status === 'rejected');
    // esbuild has printed its own errors already.
    for (const { reason } of failures) if (!reason?.errors) console.error(reason?.quiet ? reason.message : reason);
    if (failures.length > 0) {
      rmSync(stampFile, { force: true });
      return 1;
    }
    mkdirSync(dist, { recursive: true });
    writeFileSync(stampFile, stamp);
    return 0;
  } finally {
    rmSync(staging, { recursive: true, force: true });
  }
}

async function buildLibrary() {
  if (!isThere(libraryEntry)) return;
  const out = path.join(staging, 'lib');
  const tsc = path.join(path.dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  await run(process.execPath, [tsc, '-p', 'tsconfig.build.json', '--outDir', out]);
  moveIntoPlace(out, path.join(dist, 'lib'));
}

async function buildCommand() {
  if (!isThere(commandEntry)) return;
  const { bundleCommand } = await import('./build/bundle-command.mjs');
  const out = path.join(staging, 'bin');
  const quickStatus = ['src/bin/status.ts', 'src/bin/status-read.ts'].map((file) => path.join(root, file));
  const completion = {
    entry: path.join(root, 'src/bin/complete.ts'),
    commands: path.join(root, 'src/cli/completion/command-table.ts'),
  };
  await bundleCommand({
    root,
    entry: commandEntry,
    outDir: out,
    version: readVersion(),
    completion,
    quickStatus,
    hookEntry,
  });
  // Asked for by every newcomer, and always the same: see front.cjs.
  const help = execFileSync(process.execPath, [path.join(out, 'orc.cjs'), '--help'], {
    env: { ...process.env, ORC_CODE_CACHE: '0' },
    encoding: 'utf8',
  });
  writeFileSync(path.join(out, 'help.txt'), help);
  moveIntoPlace(out, path.join(dist, 'bin'));
}

/** A half without an entry is left out; `npm run package` then says what the package lacks. */
function isThere(entry) {
  if (existsSync(entry)) return true;
  console.error(`build: left out, there is no ${path.relative(root, entry)}`);
  return false;
}

/** A fingerprint of everything that the result depends on: contents, not times, so that a fresh checkout compares too. */
function hashInputs() {
  const files = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json', 'scripts/build.mjs'];
  for (const folder of ['src', 'scripts/build']) {
    for (const entry of readdirSync(path.join(root, folder), { withFileTypes: true, recursive: true })) {
      if (entry.isFile()) files.push(path.relative(root, path.join(entry.parentPath, entry.name)));
    }
  }
  const hash = createHash('sha256');
  for (const file of files.sort()) {
    const bytes = readFileSync(path.join(root, file));
    hash.update(`${file}\0${bytes.length}\0`).update(bytes);
  }
  return hash.digest('hex');
}

/** Replaces a folder by a new one. Two builds at once both succeed: the later one stays. */
function moveIntoPlace(from, to) {
  mkdirSync(path.dirname(to), { recursive: true });
  for (let attempt = 1; ; attempt++) {
    try {
      if (existsSync(to)) renameSync(to, `${from}-old-${attempt}`);
      renameSync(from, to);
      return;
    } catch (error) {
      if (attempt === 5) throw error;
    }
  }
}

function run(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] });
    child.on('error', reject);
    child.on('exit', (code) => (code === 0 ? resolve() : reject(quiet(`build: tsc exited with ${code}`))));
  });
}

function hasDevDependencies() {
  const require = createRequire(import.meta.url);
  return ['esbuild', 'typescript/package.json'].every((name) => {
    try {
      return require.resolve(name) !== '';
    } catch {
      return false;
    }
  });
}

function readVersion() {
  return JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')).version;
}

/** An error whose message is all there is to say. */
function quiet(message) {
  return Object.assign(new Error(message), { quiet: true });
}
