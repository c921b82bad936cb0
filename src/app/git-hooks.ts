/**
 * orc's git hooks in a clone: put in beside what is there, taken out without a trace, looked at.
 *
 * The scripts are copied into `<common git dir>/orc/hooks`; what git runs is either lines of ours in git's own hooks, or a generated
 * folder that passes on to the hooks that were in force before (docs/decisions/0031-git-hooks.md).
 */
import { lstatSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { OrcError } from '../errors.ts';
import { findBlock, withBlock, withoutBlock } from './hook-block.ts';
import { HookFiles } from './hook-files.ts';
import { findHookPlace, type Generated, type HookPlace, type HooksPlace, namesIn } from './hook-place.ts';
import {
  asBytes,
  configBlock,
  emptyHook,
  forwardedNames,
  forwarder,
  hookBlock,
  includedConfig,
  isOwnFile,
  madeByOrc,
  markers,
  type OwnHook,
  ownHooks,
  withoutConfigBlock,
} from './hook-texts.ts';
import { packageRoot } from './package-info.ts';

export interface HookReport {
  readonly name: string;
  /** `outdated`: it is another version's, or what it stands beside has changed since. */
  readonly state: 'installed' | 'absent' | 'outdated';
  /** The hook of others that runs beside it, or in its place where it is absent; `null` where there is none. */
  readonly beside: string | null;
}

export interface HooksReport {
  /** Where git looks for hooks without orc. */
  readonly folder: string;
  /** Who made the hooks there: `husky`, `lefthook`, `pre-commit`, `overcommit`, or `core.hooksPath`; `null`: nobody in particular. */
  readonly manager: string | null;
  readonly hooks: readonly HookReport[];
  /** Whether this call changed anything. */
  readonly changed: boolean;
  /** What there is to know, in sentences. */
  readonly notes: readonly string[];
}

/** @throws OrcError `no-repository`, `conflict` where something of orc's was changed by hand, `store-busy`, `io` */
export async function installHooks(where: HooksPlace): Promise<HooksReport> {
  const place = await findHookPlace(where);
  const files = new HookFiles(place);
  // What was put in when something else was in force.
  if (place.way === 'folder' && hasLines(place)) removeLines(place, files);
  for (const each of place.generatedEver)
    if (place.way === 'lines' || each !== place.generated) removeFolder(place, files, each);
  for (const name of ownHooks) files.write(path.join(place.scripts, name), readScript(name), 0o755);
  files.write(path.join(place.scripts, 'command'), commandText(), 0o644);
  if (place.way === 'lines') for (const name of ownHooks) addLines(place, files, name);
  else addFolder(place, files);
  return report(await findHookPlace(where), files.hasChanged);
}

/** @throws OrcError `no-repository`, `conflict`, `store-busy`, `io` */
export async function uninstallHooks(where: HooksPlace): Promise<HooksReport> {
  const place = await findHookPlace(where);
  const files = new HookFiles(place);
  for (const each of place.generatedEver) removeFolder(place, files, each);
  removeLines(place, files);
  // Another work tree may have a generated folder of its own, which calls the same scripts.
  if (!namesIn(path.dirname(place.scripts)).some((name) => name.startsWith('hooks-path'))) {
    const left = namesIn(place.scripts).filter((name) => /^answer\.\d+$/.test(name));
    for (const name of [...ownHooks, 'command', ...left]) files.remove(path.join(place.scripts, name));
    files.removeMadeFolders();
  }
  return report(await findHookPlace(where), files.hasChanged);
}

/** @throws OrcError `no-repository`, `io` */
export async function readHooks(where: HooksPlace): Promise<HooksReport> {
  return report(await findHookPlace(where), false);
}

/** Whether lines of ours stand in git's own hooks. */
function hasLines(place: HookPlace): boolean {
  return ownHooks.some((name) => hasBlock(standardHook(place, name)));
}

function addLines(place: HookPlace, files: HookFiles, name: OwnHook): void {
  const file = standardHook(place, name);
  const before = readOrNull(file);
  const rest = before === null ? null : withoutBlocks(before);
  const isOwn = before === null || (isOwnFile(before) && rest === emptyHook);
  files.write(file, withBlock(isOwn ? emptyHook : (rest ?? ''), hookBlock(name, isOwn), 'second'), 0o755);
}

function removeLines(place: HookPlace, files: HookFiles): void {
  for (const name of ownHooks) {
    const file = standardHook(place, name);
    const before = readOrNull(file);
    if (before === null || !hasBlock(file)) continue;
    const rest = withoutBlocks(before);
    if (isOwnFile(before) && rest === emptyHook) files.remove(file);
    else files.write(file, rest, 0o755);
  }
}

function addFolder(place: HookPlace, files: HookFiles): void {
  const { generated, before, beforeHere, inForce } = place;
  const { folder, configFile, included } = generated;
  for (const name of forwardedNames(namesIn(beforeHere)))
    files.write(path.join(folder, name), forwarder(name, before), 0o755);
  files.write(included, includedConfig(folder), 0o644);
  // Behind all that says otherwise.
  const config = withBlock(withoutConfigBlock(readOrNull(configFile) ?? ''), configBlock(included), 'last');
  if (!hasBlock(configFile) || inForce !== folder) files.writeConfig(configFile, config);
}

function removeFolder({ beforeHere }: HookPlace, files: HookFiles, { folder, configFile, included }: Generated): void {
  const isForeign = (name: string): boolean => !(readOrNull(path.join(folder, name)) ?? '').includes(madeByOrc);
  const foreign = namesIn(folder).filter(isForeign);
  if (foreign.length > 0) {
    throw new OrcError('conflict', `${folder} holds hooks that are not orc's: ${foreign.join(', ')}`, {
      hint: `move them to ${beforeHere}, then try again`,
    });
  }
  if (hasBlock(configFile)) files.writeConfig(configFile, withoutConfigBlock(readOrNull(configFile) ?? ''));
  for (const name of namesIn(folder)) files.remove(path.join(folder, name));
  files.removeFolder(folder);
  files.remove(included);
}

function report(place: HookPlace, changed: boolean): HooksReport {
  const { way, before, beforeHere, generated, manager, inForce } = place;
  const hooks = ownHooks.map((name): HookReport => {
    const file = path.join(beforeHere, name);
    const text = readOrNull(file);
    const hasOther = text !== null && withoutBlocks(text) !== emptyHook;
    return { name, state: stateOf(place, name), beside: hasOther ? file : null };
  });
  const notes: string[] = [];
  if (hooks.some(({ state }) => state === 'outdated')) notes.push('`orc hooks install` brings them up to date.');
  if (way === 'folder' && hasBlock(generated.configFile)) {
    notes.push(
      inForce === generated.folder
        ? `git goes through ${generated.folder}, which passes on to ${before}.`
        : `git looks in ${inForce}, which was set after orc's hooks were installed: \`orc hooks install\` puts them in again.`,
    );
  }
  return { folder: beforeHere, manager, hooks, changed, notes };
}

function stateOf(place: HookPlace, name: OwnHook): HookReport['state'] {
  const { way, generated, inForce, before, beforeHere, scripts } = place;
  const hasFolder = hasBlock(generated.configFile);
  const isCurrent = readOrNull(path.join(scripts, name)) === readScript(name);
  const text = readOrNull(standardHook(place, name)) ?? '';
  if (way === 'lines') {
    if (!hasBlockIn(text)) return hasFolder ? 'outdated' : 'absent';
    const isRight = withBlock(withoutBlocks(text), hookBlock(name, isOwnFile(text)), 'second') === text;
    return isRight && isCurrent && !hasFolder ? 'installed' : 'outdated';
  }
  if (!hasFolder || inForce !== generated.folder) return hasFolder || !hasBlockIn(text) ? 'absent' : 'outdated';
  const isRight = forwardedNames(namesIn(beforeHere)).every(
    (each) => readOrNull(path.join(generated.folder, each)) === forwarder(each, before),
  );
  return isRight && isCurrent && !hasBlockIn(text) ? 'installed' : 'outdated';
}

/** Through latin1, so that bytes that are no UTF-8 stay as they are. */
function readOrNull(file: string): string | null {
  return lstatSync(file, { throwIfNoEntry: false })?.isDirectory() === false ? readFileSync(file, 'latin1') : null;
}

function readScript(name: string): string {
  return readFileSync(path.join(packageRoot(), 'hooks/git', name), 'latin1');
}

/** How hooks start orc where it is not on the PATH. */
function commandText(): string {
  return asBytes(`${process.execPath}\n${path.join(packageRoot(), 'dist/bin/orc.cjs')}\n`);
}

const standardHook = ({ host }: HookPlace, name: string): string => path.join(host.commonDir, 'hooks', name);
const hasBlockIn = (text: string): boolean => markers.some((marker) => findBlock(text, marker) !== null);
const hasBlock = (file: string): boolean => hasBlockIn(readOrNull(file) ?? '');
const withoutBlocks = (text: string): string => markers.reduce((rest, marker) => withoutBlock(rest, marker), text);
