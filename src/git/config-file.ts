/**
 * Reads and edits git's configuration files without git: the store's own file, and the host's where no git is installed.
 */
import { readFileSync, realpathSync, type Stats } from 'node:fs';
import { open, rename, rm, stat } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { OrcError } from '../errors.ts';
import { errnoOf, fsyncFolder } from './atomic-file.ts';
import { type ConfigEntry, ConfigSyntaxError, type ParsedConfig, parseConfig } from './config-syntax.ts';
import { createMachineLock } from './machine-lock.ts';
import { type LockTiming, systemTiming } from './timing.ts';

/** git's own limit. */
const INCLUDE_DEPTH = 10;
/** A `config.lock` this old was left by a crash: whoever writes a configuration needs milliseconds. */
const LEFTOVER_MS = 1_000;

export interface ReadConfigOptions {
  /** Follow `include.path`; default `true`. `includeIf` is never followed. */
  readonly includes?: boolean;
  /** What `~/` in `include.path` stands for; default the user's home folder. */
  readonly home?: string;
}

/**
 * All entries of a file in their order, included files at the place of their `include.path` entry. A missing file is empty.
 *
 * @throws OrcError `git-failed` for bad syntax (`details: { file, line }`) or includes nested deeper than 10; `io` when it cannot be read
 */
export function readConfigFile(file: string, options: ReadConfigOptions = {}): readonly ConfigEntry[] {
  const entries: ConfigEntry[] = [];
  collectEntries(file, options, 0, entries);
  return entries;
}

/** The value that counts: the last one. */
export function lastValue(entries: readonly ConfigEntry[], key: string): string | null {
  return entries.findLast(([name]) => name === key)?.[1] ?? null;
}

function collectEntries(file: string, options: ReadConfigOptions, depth: number, into: ConfigEntry[]): void {
  if (depth > INCLUDE_DEPTH) {
    throw new OrcError('git-failed', `includes nest deeper than ${INCLUDE_DEPTH} at ${file}`, {
      hint: 'look for a file that includes itself',
    });
  }
  for (const { key, value } of parseFile(file, readBytes(file)).entries) {
    into.push([key, value]);
    if (key !== 'include.path' || options.includes === false) continue;
    const target = /^~\//.test(value) ? path.join(options.home ?? os.homedir(), value.slice(2)) : value;
    if (!target.startsWith('~')) collectEntries(path.resolve(path.dirname(file), target), options, depth + 1, into);
  }
}

function readBytes(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return '';
    throw new OrcError('io', `cannot read ${file}: ${code ?? error}`, { cause: error });
  }
}

function parseFile(file: string, text: string): ParsedConfig {
  try {
    return parseConfig(text);
  } catch (error) {
    if (!(error instanceof ConfigSyntaxError)) throw error;
    throw new OrcError('git-failed', `bad config line ${error.line} in file ${file}`, {
      hint: `git config --file ${file} --edit`,
      details: { file, line: error.line },
    });
  }
}

/**
 * Sets single-valued keys, all or none, and leaves every other byte as it was. Where a key stands several times the last,
 * which is the one that counts, is changed; a new key goes to the end of the last section of its name.
 *
 * Guarded by git's own protocol (`<file>.lock`, created exclusively, renamed over the file), durable when it resolves.
 * What is *not* promised: safety against a writer that was stopped for more than a second while it held the lock file,
 * since git's lock does not say whose it is.
 *
 * @throws OrcError `invalid-argument` for an impossible key or value, `git-failed` when the file is malformed,
 *   `store-busy` when another writer stays for 5 s, `io`
 */
export async function setConfigValues(
  file: string,
  entries: readonly ConfigEntry[],
  timing: LockTiming = systemTiming,
): Promise<void> {
  const canonical = entries.map(([key, value]): ConfigEntry => [canonicalKey(key), value]);
  const target = resolveLink(file); // git, too, replaces what a symlinked ~/.gitconfig points to
  const lock = `${target}.lock`;
  const handle = await createLockFile(lock, timing);
  let lockIsOurs = true;
  try {
    const text = canonical.reduce((before, entry) => setValue(target, before, entry), readBytes(target));
    await handle.writeFile(Buffer.from(text, 'latin1'));
    const before = await statIfThere(target);
    if (before !== null) await handle.chmod(before.mode & 0o7777);
    await handle.sync();
    // We were stopped for so long that somebody took our lock file for a leftover: what stands there now is theirs.
    lockIsOurs = (await statIfThere(lock))?.ino === (await handle.stat()).ino;
    if (!lockIsOurs)
      throw new OrcError('store-busy', `another process changed ${target} at the same time`, { hint: 'try again' });
    await rename(lock, target);
    lockIsOurs = false;
  } catch (error) {
    if (errnoOf(error) === null) throw error;
    throw new OrcError('io', `cannot write ${target}: ${errnoOf(error)}`, { cause: error });
  } finally {
    // Synced or of no use: nothing can be lost by a close that fails, and a lock file that stays is a leftover in a second.
    await handle.close().catch(() => undefined);
    if (lockIsOurs) await rm(lock, { force: true }).catch(() => undefined);
  }
  await fsyncFolder(path.dirname(target));
}

