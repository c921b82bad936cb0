/** What orc writes into a clone for its hooks: a few lines each, which call the scripts of the package's folder `hooks/git`. */
import { type Block, findBlock, withoutBlock } from './hook-block.ts';

/** orc's own hooks, in the order in which git calls them. */
export const ownHooks = ['pre-commit', 'prepare-commit-msg', 'commit-msg', 'post-commit'] as const;
export type OwnHook = (typeof ownHooks)[number];

/**
 * Hooks of others that are passed on to wherever they are, or will be, in the folder that was in force before. Those that change
 * what git does by being there at all, or run at every ref, are passed on only where they are there already.
 */
const passedOn = [
  ...['applypatch-msg', 'pre-applypatch', 'post-applypatch', 'pre-merge-commit', 'pre-rebase', 'post-checkout'],
  ...['post-merge', 'pre-push', 'post-rewrite', 'pre-auto-gc'],
] as const;
const passedOnIfThere = [
  ...['pre-receive', 'update', 'proc-receive', 'post-receive', 'post-update', 'reference-transaction'],
  ...['push-to-checkout', 'sendemail-validate', 'fsmonitor-watchman', 'post-index-change'],
  ...['p4-changelist', 'p4-prepare-changelist', 'p4-post-changelist', 'p4-pre-submit'],
];

/** In the first line of every file that orc makes. */
export const madeByOrc = '# Made by `orc hooks install`';

const start = '# orc:start (`orc hooks uninstall` takes these lines out)';
/** The file was made for the block: it goes with it. */
const startOfOwn = '# orc:start (`orc hooks uninstall` removes this file, if nothing else is in it)';
const end = '# orc:end';

/** The markers that may stand in a hook. */
export const markers = [
  { start, end },
  { start: startOfOwn, end },
] as const;

export const emptyHook = '#!/bin/sh\n';

/** The lines in a hook of git's own folder, which lies beside `orc`. */
export function hookBlock(name: OwnHook, isOwnFile: boolean): Block {
  return { start: isOwnFile ? startOfOwn : start, end, lines: callLines(`\${0%/*}/../orc/hooks/${name}`) };
}

/** Whether a file that orc made has nothing else in it. */
export function isOwnFile(text: string): boolean {
  return text.includes(`${startOfOwn}\n`);
}

/** A hook in the generated folder: orc's own first, then the one that was in force before, which takes the place of the shell. */
export function forwarder(name: string, previous: string): string {
  const own = (ownHooks as readonly string[]).includes(name) ? callLines(`\${0%/*}/../hooks/${name}`) : [];
  return `${[
    '#!/bin/sh',
    `${madeByOrc}: git finds the hooks of another folder through this one.`,
    ...own,
    `previous=${shellQuoted(asBytes(`${previous}/${name}`))}`,
    '[ ! -x "$previous" ] || exec "$previous" "$@"',
  ].join('\n')}\n`;
}

/** What the generated folder has to hold, given the hooks that are in the folder before. */
export function forwardedNames(present: readonly string[]): string[] {
  return [...ownHooks, ...passedOn, ...passedOnIfThere.filter((name) => present.includes(name))];
}

/** The lines at the end of git's configuration: behind all others, so that they count; and nothing of what was set is changed. */
export function configBlock(includedFile: string): Block {
  return { start, end, lines: ['[include]', `\tpath = ${configQuoted(asBytes(includedFile))}`] };
}

/** A file that orc makes to be included, wherever the clone lay when it did. */
const ownInclude = /^\s*path = ".*\/orc\/hooks-path[^/]*\.config"$/;

/** git's configuration without our lines. What `git config --add include.path` has put among them stays. */
export function withoutConfigBlock(text: string): string {
  const lines = (findBlock(text, { start, end }) ?? '').split('\n').slice(1, -1);
  const foreign = lines.filter((line, index) => !ownInclude.test(line) && !(index === 0 && line === '[include]'));
  const header = foreign.length === 0 || foreign[0]?.trimStart().startsWith('[') ? [] : ['[include]'];
  return withoutBlock(text, { start, end }, [...header, ...foreign]);
}

export function includedConfig(folder: string): string {
  return `${madeByOrc}.\n[core]\n\thooksPath = ${configQuoted(asBytes(folder))}\n`;
}

/**
 * The hooks behind it find standard input as git gave it. Only a plain no (1) stops git: a script that cannot be run, or breaks,
 * ends otherwise.
 */
function callLines(hook: string): string[] {
  return [`orc_hook="${hook}"`, '[ ! -x "$orc_hook" ] || "$orc_hook" "$@" </dev/null || [ $? != 1 ] || exit 1'];
}

/** Files are read and written as latin1, a character for each byte. */
export function asBytes(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

function configQuoted(text: string): string {
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`;
}

function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
