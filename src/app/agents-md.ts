/**
 * The block in AGENTS.md that tells coding agents about orc. It stands between two markers and is kept current; everything
 * else in the file stays byte for byte as it was.
 */
import { lstat, readFile, realpath, rename, unlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { OrcError } from '../errors.ts';
import { errnoOf, temporaryName } from '../git/atomic-file.ts';
import { findHost } from '../git/host.ts';
import { instructionsForAll } from './agent-instructions.ts';

const start = '<!-- orc:start -->';
const end = '<!-- orc:end -->';

/** Read as latin1. */
const byteOrderMark = '\u00ef\u00bb\u00bf';

const agentsBlock = blockOf(instructionsForAll);
/** Some agents read CLAUDE.md alone; there a line with `@` takes in another file. */
const includeBlock = blockOf(['@AGENTS.md']);

/**
 * Writes the block into AGENTS.md of a work tree, and a line that includes it into a CLAUDE.md that is there.
 * @throws OrcError `conflict` when the markers do not make a pair, `io`
 */
export async function writeAgentsMd(workTree: string): Promise<'written' | 'unchanged'> {
  const hasChanged = await edit(workTree, 'AGENTS.md', (text) => withBlock(text, agentsBlock, 'AGENTS.md'));
  const hasIncluded = await edit(workTree, 'CLAUDE.md', (text) => {
    // One that is AGENTS.md itself, by a link, has the block already; and who includes it by hand needs no other line.
    const isSettled = text === null || text.includes(start) || includes(text);
    return isSettled ? text : withBlock(text, includeBlock, 'CLAUDE.md');
  });
  return hasChanged || hasIncluded ? 'written' : 'unchanged';
}

/**
 * Takes out what `writeAgentsMd` wrote: the files are byte for byte what they were before, and one that it made is gone.
 * @throws OrcError `conflict` when the markers do not make a pair, `io`
 */
export async function removeAgentsMd(workTree: string): Promise<'removed' | 'unchanged'> {
  // CLAUDE.md first: where it is AGENTS.md by a link, the one block is both files'.
  const hasLeft = await edit(workTree, 'CLAUDE.md', (text) => withoutBlock(text, 'CLAUDE.md'));
  const hasChanged = await edit(workTree, 'AGENTS.md', (text) => withoutBlock(text, 'AGENTS.md'));
  return hasLeft || hasChanged ? 'removed' : 'unchanged';
}

/** Where the files are: the top of the work tree around a folder, else the folder itself. */
export function workTreeAround(cwd: string, env: NodeJS.ProcessEnv): string {
  return findHost(cwd, env)?.workTree ?? cwd;
}

function blockOf(lines: readonly string[]): string {
  return [start, ...lines, end].join('\n');
}

/**
 * What stands before and behind a block that is appended says how the file was, so that `withoutBlock` can tell: one line
 * break before it and one behind; without one at its end, the file had none, and was given one more before the block.
 */
function withBlock(text: string | null, block: string, name: string): string {
  const eol = endOfLine(text ?? '');
  const current = block.replaceAll('\n', eol);
  if (text === null) return `${current}${eol}`;
  const place = findBlock(text, name);
  if (place !== null) return `${text.slice(0, place.from)}${current}${text.slice(place.to)}`;
  return endsInLine(text) ? `${text}${eol}${current}${eol}` : `${text}${eol}${eol}${current}`;
}

/** `null` when nothing is left of a file that orc made. */
function withoutBlock(text: string | null, name: string): string | null {
  const place = text === null ? null : findBlock(text, name);
  if (text === null || place === null) return text;
  const eol = text.slice(place.from, place.to).includes('\r\n') ? '\r\n' : '\n';
  const [before, behind] = [text.slice(0, place.from), text.slice(place.to)];
  const rest = behind.startsWith(eol) ? behind.slice(eol.length) : behind;
  if (before === '') return rest === '' ? null : rest;
  const breaks = behind === '' ? `${eol}${eol}` : eol;
  return `${before.endsWith(breaks) ? before.slice(0, before.length - breaks.length) : before}${rest}`;
}

/** `null`: it is not there. @throws OrcError `conflict` */
function findBlock(text: string, name: string): { readonly from: number; readonly to: number } | null {
  const starts = positionsOf(text, start);
  const ends = positionsOf(text, end);
  const [from] = starts;
  const [to] = ends;
  if (from === undefined && to === undefined) return null;
  if (from === undefined || to === undefined || to < from || starts.length > 1 || ends.length > 1) {
    throw new OrcError('conflict', `${name} has markers of orc that do not make one pair`, {
      hint: `leave one ${start} and one ${end} behind it, or remove both`,
    });
  }
  return { from, to: to + end.length };
}

function includes(text: string): boolean {
  return /^[ \t]*@(?:\.\/)?AGENTS\.md[ \t]*\r?$/m.test(text);
}

/** An empty file counts as one: nothing has to be ended before the block. */
function endsInLine(text: string): boolean {
  return text === '' || text === byteOrderMark || text.endsWith('\n');
}

/** As most lines of the file end. */
function endOfLine(text: string): string {
  const lines = text.split('\n').length - 1;
  const withReturn = text.split('\r\n').length - 1;
  return withReturn > lines / 2 ? '\r\n' : '\n';
}

function positionsOf(text: string, marker: string): number[] {
  const found: number[] = [];
  for (let at = text.indexOf(marker); at !== -1; at = text.indexOf(marker, at + 1)) found.push(at);
  return found;
}

/** Through latin1, so that bytes that are no UTF-8 stay as they are; `null`: no file. Whether it was changed. */
async function edit(workTree: string, name: string, change: (text: string | null) => string | null): Promise<boolean> {
  const file = path.join(workTree, name);
  try {
    const target = (await orNull(realpath(file))) ?? file;
    if (target !== file) await refuseOutside(workTree, target, name);
    const before = await orNull(readFile(target, 'latin1'));
    const after = change(before);
    if (after === before) return false;
    if (after === null) {
      await unlink(target);
      return true;
    }
    const mode = before === null ? 0o666 : (await lstat(target)).mode & 0o7777;
    const temporary = temporaryName(target);
    await writeFile(temporary, after, { encoding: 'latin1', mode });
    await rename(temporary, target);
    return true;
  } catch (error) {
    if (error instanceof OrcError || errnoOf(error) === null) throw error;
    throw new OrcError('io', `cannot write ${file}: ${errnoOf(error)}`, { cause: error });
  }
}

/** A link in somebody's repository must not lead orc to write elsewhere. */
async function refuseOutside(workTree: string, target: string, name: string): Promise<void> {
  const way = path.relative(await realpath(workTree), target);
  if (!way.startsWith('..') && !path.isAbsolute(way)) return;
  throw new OrcError('conflict', `${name} is a link out of the work tree`, { hint: 'make it a file of its own' });
}

async function orNull<T>(reading: Promise<T>): Promise<T | null> {
  return reading.catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return null;
    throw error;
  });
}
