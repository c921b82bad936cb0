/** Says what went wrong: `error:`, then `hint:`, or the same as JSON. */
import { OrcError } from '../errors.ts';
import { escapeJson, escapeText } from './escape.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';

export interface ReportOptions {
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
export function reportError(error: unknown, { json, env, print }: ReportOptions): number {
  const { code, message, hint, details, exitCode } = explain(error);
  if (json) print(`${escapeJson(JSON.stringify({ error: { code, message, hint, details } }))}\n`);
  else print(`error: ${escapeText(message)}\n${hint === undefined ? '' : `hint: ${escapeText(hint)}\n`}`);
  if (env.ORC_DEBUG && error instanceof Error)
    print(`${error.stack}\n${error.cause instanceof Error ? `${error.cause.stack}\n` : ''}`);
  return exitCode;
}

function explain(error: unknown): Told {
  if (error instanceof OrcError) {
    const { code, message, hint, details } = error;
    return { code, message, hint, details, exitCode: exitCodeOf[code] };
  }
  if (isSystemError(error)) {
    return { code: 'io', message: error.message, hint: undefined, exitCode: exitCodes.failed };
  }
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: 'bug',
    message: `orc has a bug: ${message}`,
    hint: 'please report it, with what you did; ORC_DEBUG=1 shows where it happened',
    exitCode: exitCodes.failed,
  };
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}