async function statIfThere(file: string): Promise<Stats | null> {
  try {
    return await stat(file);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  }
}

async function createLockFile(lock: string, timing: LockTiming) {
  const deadline = timing.now() + 5_000;
  for (;;) {
    try {
      return await open(lock, 'wx');
    } catch (error) {
      if (errnoOf(error) !== 'EEXIST')
        throw new OrcError('io', `cannot create ${lock}: ${errnoOf(error) ?? error}`, { cause: error });
    }
    if (await isLeftover(lock)) await removeLeftover(lock, deadline - timing.now());
    else if (timing.now() >= deadline) {
      throw new OrcError('store-busy', `${lock} is held by another process`, {
        hint: 'if none is running, remove that file',
      });
    } else await timing.sleep(10 + 30 * timing.random());
  }
}

/** Looked at again under a lock of its own: two that break the same leftover must not remove each other's new lock file. */
async function removeLeftover(lock: string, timeoutMs: number): Promise<void> {
  const held = await createMachineLock(`${lock}.break`).acquire({ timeoutMs });
  try {
    // If it cannot be removed, it is waited for in vain, and named.
    if (await isLeftover(lock)) await rm(lock, { force: true }).catch(() => undefined);
  } finally {
    await held.release();
  }
}

const isLeftover = (lock: string): Promise<boolean> =>
  stat(lock).then(
    (facts) => Date.now() - facts.mtimeMs > LEFTOVER_MS,
    () => false,
  );

function resolveLink(file: string): string {
  try {
    return realpathSync.native(file);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT' || errnoOf(error) === 'ENOTDIR') return path.resolve(file);
    throw new OrcError('io', `cannot look at ${file}: ${errnoOf(error) ?? error}`, { cause: error });
  }
}

/** The text with one value set; checked by reading it back, so that a slip of the editor can never reach the disk. */
function setValue(file: string, text: string, [key, value]: ConfigEntry): string {
  const { entries, sections } = parseFile(file, text);
  const bytes = toLatin1(formatValue(value));
  const name = key.slice(key.lastIndexOf('.') + 1);
  const section = key.slice(0, key.lastIndexOf('.'));
  const known = entries.findLast((entry) => entry.key === key);
  const home = sections.findLastIndex((candidate) => candidate.name === section);
  let edited: string;
  if (known !== undefined) {
    const spelling = /^[\w-]+/.exec(text.slice(known.start))?.[0] ?? name;
    edited = `${text.slice(0, known.start)}${spelling} = ${bytes}${text.slice(known.end)}`;
  } else {
    const from = sections[home]?.end ?? text.length;
    const until = sections[home + 1]?.end ?? text.length;
    const last = entries.findLast((entry) => entry.start >= from && entry.end <= until)?.end ?? from;
    const lineEnd = text.indexOf('\n', last) === -1 ? text.length : text.indexOf('\n', last) + 1;
    // `[a] [b]` on one line leaves no room in between: such a section is opened anew at the end.
    const fits = home !== -1 && (sections[home + 1]?.end ?? lineEnd + 1) > lineEnd;
    const insert = fits ? lineEnd : text.length;
    const before = text.slice(0, insert);
    const header = fits ? '' : `${toLatin1(formatHeader(section))}\n`;
    edited = `${before}${before === '' || before.endsWith('\n') ? '' : '\n'}${header}\t${name} = ${bytes}\n${text.slice(insert)}`;
  }
  const readBack = parseFile(file, edited).entries.findLast((entry) => entry.key === key)?.value;
  if (readBack !== value) throw new Error(`setting ${key} in ${file} did not come out right`);
  return edited;
}

const toLatin1 = (text: string): string => Buffer.from(text, 'utf8').toString('latin1');

/**
 * `section.[subsection.]name` in canonical case: section and name folded, the subsection as it is.
 * @throws OrcError `invalid-argument` for what cannot be a key
 */
export function canonicalKey(key: string): string {
  const match = /^([a-z0-9-]+)\.(?:([^\n\0]*)\.)?([a-z][a-z0-9-]*)$/i.exec(key);
  if (match === null) throw new OrcError('invalid-argument', `not a configuration key: ${JSON.stringify(key)}`);
  const [, section = '', subsection, name = ''] = match;
  return [section.toLowerCase(), ...(subsection === undefined ? [] : [subsection]), name.toLowerCase()].join('.');
}

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '"': '\\"', '\n': '\\n', '\t': '\\t', '\b': '\\b' };

/** A value as it must be written so that git reads it back unchanged; quoted unless it is plainly harmless. */
function formatValue(value: string): string {
  if (value.includes('\0')) throw new OrcError('invalid-argument', 'a configuration value cannot hold a NUL character');
  if (/^[\w./:@+,=~%*-]+( [\w./:@+,=~%*-]+)*$/.test(value)) return value;
  return `"${value.replace(/[\\"\n\t\b]/g, (char) => escapes[char] ?? char)}"`;
}

/** `[remote "origin"]` for `remote.origin`. */
function formatHeader(section: string): string {
  const dot = section.indexOf('.');
  return dot === -1
    ? `[${section}]`
    : `[${section.slice(0, dot)} "${section.slice(dot + 1).replace(/[\\"]/g, '\\$&')}"]`;
}
