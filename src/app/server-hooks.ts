/** The hook of a board's remote: put into a repository on the server, taken out without a trace, looked at. */
import fs from 'node:fs';
import path from 'node:path';
import { OrcError } from '../errors.ts';
import { temporaryName } from '../git/atomic-file.ts';
import { lastValue, readConfigFile } from '../git/config-file.ts';
import { errorCodeOf, toIoError } from '../git/durable-files.ts';
import { readHostConfig } from '../git/host-config.ts';
import { checkBranchName } from './branch-name.ts';
import { shellWord } from './brief-quote.ts';
import type { HookReport, HooksReport } from './git-hooks.ts';
import { expandGitPath } from './git-path.ts';
import { packageRoot } from './package-info.ts';
import { hookFolder, readHookSettings } from './server-check.ts';

export type ServerHook = 'update' | 'pre-receive';

export interface ServerPlace {
  /** The repository on the server: bare, or the one with a `.git` folder. */
  readonly path: string;
}

export interface ServerHookOptions extends ServerPlace {
  /** Default `update`. */
  readonly hook?: ServerHook | undefined;
  /** The board's branch, beside those that the hook guards already. Default `orc`. */
  readonly branch?: string | undefined;
  /** The program and the script that the hook runs. Default: those that run now. */
  readonly command?: { readonly node: string; readonly receive: string };
}

const hooks: readonly ServerHook[] = ['update', 'pre-receive'];
const ownMark = '# orc server hook:';
const besideEnding = '.before-orc';

/**
 * Installs one hook; the other kind gives way. A hook that is there goes on, before ours.
 * @throws OrcError `no-repository`, `invalid-argument`, `already-exists`, `io`
 */
export async function installServerHook(options: ServerHookOptions): Promise<HooksReport> {
  const { hook = 'update', branch, command = runningCommand() } = options;
  if (branch !== undefined) checkBranchName(branch);
  const place = await findPlace(options);
  const guarded = hooks.flatMap((name) => refsIn(readOwn(place.folder, name)));
  const ref = `refs/heads/${branch ?? 'orc'}`;
  const refs = [...new Set(branch === undefined && guarded.length > 0 ? guarded : [...guarded, ref])];
  const text = fill(template(hook), { refs: refs.join(' '), node: command.node, receive: command.receive });
  const other = hooks.find((name) => name !== hook) as ServerHook;
  try {
    const isNew = readOwn(place.folder, hook) !== text;
    if (isNew) putIn(place.folder, hook, text);
    // Not before: at no time is the board without a guard, whatever fails.
    const gaveWay = takeOut(place.folder, other);
    const left = gaveWay ? [`${hook} takes the place of ${other}, which was installed before.`] : [];
    return report(place, isNew || gaveWay, left);
  } catch (error) {
    throw toIoError(`write hooks in ${place.folder}`, error);
  }
}

/** @throws OrcError `no-repository`, `io` */
export async function uninstallServerHook(server: ServerPlace): Promise<HooksReport> {
  const place = await findPlace(server);
  try {
    const taken = hooks.map((name) => takeOut(place.folder, name));
    fs.rmSync(hookFolder(place.gitDir), { recursive: true, force: true });
    return report(place, taken.includes(true));
  } catch (error) {
    throw toIoError(`take hooks out of ${place.folder}`, error);
  }
}

/** @throws OrcError `no-repository`, `io` */
export async function readServerHook(server: ServerPlace): Promise<HooksReport> {
  return report(await findPlace(server), false);
}

interface Place {
  readonly gitDir: string;
  readonly folder: string;
  /** Whether `core.hooksPath` names the folder. */
  readonly isNamed: boolean;
  /** Where git looks instead, by the `core.hooksPath` of the user or the system; `null`: nowhere else. */
  readonly elsewhere: string | null;
}

async function findPlace({ path: given }: ServerPlace): Promise<Place> {
  const gitDir = [given, path.join(given, '.git')].find(isRepository);
  if (gitDir === undefined) {
    const hint =
      'name the repository that is pushed to, on the machine where it lies: `orc hooks install --server /srv/git/project.git`';
    throw new OrcError('no-repository', `there is no git repository in ${given}`, { hint });
  }
  const named = lastValue(readConfigFile(path.join(gitDir, 'config')), 'core.hookspath');
  const folder = named === null ? 'hooks' : await expandGitPath(named, gitDir, process.env);
  const shared = named === null ? (await readHostConfig(null, process.env)).get('core.hookspath') : null;
  return { gitDir, folder: path.resolve(gitDir, folder), isNamed: named !== null, elsewhere: shared || null };
}

