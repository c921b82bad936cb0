/** Builds the parser from the descriptions of the commands. Only the noun that was called is loaded. */
import { Command, CommanderError, Option } from 'commander';
import { packageVersion } from '../app/package-info.ts';
import { OrcError } from '../errors.ts';
import type { CommandSpec, Noun, OptionSpec } from './command.ts';
import { globalOptions, globalsWithValue } from './globals.ts';
import { nouns } from './nouns.ts';

/** A command line that was understood. */
export interface Parsed {
  readonly spec: CommandSpec;
  /** Its whole name: `orc task add`. */
  readonly path: string;
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly globals: Readonly<Record<string, unknown>>;
}

export interface ProgramOutput {
  readonly columns: number | undefined;
  readonly print: (text: string) => void;
}

/**
 * Parses a command line. Help and version are printed; then the answer is `null`.
 * @throws OrcError `usage`
 * @throws CommanderError with exit code 0 after help
 */
export async function parseCommandLine(argv: readonly string[], output: ProgramOutput): Promise<Parsed | null> {
  const args = turnHelpAround(argv);
  const first = firstWord(args);
  const { program, parsed } = await buildProgram(first?.word, output);
  try {
    await program.parseAsync([...args], { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError) || error.exitCode === 0) throw error;
    const isUnknown = error.code === 'commander.unknownCommand' && first !== null;
    const meant = isUnknown && !isNoun(first.word) ? await commandsCalled(first.word) : [];
    if (meant.length > 0) throw nounMissing(first?.word ?? '', meant);
    throw explainUsage(error, first === null ? program : commandMeant(program, args, first));
  }
  return parsed();
}

/** Also for tests and the reference: the program with one noun, or with none, in full. */
export async function buildProgram(
  word: string | undefined,
  output: ProgramOutput,
): Promise<{ program: Command; parsed: () => Parsed | null }> {
  let found: Parsed | null = null;
  const program = new Command('orc')
    .description('A coordinator for AI agents that work side by side, on a branch of your git repository.')
    .usage('[options] <command>')
    .version(packageVersion(), '-V, --version', 'show the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand(false)
    .configureOutput({
      writeOut: output.print,
      // Errors are thrown, and printed in one place.
      writeErr: () => {},
      ...(output.columns === undefined ? {} : { getOutHelpWidth: () => output.columns as number }),
    })
    .exitOverride();
  addOptions(program, globalOptions);
  const understood: Understood = (command) => {
    found = { ...command, globals: program.opts() };
  };
  for (const noun of nouns) {
    const isCalled = word !== undefined && [noun.name, ...noun.aliases].includes(word);
    await addNoun(program, noun, isCalled, understood);
  }
  program.addHelpText('after', topExamples);
  if (word === undefined) program.action(() => program.outputHelp());
  return { program, parsed: () => found };
}

type Understood = (command: Omit<Parsed, 'globals'>) => void;

async function addNoun(program: Command, noun: Noun, isCalled: boolean, understood: Understood): Promise<void> {
  const command = program.command(noun.name).aliases(noun.aliases).summary(noun.summary);
  if (!isCalled) return;
  const loaded = await noun.load();
  if (!Array.isArray(loaded)) {
    fillCommand(command, `orc ${noun.name}`, loaded as CommandSpec, understood);
    return;
  }
  const specs = loaded as readonly CommandSpec[];
  command.description(`${noun.summary}.`).usage('<command>').helpCommand(false);
  const wordsOf = (name: string): string => specs.find((spec) => spec.name === name)?.words ?? '';
  command.configureHelp({
    subcommandTerm: (each) =>
      `${[each.name(), ...each.aliases().slice(0, 1)].join('|')} ${wordsOf(each.name())}`.trim(),
  });
  for (const spec of specs) {
    const { name, aliases = [], isDefault = false, isHidden = false } = spec;
    const inner = command.command(name, { isDefault, hidden: isHidden }).aliases(aliases);
    fillCommand(inner, `orc ${noun.name} ${spec.name}`, spec, understood);
  }
  command.addHelpText(
    'after',
    examplesText(specs.filter(({ isHidden }) => isHidden !== true).map(({ examples }) => examples[0] as string)),
  );
}

function fillCommand(command: Command, path: string, spec: CommandSpec, understood: Understood): void {
  command.summary(spec.summary).description([`${spec.summary}.`, spec.details ?? ''].join('\n').trim());
  if (spec.isLoose === true) {
    command.argument('[words...]').usage(`${spec.words} [options]`);
    command.configureHelp({ visibleArguments: () => [] });
  } else {
    for (const word of spec.words.split(' ').filter((each) => each !== '')) command.argument(word);
    command.usage(`${spec.words} [options]`.trim());
  }
  addOptions(command, spec.options ?? []);
  command.addHelpText('after', `${examplesText(spec.examples)}\n\nOptions of every command: orc --help`);
  command.action((...received: unknown[]) => {
    const words = command.args;
    if (spec.isLoose === true && words.length === 0 && spec.allowsNoWords !== true) {
      throw new OrcError('usage', `\`${path}\` wants ${spec.words}`, { hint: `for example \`${spec.examples[0]}\`` });
    }
    understood({ spec, path, words, options: received.at(-2) as Readonly<Record<string, unknown>> });
  });
}

function addOptions(command: Command, options: readonly OptionSpec[]): void {
  for (const { flags, summary } of options) command.addOption(new Option(flags, summary));
}

function examplesText(examples: readonly string[]): string {
  return `\nExamples:\n${examples.map((example) => `  ${example}`).join('\n')}`;
}

const topExamples = `
Examples:
  orc ws create revenue "Revenue generation" 1
  orc t add revenue "Add payments to API" "Integrate USDC" 1
  orc a register agent-1 worker
  orc t next revenue agent-1
  orc t complete revenue <task-id> "Done: integrated payments"
  orc status

orc <command> --help tells more of each.
Exit codes: 0 done, 1 failed, 2 usage, 3 refused by the board, 4 nothing to do, 5 not published, 6 history rewritten.`;

/** The command that a line was about, as far as it can be told: the noun's, or the noun. */
function commandMeant(
  program: Command,
  args: readonly string[],
  first: { readonly word: string; readonly at: number },
): Command {
  const isCalled = (word: string | undefined) => (each: Command) =>
    word !== undefined && [each.name(), ...each.aliases()].includes(word);
  const noun = program.commands.find(isCalled(first.word)) ?? program;
  return noun.commands.find(isCalled(firstWord(args.slice(first.at + 1))?.word)) ?? noun;
}

function isNoun(word: string): boolean {
  return nouns.some(({ name, aliases }) => name === word || aliases.includes(word));
}

/** Commands that are called so below a noun: for `orc next`, `orc t next`. */
async function commandsCalled(word: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const noun of nouns) {
    const loaded = await noun.load();
    if (!Array.isArray(loaded)) continue;
    const specs = loaded as readonly CommandSpec[];
    const spec = specs.find(({ name, aliases = [], isHidden }) => !isHidden && [name, ...aliases].includes(word));
    if (spec !== undefined) found.push(`\`orc ${noun.name} ${spec.name}\``);
  }
  return found;
}

