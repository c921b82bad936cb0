#!/usr/bin/env node
// Starts the command (engine.cjs), or a small program for what is asked at every TAB or all day, from compiled code that an earlier run
// left in the user's cache folder: compiling a megabyte of source is the largest part of a short command. Whatever is wrong
// with the cache, the source is compiled.
const fs = require('node:fs');
const path = require('node:path');
const vm = require('node:vm');
const Module = require('node:module');

const version = '__ORC_VERSION__';
const words = process.argv.slice(2);
/** The exit code for a command that there is not. */
const wrongWords = 2;
/** First words with whose second word programs do very different things. */
const nounsOfMany = ['t', 'task', 'l', 'lock'];
/** Files of compiled code, a megabyte each: in the user's cache folder, and in one that was named. */
const mostKept = process.env.ORC_CODE_CACHE ? 200 : 24;
const only = words.length === 1 ? words[0] : null;
if (only === '--version' || only === '-V') print(`${version}\n`);
else if ((only === '--help' || only === '-h') && printHelp()) process.exitCode = 0;
else if (words[0] === '__complete' && isThere('complete.cjs')) run('complete.cjs');
else if ((words[0] === 'status' || words[0] === 's') && isThere('status.cjs')) void answerStatus();
else run('engine.cjs');

/** As the build kept it: on a terminal it is as wide as that. */
function printHelp() {
  let help = null;
  try {
    if (!fs.fstatSync(1).isCharacterDevice()) help = fs.readFileSync(path.join(__dirname, 'help.txt'), 'utf8');
  } catch {
    // The whole command knows it too.
  }
  return help !== null && print(help);
}

/** A reader that has gone is no error; one that is slow is waited for. */
function print(text) {
  for (let rest = Buffer.from(text); rest.length > 0; ) {
    try {
      rest = rest.subarray(fs.writeSync(1, rest));
    } catch (error) {
      if (error.code === 'EPIPE') return true;
      if (error.code !== 'EAGAIN') throw error;
    }
  }
  return true;
}

/** What it does not answer, the whole command does. */
async function answerStatus() {
  // The usual place: without a snapshot the first of them has nothing to answer from.
  const store = path.join('.git', 'orc', 'board.git');
  const isCold = fs.existsSync(store) && !fs.existsSync(path.join(store, 'snapshot', 'open'));
  for (const name of [...(isCold ? [] : ['status.cjs']), 'status-read.cjs'].filter(isThere)) {
    let isAnswered = false;
    try {
      isAnswered = await run(name).answer(words);
    } catch {
      // It said nothing.
    }
    // Nothing is under way: taking the program's memory apart piece by piece would take milliseconds.
    if (isAnswered) process.exit();
  }
  run('engine.cjs');
}

function isThere(name) {
  return fs.existsSync(path.join(__dirname, name));
}

function run(name) {
  const file = path.join(__dirname, name);
  const cacheFile = cachePath(file);
  const cachedData = cacheFile === null ? undefined : read(cacheFile);
  // The build sees to it that there is nothing but ASCII in it, so it need not be decoded, and that it is one function already.
  const text = fs.readFileSync(file, 'latin1');
  const source = text.startsWith(Module.wrapper[0]) ? text : Module.wrap(text);
  const script = new vm.Script(source, { filename: file, cachedData });
  if (cacheFile !== null && (cachedData === undefined || script.cachedDataRejected)) {
    // When the command is done: then the functions that it used are compiled too.
    process.once('exit', (code) => code !== wrongWords && write(cacheFile, script.createCachedData()));
  }
  const program = new Module(file, null);
  program.filename = file;
  const load = script.runInThisContext();
  load.call(program.exports, program.exports, Module.createRequire(file), program, file, __dirname);
  return program.exports;
}

/**
 * One file for each program, kind of command, build, version of V8 and machine type: a change needs other functions than a look does,
 * and what it does not find compiled it compiles every time. `ORC_CODE_CACHE=0` does without; a folder there is used in place of the user's
 * own, by whoever starts the command with fresh homes. Nobody else may be able to write into it: what lies there is run.
 */
function cachePath(file) {
  const named = process.env.ORC_CODE_CACHE;
  if (named === '0') return null;
  const cache = process.env.XDG_CACHE_HOME || (process.env.HOME && path.join(process.env.HOME, '.cache'));
  const folder = named || (cache && path.join(cache, 'orc', 'code'));
  if (!folder || !path.isAbsolute(folder)) return null;
  try {
    const { size, mtimeMs } = fs.statSync(file);
    const name = path.basename(file, '.cjs');
    const key = [
      name,
      ...(name === 'engine' ? kindOfCommand() : []),
      size,
      Math.round(mtimeMs),
      process.versions.v8,
      process.arch,
    ].join('-');
    return path.join(folder, `${key}.bin`);
  } catch {
    return null;
  }
}

/** `t next`, `events`: as many words as name a command. Others' words are not among them. */
function kindOfCommand() {
  const [noun, verb] = words.map((word) => (/^[a-z]{1,12}$/.test(word) ? word : 'other'));
  return [noun, ...(nounsOfMany.includes(noun) ? [verb] : [])].filter((word) => word !== undefined);
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
    removeOthers(folder);
    const temporary = `${to}.${process.pid}`;
    fs.writeFileSync(temporary, data, { mode: 0o600 });
    fs.renameSync(temporary, to);
  } catch {
    // A cache that cannot be written is no cache.
  }
}

/** Those of other builds and versions: the newest few are kept. */
function removeOthers(folder) {
  const others = fs.readdirSync(folder).map((name) => path.join(folder, name));
  if (others.length < mostKept) return;
  const ages = new Map(others.map((each) => [each, fs.statSync(each).mtimeMs]));
  for (const each of others.sort((a, b) => ages.get(b) - ages.get(a)).slice(mostKept - 1))
    fs.rmSync(each, { force: true });
}
