/** Says what went wrong: `error:`, then `hint:`, or the same as JSON. */
import { argumentsHint } from '../core/apply.ts';
import { OrcError } from '../errors.ts';
import { escapeJson, escapeText } from './escape.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { fallbackHint } from './fallback-hints.ts';

/** Characters of a message: words that were given are quoted in it, however long they are. */
const maxMessageLength = 4000;

export interface ReportOptions {
  /** The command that was understood, such as `orc task add`. */
  readonly command: string | null;
  readonly json: boolean;
  readonly env: NodeJS.ProcessEnv;
  readonly print: (text: string) => void;
}

interface Told {
  readonly code: string;
  readonly message: string;
  readonly hint: string | undefined;
  readonly details?: Readonly<Record<string, unknown>> | undefined;
  readonly exitCode: number;
}

/** @returns the exit code */
export function reportError(error: unknown, { command, json, env, print }: ReportOptions): number {
  const { code, message, hint, details, exitCode } = explain(error, command);
  if (json) print(`${escapeJson(JSON.stringify({ error: { code, message, hint, details } }))}\n`);
  else print(`error: ${escapeText(message)}\n${hint === undefined ? '' : `hint: ${escapeText(hint)}\n`}`);
  if (env.ORC_DEBUG && error instanceof Error)
    print(`${error.stack}\n${error.cause instanceof Error ? `${error.cause.stack}\n` : ''}`);
  return exitCode;
}

function explain(error: unknown, command: string | null): Told {
  if (error instanceof OrcError) {
    const { code, details } = error;
    const isForWriters = error.hint?.startsWith(argumentsHint) === true && command !== 'orc batch';
    const hint = (isForWriters ? undefined : error.hint) ?? fallbackHint(code, command);
    return { code, message: cut(error.message), hint, details, exitCode: exitCodeOf[code] };
  }
  if (isSystemError(error)) {
    return { code: 'io', message: error.message, hint: fallbackHint('io', command), exitCode: exitCodes.failed };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: 'bug',
    message: `orc has a bug: ${message}`,
    hint: 'please report it, with what you did; ORC_DEBUG=1 shows where it happened',
    exitCode: exitCodes.failed,
  };
}

function cut(message: string): string {
  return message.length <= maxMessageLength ? message : `${message.slice(0, maxMessageLength)}…`;
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}
