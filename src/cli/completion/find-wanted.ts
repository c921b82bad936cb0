/** What can stand at the cursor: a command, an option, or what a word or an option's value stands for. Pure, but for one question. */
import type { CommandTable, TableCommand, TableNoun, TableOption } from './command-table.ts';
import { type Slot, slotOfOption, slotOfWord } from './slots.ts';

export interface Choice {
  readonly value: string;
  readonly description: string;
}

export interface Wanted {
  /** Commands and options that fit. */
  readonly choices: readonly Choice[];
  /** Records and files that may stand here. */
  readonly slots: readonly Slot[];
  /** What stands before the value in the same word: `--status=`. */
  readonly prefix: string;
  /** The workstream that the line names, for its tasks. */
  readonly workstream: string | null;
  /** Values of the whole program's options, as far as they matter. */
  readonly globals: {
    readonly folder?: string;
    readonly board?: string;
    readonly branch?: string;
    readonly agent?: string;
  };
}

export interface WantedOptions {
  readonly words: readonly string[];
  readonly current: string;
  /** Whether a workstream of that name is known here: its place may be left out before an id. */
  readonly isWorkstream: (name: string, globals: Wanted['globals']) => Promise<boolean>;
}

const help: TableOption = { names: ['-h', '--help'], summary: 'show help', takes: 'nothing' };
const anyId = /^[0-9a-f]{1,32}$/i;

export async function findWanted(table: CommandTable, options: WantedOptions): Promise<Wanted> {
  const line = new Reading(table);
  for (const word of options.words) line.take(word);
  const { current } = options;
  const globals = line.globals();
  const answer = (
    slots: readonly Slot[],
    choices: readonly Choice[] = [],
    prefix = '',
    workstream: string | null = null,
  ) => ({
    slots,
    choices,
    prefix,
    workstream,
    globals,
  });
  if (line.waiting !== null && !(line.waiting.takes === 'many' && current.startsWith('-')))
    return answer(present(slotOfOption(line.waiting.names)), [], '', line.workstreamIn(line.positional));
  const assigned = line.isPastOptions ? null : /^(--[\w-]+)=/.exec(current);
  if (assigned !== null) {
    const option = line.optionNamed(assigned[1] as string);
    return answer(
      option === null || option.takes === 'nothing' ? [] : present(slotOfOption(option.names)),
      [],
      assigned[0],
    );
  }
  if (current.startsWith('-') && !line.isPastOptions) return answer([], line.optionChoices());
  if (line.isLost) return answer([]);
  if (line.noun === null)
    return answer(
      [],
      table.nouns.map(({ name, summary }) => choice(name, summary)),
    );
  if (line.command === null)
    return answer(
      [],
      line.noun.commands.map(({ name, summary }) => choice(name ?? '', summary)),
    );
  return wantedWord(line, line.noun, line.command, options, answer);
}

