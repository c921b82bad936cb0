#!/usr/bin/env node
// Starts the command (engine.cjs) from compiled code that an earlier run left in the user's cache folder: compiling half
// a megabyte of source is the largest part of a short command. Whatever is wrong with the cache, the source is compiled.
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');
const Module = require('node:module');

// Shells ask at every TAB: that has a small program of its own.
const completion = path.join(__dirname, 'complete.cjs');
const isCompletion = process.argv[2] === '__complete' && fs.existsSync(completion);
const file = isCompletion ? completion : path.join(__dirname, 'engine.cjs');
const cacheFile = cachePath();
const cachedData = cacheFile === null ? undefined : read(cacheFile);
const script = new vm.Script(Module.wrap(fs.readFileSync(file, 'utf8')), { filename: file, cachedData });
if (cacheFile !== null && (cachedData === undefined || script.cachedDataRejected)) {
  // When the command is done: then the functions that it used are compiled too.
  process.once('exit', () => write(cacheFile, script.createCachedData()));
}
const engine = new Module(file, null);
engine.filename = file;
script.runInThisContext().call(engine.exports, engine.exports, Module.createRequire(file), engine, file, __dirname);

/** One file for each build, version of V8 and machine type. `ORC_CODE_CACHE=0` does without. */
function cachePath() {
  if (process.env.ORC_CODE_CACHE === '0') return null;
  const base = process.env.XDG_CACHE_HOME || (process.env.HOME && path.join(process.env.HOME, '.cache'));
  if (!base || !path.isAbsolute(base)) return null;
  try {
    const { size, mtimeMs } = fs.statSync(file);
    const key = [size, Math.round(mtimeMs), process.versions.v8, process.arch].join('-');
    return path.join(base, 'orc', 'code', `${key}.bin`);
  } catch {
    return null;
  }
}

function read(from) {
  try {
    return fs.readFileSync(from);
  } catch {
    return undefined;
  }
}

function write(to, data) {
  try {
    // Step by step: a recursive mkdir never ends in some places, such as below /proc.
    const folder = path.dirname(to);
    for (const each of [path.resolve(folder, '../..'), path.resolve(folder, '..'), folder]) {
      if (!fs.existsSync(each)) fs.mkdirSync(each, { mode: 0o700 });
    }
    // Those of other builds and versions: a few are kept.
    const others = fs.readdirSync(folder);
    for (const name of others.slice(0, Math.max(0, others.length - 4)))
      fs.rmSync(path.join(folder, name), { force: true });
    const temporary = `${to}.${process.pid}`;
    fs.writeFileSync(temporary, data, { mode: 0o600 });
    fs.renameSync(temporary, to);
  } catch {
    // A cache that cannot be written is no cache.
  }
}
