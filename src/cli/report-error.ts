/** Says what went wrong: `error:`, then `hint:`, or the same as JSON. */
import { CommanderError } from 'commander';
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
  if (error instanceof CommanderError) return { ...explainUsage(error), code: 'usage', exitCode: exitCodes.usage };
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

/** Commander's words: `error: unknown option '--foo'`, and on the next line `(Did you mean --for?)`. */
function explainUsage({ code, message }: CommanderError): Pick<Told, 'message' | 'hint'> {
  // What commander does when a noun stands alone: it would print the noun's help as an error.
  if (code === 'commander.help')
    return { message: 'this needs a command after it', hint: 'the same with --help lists them' };
  const [first = '', ...more] = message.replace(/^error: /, '').split('\n');
  const suggestion = /^\(Did you mean (.*)\?\)$/.exec(more.join(' ').trim())?.[1];
  const startsWithDash = /^unknown option '-[^-]/.test(first);
  if (suggestion !== undefined) return { message: first, hint: `did you mean ${suggestion}?` };
  return { message: first, hint: startsWithDash ? 'text that begins with - goes after --' : 'see `orc --help`' };
}

function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'code' in error;
}