function isRepository(folder: string): boolean {
  return ['HEAD', 'config', 'objects', 'refs'].every((name) => fs.existsSync(path.join(folder, name)));
}

function report(
  { gitDir, folder, isNamed, elsewhere }: Place,
  changed: boolean,
  said: readonly string[] = [],
): HooksReport {
  const rows = hooks.map((name): HookReport => {
    const own = readOwn(folder, name);
    const foreign = own === null ? name : name + besideEnding;
    const beside = isThere(path.join(folder, foreign)) ? foreign : null;
    if (own === null) return { name, state: 'absent', beside };
    return { name, state: isCurrent(own, name) ? 'installed' : 'outdated', beside };
  });
  const refs = [...new Set(hooks.flatMap((name) => refsIn(readOwn(folder, name))))];
  const guards = refs.map((ref) => ref.replace('refs/heads/', '')).join(', ');
  const notes = [...said, ...(refs.length === 0 ? [] : [`Guards ${guards}.`])];
  if (refs.length > 0 && readHookSettings(gitDir).isWarning)
    notes.push('It only warns: `git config orc.hookMode enforce` makes it refuse.');
  if (refs.length > 0 && elsewhere !== null)
    notes.push(
      `Not for this user: core.hooksPath of the user or the system has git run the hooks in ${elsewhere}. ` +
        `\`git -C ${shellWord(gitDir)} config core.hooksPath ${shellWord(folder)}\` has it run these.`,
    );
  return { folder, manager: isNamed ? 'core.hooksPath' : null, hooks: rows, changed, notes };
}

/** Ours, with whatever values it was given. */
function isCurrent(text: string, name: ServerHook): boolean {
  const values = { refs: valueIn(text, 'refs'), node: valueIn(text, 'node'), receive: valueIn(text, 'receive') };
  return (
    fill(template(name), values) === text &&
    (values.node === '' || fs.existsSync(values.node)) &&
    fs.existsSync(values.receive)
  );
}

function putIn(folder: string, name: ServerHook, text: string): void {
  fs.mkdirSync(folder, { recursive: true });
  const file = path.join(folder, name);
  const beside = file + besideEnding;
  const isForeign = readOwn(folder, name) === null && isThere(file);
  if (isForeign && isThere(beside)) {
    throw new OrcError('already-exists', `both ${file} and ${beside} are there, and neither is orc's`, {
      hint: 'move one of them away: orc would keep the first as the second',
    });
  }
  const temporary = temporaryName(file);
  fs.writeFileSync(temporary, text, { mode: 0o755, flag: 'wx' });
  fs.chmodSync(temporary, 0o755);
  if (isForeign) fs.renameSync(file, beside);
  fs.renameSync(temporary, file);
}

/** @returns whether there was anything to take out */
function takeOut(folder: string, name: ServerHook): boolean {
  if (readOwn(folder, name) === null) return false;
  const file = path.join(folder, name);
  if (isThere(file + besideEnding)) fs.renameSync(file + besideEnding, file);
  else fs.rmSync(file);
  return true;
}

/** The text of a hook, where it is orc's. */
function readOwn(folder: string, name: ServerHook): string | null {
  try {
    const text = fs.readFileSync(path.join(folder, name), 'utf8');
    return text.split('\n', 2)[1]?.startsWith(ownMark) === true ? text : null;
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return null;
    throw toIoError(`read ${path.join(folder, name)}`, error);
  }
}

function isThere(file: string): boolean {
  return fs.lstatSync(file, { throwIfNoEntry: false }) !== undefined;
}

function template(name: ServerHook): string {
  return fs.readFileSync(path.join(packageRoot(), 'hooks', name), 'utf8');
}

function fill(text: string, values: Readonly<Record<'refs' | 'node' | 'receive', string>>): string {
  return text.replace(
    /^(refs|node|receive)='.*'$/gm,
    (_, name: keyof typeof values) => `${name}=${quote(values[name])}`,
  );
}

function valueIn(text: string, name: string): string {
  return (new RegExp(`^${name}='(.*)'$`, 'm').exec(text)?.[1] ?? '').replaceAll("'\\''", "'");
}

function refsIn(text: string | null): string[] {
  return text === null
    ? []
    : valueIn(text, 'refs')
        .split(' ')
        .filter((ref) => ref !== '');
}

/** For a shell of POSIX. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function runningCommand(): { node: string; receive: string } {
  return { node: process.execPath, receive: path.join(packageRoot(), 'dist/bin/hook/receive.cjs') };
}
