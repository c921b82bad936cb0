/** Answers of tools: the data, and in a few lines what a reader has to know of it. */
import type { CallToolResult } from '@modelcontextprotocol/server';
import type { Performed } from '../app/performed.ts';
import { visibleText } from '../core/visible-text.ts';
import { type ErrorCode, OrcError } from '../errors.ts';

export interface Answer {
  readonly data: unknown;
  /** `null`: there was nothing to publish. */
  readonly published: boolean | null;
  readonly version: number;
  /** Lines for whoever reads text alone. */
  readonly lines: readonly string[];
  /** Of a change. */
  readonly performed?: Pick<Performed, 'state' | 'op' | 'reason'>;
  /** Of what was read: whether the upstream was asked just now. */
  readonly fresh?: boolean;
}

export interface ToldError {
  readonly code: ErrorCode | 'bug';
  readonly message: string;
  readonly hint: string;
  readonly details?: Readonly<Record<string, unknown>>;
}

/** Characters of a message: words that were given are quoted in it, however long they are. */
const maxMessageLength = 2000;

const hints: Partial<Readonly<Record<ErrorCode, string>>> = {
  usage: "the tool's description and input schema say what it takes",
  'invalid-argument': "the tool's input schema says what it takes",
  'not-found': '`status` shows what there is',
  unreachable: 'what is known here can still be read; try again later',
  'store-busy': 'try again',
};
const otherHint = '`status` shows how the board stands';

export function toResult({ data, published, version, lines, performed, fresh }: Answer): CallToolResult {
  const structuredContent = {
    data,
    published,
    version,
    ...(performed === undefined ? {} : pick(performed)),
    ...(fresh === undefined ? {} : { fresh }),
  };
  return { content: [{ type: 'text', text: visibleText(lines.join('\n')) }], structuredContent };
}

function pick({ state, op, reason }: Pick<Performed, 'state' | 'op' | 'reason'>) {
  return { state, op, reason };
}

export function toErrorResult(error: unknown, tools: ReadonlySet<string>): CallToolResult {
  const told = tellError(error, tools);
  return { content: [{ type: 'text', text: errorLine(told) }], structuredContent: { error: told }, isError: true };
}

const nouns: Readonly<Record<string, string>> = {
  t: 'task',
  l: 'lock',
  kb: 'knowledge',
  a: 'agent',
  ws: 'workstream',
  msg: 'message',
};

/** Hints name commands; whoever has the tool for one is better off with that. */
function hintForTools(hint: string, tools: ReadonlySet<string>): string {
  return hint
    .replaceAll(/`orc ([\w-]+)(?: ([\w-]+))?[^`]*`/g, (command, noun: string, verb: string | undefined) => {
      // No tool looks at the board as it was.
      if (/ --at\b/.test(command)) return command;
      const names = [`${nouns[noun] ?? noun}_${verb}`, noun];
      const tool = names.find((name) => tools.has(name));
      return tool === undefined ? command : `\`${tool}\``;
    })
    .replaceAll(
      /--(token|confirm|base|max-chars)\b/g,
      (_option, name: string) => `\`${name === 'confirm' ? 'confirmed' : name.replace('-', '_')}\``,
    );
}

export function errorLine({ code, message, hint }: ToldError): string {
  return visibleText(`${code}: ${message} — ${hint}`);
}

/** `tools`: those that the client has; hints name them. */
export function tellError(error: unknown, tools: ReadonlySet<string>): ToldError {
  const { hint, ...rest } = explain(error);
  return { ...rest, hint: hintForTools(hint, tools) };
}

function explain(error: unknown): ToldError {
  if (error instanceof OrcError) {
    const { code, hint = hints[code] ?? otherHint, details } = error;
    return { code, message: cut(error.message), hint, ...(details === undefined ? {} : { details }) };
  }
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof Error && 'syscall' in error)
    return { code: 'io', message: cut(message), hint: 'check the disk and the permissions of the repository' };
  return { code: 'bug', message: `orc has a bug: ${cut(message)}`, hint: 'please report it, with what you did' };
}

/** What became of a change, where that is not simply "published". */
export function fateLines({ published, state, op, reason }: Performed): string[] {
  if (state === 'unknown')
    return [`NOT CERTAIN: nobody knows whether it is in (${reason}). Ask again with {"op": "${op}"} before you go on.`];
  if (published === false)
    return [
      `NOT PUBLISHED (${reason ?? 'publishing is deferred'}): it waits here, and may still be refused. Nobody else knows of it yet.`,
    ];
  if (published === null && reason !== null) return [`Decided without the upstream (${reason}): it may be otherwise.`];
  return [];
}

function cut(message: string): string {
  return message.length <= maxMessageLength ? message : `${message.slice(0, maxMessageLength)}…`;
}