function nounMissing(word: string, meant: readonly string[]): OrcError {
  const which = meant.length === 1 ? meant[0] : `one of ${meant.join(', ')}`;
  return new OrcError('usage', `unknown command '${word}'`, { hint: `did you mean ${which}?` });
}

/** Commander's words: `error: unknown option '--foo'`, and on the next line `(Did you mean --for?)`. */
function explainUsage({ code, message }: CommanderError, command: Command): OrcError {
  const path = commandPath(command);
  // What commander does when a noun stands alone: it would print the noun's help as an error.
  if (code === 'commander.help') {
    const names = command.commands.map((each) => each.name()).join(', ');
    return new OrcError('usage', `\`${path}\` wants a command: ${names}`, { hint: `\`${path} --help\` explains them` });
  }
  const [first = '', ...more] = message.replace(/^error: /, '').split('\n');
  const suggestion = /^\(Did you mean (.*)\?\)$/.exec(more.join(' ').trim())?.[1];
  if (suggestion !== undefined) return new OrcError('usage', first, { hint: `did you mean ${suggestion}?` });
  const isText = /^unknown option '-[^-]/.test(first);
  const usage = command.commands.length > 0 ? `see \`${path} --help\`` : `usage: ${path} ${command.usage()}`;
  return new OrcError('usage', first, { hint: isText ? `text that begins with - goes after --; ${usage}` : usage });
}

function commandPath(command: Command): string {
  return command.parent === null ? command.name() : `${commandPath(command.parent)} ${command.name()}`;
}

/** `orc help task add` asks for the same as `orc task add --help`. */
function turnHelpAround(argv: readonly string[]): readonly string[] {
  const first = firstWord(argv);
  const args = first?.word === 'help' ? [...argv.slice(0, first.at), ...argv.slice(first.at + 1), '--help'] : argv;
  const noun = firstWord(args)?.word;
  const isKnown = noun === undefined || isNoun(noun);
  // Help on a word that is none would be the whole program's: let the parser say that it does not know it.
  return isKnown ? args : args.filter((arg) => arg !== '--help' && arg !== '-h');
}

/** The first word that is no option of the whole program and no value of one. */
/** The first word that is no option. */
export function firstWord(argv: readonly string[]): { readonly word: string; readonly at: number } | null {
  for (let at = 0; at < argv.length; at++) {
    const arg = argv[at] as string;
    if (arg === '--') return null;
    if (globalsWithValue.has(arg)) at++;
    else if (!arg.startsWith('-')) return { word: arg, at };
  }
  return null;
}