async function wantedWord(
  line: Reading,
  noun: TableNoun,
  command: TableCommand,
  { isWorkstream }: WantedOptions,
  answer: (slots: readonly Slot[], choices?: readonly Choice[], prefix?: string, workstream?: string | null) => Wanted,
): Promise<Wanted> {
  const given = line.positional;
  // A command of its own stands behind `--`: everything there is the shell's to complete.
  const words = command.words.filter((word) => word !== '--' && !(line.hasAny && isWorkstreamWord(word)));
  if (line.isPastOptions && command.words.includes('--')) return answer([{ kind: 'files' }]);
  const slotAt = (index: number): readonly Slot[] => {
    const word = words[index] ?? (words.at(-1)?.includes('...') === true ? words.at(-1) : undefined);
    return word === undefined ? [] : present(slotOfWord(noun.name, command.name, word, given));
  };
  const mayBeLeftOut = words[0] === '[workstream]' && /^[<[]id/.test(words[1] ?? '');
  if (!mayBeLeftOut) return answer(slotAt(given.length), [], '', line.workstreamIn(given));
  const [first] = given;
  if (first === undefined) return answer([...slotAt(1), ...slotAt(0)]);
  const isNamed = !anyId.test(first) || (await isWorkstream(first, line.globals()));
  return isNamed ? answer(slotAt(given.length), [], '', first) : answer(slotAt(given.length + 1));
}

/** A command line so far, word by word, as the parser would take it. */
class Reading {
  readonly #table: CommandTable;
  readonly #values = new Map<string, string>();
  noun: TableNoun | null = null;
  command: TableCommand | null = null;
  readonly positional: string[] = [];
  /** The option whose value comes next. */
  waiting: TableOption | null = null;
  /** Behind `--`. */
  isPastOptions = false;
  /** A word is no command: nothing is known of what follows. */
  isLost = false;
  hasAny = false;

  constructor(table: CommandTable) {
    this.#table = table;
  }

  take(word: string): void {
    if (this.waiting !== null && !(this.waiting.takes === 'many' && word.startsWith('-'))) {
      this.#remember(this.waiting, word);
      if (this.waiting.takes === 'one') this.waiting = null;
      return;
    }
    this.waiting = null;
    if (this.isPastOptions) this.positional.push(word);
    else if (word === '--') this.isPastOptions = true;
    else if (word.startsWith('-') && word !== '-') this.#takeOption(word);
    else this.#takeWord(word);
  }

  #takeOption(word: string): void {
    const [name = '', ...value] = word.split('=');
    const option = this.optionNamed(name);
    if (name === '--any') this.hasAny = true;
    if (option === null || option.takes === 'nothing') return;
    if (value.length > 0) this.#remember(option, value.join('='));
    else this.waiting = option;
  }

  #takeWord(word: string): void {
    const isCalled = ({
      name,
      aliases,
    }: {
      readonly name: string | null;
      readonly aliases: readonly string[];
    }): boolean => name === word || aliases.includes(word);
    if (this.noun === null) {
      if (word === 'help') return;
      this.noun = this.#table.nouns.find(isCalled) ?? null;
      this.isLost = this.noun === null;
      this.command = this.noun?.commands.find(({ name }) => name === null) ?? null;
      return;
    }
    if (this.command !== null) {
      this.positional.push(word);
      return;
    }
    const found = this.noun.commands.find(isCalled);
    this.command = found ?? this.noun.commands.find(({ isDefault }) => isDefault) ?? null;
    if (found === undefined) this.positional.push(word);
    this.isLost = this.command === null;
  }

  #remember({ names }: TableOption, value: string): void {
    for (const name of names) this.#values.set(name, value);
  }

  optionNamed(name: string): TableOption | null {
    return this.#options().find(({ names }) => names.includes(name)) ?? null;
  }

  optionChoices(): Choice[] {
    // The long name says what it is; its short form is in the help.
    return [...this.#options(), help].map(({ names, summary }) => choice(names.at(-1) ?? '', summary));
  }

  /** The workstream among the words, and the one that an option names. */
  workstreamIn(given: readonly string[]): string | null {
    const at = this.command?.words.findIndex(isWorkstreamWord) ?? -1;
    return (at === -1 ? undefined : given[at]) ?? this.#values.get('--workstream') ?? null;
  }

  globals(): Wanted['globals'] {
    const [folder, board, branch, agent] = ['-C', '--board', '--branch', '--agent'].map((name) =>
      this.#values.get(name),
    );
    return {
      ...(folder === undefined ? {} : { folder }),
      ...(board === undefined ? {} : { board }),
      ...(branch === undefined ? {} : { branch }),
      ...(agent === undefined ? {} : { agent }),
    };
  }

  /** The command's own come first: of two with one name they count. */
  #options(): readonly TableOption[] {
    return [...(this.command?.options ?? []), ...this.#table.globals];
  }
}

function isWorkstreamWord(word: string): boolean {
  return /^[<[]workstream[>\]]$/.test(word);
}

function present(slot: Slot | null): readonly Slot[] {
  return slot === null ? [] : [slot];
}

function choice(value: string, description: string): Choice {
  return { value, description };
}
