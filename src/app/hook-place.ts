/** Where git looks for the hooks of a clone, and how orc's can live beside those that are there. */
import { lstatSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import path from 'node:path';
import { OrcError } from '../errors.ts';
import { errorCodeOf, toIoError } from '../git/durable-files.ts';
import type { Host } from '../git/host.ts';
import { expandGitPath } from './git-path.ts';
import { ownHooks } from './hook-texts.ts';
import { findSurroundings } from './surroundings.ts';

export interface HooksPlace {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

/**
 * `lines`: git's own folder, where orc's lines stand in the hooks themselves. `folder`: a generated folder passes on to the one that was
 * in force before; so it is with `core.hooksPath`, whose folders are tracked, generated anew or shared with other repositories, and
 * where lines do not fit: programs, links, hooks that are switched off.
 */
export type Way = 'lines' | 'folder';

/** A folder of hooks that pass on to others, and how git comes to it. */
export interface Generated {
  readonly folder: string;
  /** Includes `included`, which says `core.hooksPath`. Gone or moved away, git ignores it, and the hooks before are in force. */
  readonly configFile: string;
  readonly included: string;
}

export interface HookPlace {
  readonly host: Host;
  readonly way: Way;
  /** Where git looks without orc: as configured, so possibly relative to each work tree. */
  readonly before: string;
  /** The same for this work tree. */
  readonly beforeHere: string;
  /** Where git looks now. */
  readonly inForce: string;
  readonly manager: string | null;
  /** The generated folder of the clone; or of this work tree, where its own configuration names the one before. */
  readonly generated: Generated;
  /** Both of them, whether they are there or not. */
  readonly generatedEver: readonly Generated[];
  /** `<common git dir>/orc/hooks`: orc's own scripts. */
  readonly scripts: string;
}

/** @throws OrcError `no-repository`, `git-failed`, `io` */
export async function findHookPlace({ cwd, env }: HooksPlace): Promise<HookPlace> {
  const { host, config } = findSurroundings({ cwd, env: { ...env, ORC_BOARD: '' } });
  if (host === null) throw new OrcError('no-repository', `${cwd} is not in a git repository`, { hint: 'use -C DIR' });
  const orc = path.join(host.commonDir, 'orc');
  const isOurs = (value: string): boolean =>
    path.dirname(value) === orc && path.basename(value).startsWith('hooks-path');
  const set = (await config()).entries.filter(
    ({ scope, key, value }) => scope !== 'command' && key === 'core.hookspath' && value !== '',
  );
  const other = set.findLast(({ value }) => !isOurs(value));
  const standard = path.join(host.commonDir, 'hooks');
  const top = host.workTree ?? host.gitDir;
  const before = other === undefined ? standard : await expandGitPath(other.value, top, env);
  const beforeHere = path.resolve(top, before);
  const isStandard = isSamePlace(beforeHere, standard);
  const ofClone = generatedIn(path.join(orc, 'hooks-path'), path.join(host.commonDir, 'config'));
  const ofWorkTree = generatedIn(
    path.join(orc, `hooks-path.${host.worktreeName ?? 'main'}`),
    path.join(host.gitDir, 'config.worktree'),
  );
  return {
    host,
    way: isStandard && canTakeLines(standard) ? 'lines' : 'folder',
    before,
    beforeHere,
    inForce: set.at(-1)?.value ?? standard,
    manager: managerOf(beforeHere, isStandard),
    generated: other?.scope === 'worktree' ? ofWorkTree : ofClone,
    generatedEver: [ofClone, ofWorkTree],
    scripts: path.join(orc, 'hooks'),
  };
}

/** Whether a file is a script of a shell that understands orc's lines, and would be run. */
export function isShellHook(file: string): boolean {
  const facts = lstatSync(file, { throwIfNoEntry: false });
  if (facts === undefined || !facts.isFile() || (facts.mode & 0o111) === 0) return false;
  const [first = ''] = readFileSync(file, 'latin1').split('\n', 1);
  return /^#!\s*(?:\/\S*\/)?(?:env\s+(?:-\S+\s+)*)?(?:\/\S*\/)?(?:sh|bash|dash|ash|ksh|zsh)(?:\s|$)/.test(first);
}

/** The names in a folder; none where it is not there. @throws OrcError `io` */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(errorCodeOf(error) ?? '')) return [];
    throw toIoError(`list ${folder}`, error);
  }
}

function generatedIn(folder: string, configFile: string): Generated {
  return { folder, configFile, included: `${folder}.config` };
}

function canTakeLines(folder: string): boolean {
  // A link leads to a folder of somebody else's, which may be tracked.
  const facts = lstatSync(folder, { throwIfNoEntry: false });
  if (facts !== undefined && !facts.isDirectory()) return false;
  return ownHooks.every((name) => {
    const file = path.join(folder, name);
    return lstatSync(file, { throwIfNoEntry: false }) === undefined || isShellHook(file);
  });
}

function isSamePlace(one: string, other: string): boolean {
  if (one === other) return true;
  const isThere =
    statSync(one, { throwIfNoEntry: false }) !== undefined && statSync(other, { throwIfNoEntry: false }) !== undefined;
  return isThere && realpathSync(one) === realpathSync(other);
}

const managers: readonly (readonly [string, RegExp])[] = [
  ['husky', /\bhusky\b/i],
  ['lefthook', /\blefthook\b/i],
  ['pre-commit', /pre-commit\.com|pre_commit/],
  ['overcommit', /\bovercommit\b/i],
];

/** Who made the hooks there, as far as their texts tell. */
function managerOf(folder: string, isStandard: boolean): string | null {
  if (/(?:^|\/)\.husky(?:\/|$)/.test(folder)) return 'husky';
  for (const name of namesIn(folder).filter((each) => !each.endsWith('.sample'))) {
    const file = path.join(folder, name);
    if (!statSync(file, { throwIfNoEntry: false })?.isFile()) continue;
    const text = readFileSync(file, 'latin1').slice(0, 16_384);
    const found = managers.find(([, sign]) => sign.test(text));
    if (found !== undefined) return found[0];
  }
  return isStandard ? null : 'core.hooksPath';
}
