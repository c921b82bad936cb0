/** `runCli`: a command line in, an exit code out. The one place where errors are caught. */
import { CommanderError } from 'commander';
import { hookEvents } from '../app/agent-hooks/event.ts';
import { OrcError } from '../errors.ts';
import { Call } from './call.ts';
import { exitCodeOf, exitCodes } from './exit-codes.ts';
import { readGlobals } from './globals.ts';
import type { Io } from './io.ts';
import { printResult } from './print-result.ts';
import { firstWord, parseCommandLine } from './program.ts';
import { reportError } from './report-error.ts';
import { reportStop, untilStopped } from './stop.ts';

/** @param argv the words after the program's name */
export async function runCli(argv: readonly string[], io: Io): Promise<number> {
  // For hooks alone, with everything spared that they do not need: a push waits for them.
  if (argv[0] === 'hooks' && argv[1] === 'receive') return (await import('./receive.ts')).receive(argv.slice(2), io);
  const code = await runWords(argv, io);
  // To a coding agent a hook's exit code 2 means "do not do it": a word of ours that is wrong must not stop its work.
  return code === exitCodes.usage && isForHook(argv) ? exitCodes.failed : code;
}

/** Also where an option lacks its value (`orc --board $UNSET hook stop`), and behind `--`. */
function isForHook(argv: readonly string[]): boolean {
  if (firstWord(argv.filter((arg) => arg !== '--'))?.word === 'hook') return true;
  const [word = '', event = ''] = argv.filter((arg) => !arg.startsWith('-'));
  return word === 'hook' && (hookEvents as readonly string[]).includes(event);
}

async function runWords(argv: readonly string[], io: Io): Promise<number> {
  const failing = { json: asksForJson(argv), env: io.env, print: io.stderr };
  if (argv[0] === '__complete') return answerShell(argv.slice(1), io);
  let call: Call | null = null;
  let command: string | null = null;
  try {
    const parsed = await parseCommandLine(argv, { columns: io.isTty ? io.columns : undefined, print: io.stdout });
    if (parsed === null) return exitCodes.done;
    const { spec, words, options } = parsed;
    command = parsed.path;
    const globals = readGlobals(parsed.globals, io.cwd, io.env);
    call = new Call({ words, options, globals, io });
    try {
      const running = spec.run(call);
      const result = spec.endsItself === true ? await running : await untilStopped(io, running);
      return result === null ? await reportStop(call) : await printResult(spec, result, call, call.look);
    } catch (error) {
      const told =
        error instanceof OrcError && !globals.json ? (spec.viewRefusal?.(error, call.look, call) ?? null) : null;
      if (told === null) throw error;
      return printRefusal(error as OrcError, told, io);
    }
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCodes.done;
    return reportError(error, { ...failing, command });
  } finally {
    await call?.close();
  }
}

/** The original's line on standard output, what to do about it on standard error. */
function printRefusal(error: OrcError, line: string, io: Io): number {
  io.stdout(`${line}\n`);
  if (error.hint !== undefined) io.stderr(`hint: ${error.hint}\n`);
  return exitCodeOf[error.code];
}

/** Known before anything is parsed: a command line that cannot be understood is answered in JSON too. */
function asksForJson(argv: readonly string[]): boolean {
  const end = argv.indexOf('--');
  return (end === -1 ? argv : argv.slice(0, end)).includes('--json');
}

/** Where the small program for it is not there (see scripts/build/front.cjs). */
async function answerShell(argv: readonly string[], { cwd, env, stdout }: Io): Promise<number> {
  const [{ complete }, { describeCommands }] = await Promise.all([
    import('./completion/complete.ts'),
    import('./completion/command-table.ts'),
  ]);
  await complete(argv, { cwd, env, print: stdout, loadTable: describeCommands });
  return exitCodes.done;
}
