/** The options that every command takes, before or after its words. */
import { statSync } from 'node:fs';
import path from 'node:path';
import { isOperationId } from '../core/ids.ts';
import type { PublishMode } from '../core/records.ts';
import { OrcError } from '../errors.ts';
import type { OptionSpec } from './command.ts';
import { readChoice, readDuration } from './values.ts';

export interface Globals {
  readonly cwd: string;
  readonly board: string | undefined;
  readonly branch: string | undefined;
  readonly agent: string | undefined;
  readonly json: boolean;
  readonly publish: PublishMode | undefined;
  readonly timeoutMs: number | undefined;
  readonly op: string | undefined;
  readonly fresh: boolean;
  /** Look at the board as it was. */
  readonly at: string | undefined;
  readonly allowSecret: boolean;
  readonly requirePublished: boolean | undefined;
  readonly hasColour: boolean;
}

export const globalOptions: readonly OptionSpec[] = [
  { flags: '-C <dir>', summary: 'work as if started in DIR' },
  { flags: '--board <url>', summary: 'the board of that repository, without a clone around it' },
  { flags: '--branch <name>', summary: 'the branch that holds the board (default: orc)' },
  { flags: '--agent <id>', summary: 'who acts (default: ORC_AGENT, then git config orc.agent)' },
  { flags: '--json', summary: 'answer as one JSON document; errors as JSON on standard error' },
  { flags: '--publish <mode>', summary: 'when to publish: each, claims or sync (default: what the board says)' },
  { flags: '--timeout <time>', summary: 'how long to wait for the upstream: 45s, 2m; a bare number counts seconds' },
  { flags: '--op <id>', summary: "the operation's id: asking again with it gives its recorded outcome" },
  { flags: '--fresh', summary: 'ask the upstream before reading' },
  {
    flags: '--at <when>',
    summary: 'read the board as it was: at a version (42), a commit, a time, or 2h for two hours ago',
  },
  { flags: '--allow-secret', summary: 'let text through that looks like a credential' },
  { flags: '--require-published', summary: 'fail where it cannot be published now (default where CI is set)' },
  { flags: '--no-color', summary: 'no colours; NO_COLOR does the same' },
];

/** Those that take a value: whoever looks for the first word has to step over it. */
export const globalsWithValue: ReadonlySet<string> = new Set(
  globalOptions.filter(({ flags }) => flags.includes('<')).map(({ flags }) => flags.split(' ')[0] as string),
);

const publishModes = ['each', 'claims', 'sync'] as const satisfies readonly PublishMode[];

/** @throws OrcError `invalid-argument` for a value that is none */
export function readGlobals(given: Readonly<Record<string, unknown>>, cwd: string, env: NodeJS.ProcessEnv): Globals {
  const text = (name: string): string | undefined => given[name] as string | undefined;
  const publish = text('publish');
  const timeout = text('timeout');
  const op = text('op');
  if (op !== undefined && !isOperationId(op)) {
    throw new OrcError('invalid-argument', '--op must have 8 to 64 characters of A-Z a-z 0-9 . _ -');
  }
  for (const name of ['board', 'branch', 'agent', 'at']) {
    if (text(name) === '') throw new OrcError('invalid-argument', `--${name} must not be empty`);
  }
  return {
    cwd: readFolder(text('C'), cwd),
    board: text('board'),
    branch: text('branch'),
    agent: text('agent'),
    json: given.json === true,
    publish: publish === undefined ? undefined : readChoice(publish, '--publish', publishModes),
    timeoutMs: timeout === undefined ? undefined : readDuration(timeout, '--timeout'),
    op,
    fresh: given.fresh === true,
    at: text('at'),
    allowSecret: given.allowSecret === true,
    requirePublished: given.requirePublished === true ? true : undefined,
    hasColour: given.color !== false && !env.NO_COLOR && env.TERM !== 'dumb',
  };
}

function readFolder(given: string | undefined, cwd: string): string {
  if (given === undefined) return cwd;
  const folder = path.resolve(cwd, given);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return folder;
  throw new OrcError('invalid-argument', `-C: there is no folder ${folder}`);
}
