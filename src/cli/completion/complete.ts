/**
 * Answers a shell that asks what may stand at the cursor: `orc __complete <shell> …`. It prints one line that says how to go on
 * (`words`, `files` or `dirs`), then one candidate on each line, behind a tab what it is. Whatever goes wrong, it says nothing and
 * ends well: somebody is in the middle of typing.
 */
import path from 'node:path';
import { findRemotes, type LocalValue, LocalValues } from '../../app/local-values.ts';
import { dangerousCharacters, visibleLine } from '../../core/visible-text.ts';
import { cutToWidth } from '../width.ts';
import type { CommandTable } from './command-table.ts';
import { type Choice, findWanted, type Wanted } from './find-wanted.ts';
import { quoteForBash, readTypedLine, type TypedLine } from './shell-line.ts';
import type { Slot } from './slots.ts';

export interface CompleteOptions {
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
  readonly print: (text: string) => void;
  readonly loadTable: () => Promise<CommandTable>;
}

/** More than anybody reads: the next character narrows it. */
const maxCandidates = 500;
const descriptionWidth = 60;
/** How bash says that candidates are listed, not inserted: `?`, `!` and `@`. */
const listing = new Set(['63', '33', '64']);

/** @param argv what follows `__complete`: `zsh <word>…`, `fish <line>`, or `bash <completion type> <word breaks> <line>` */
export async function complete(argv: readonly string[], options: CompleteOptions): Promise<void> {
  try {
    const [shell, ...given] = argv;
    const line = shell === 'zsh' ? typedWords(given) : ofCommand(readTypedLine(given.at(-1) ?? '', given.at(-2)));
    const { way, candidates } = await candidatesFor(line, options);
    const shown = candidates.slice(0, maxCandidates).map(({ value, description }) => ({
      value,
      description: cutToWidth(visibleLine(description), descriptionWidth),
    }));
    const lines = shell === 'bash' ? linesForBash(shown, line, listing.has(given[0] ?? '')) : shown.map(lineOf);
    options.print(`${[way, ...lines].join('\n')}\n`);
  } catch {
    // No board, no repository, a damaged one: nothing to offer.
  }
}

/** zsh takes the line apart itself; the last word is the one at the cursor. */
function typedWords(words: readonly string[]): TypedLine {
  return { words: words.slice(0, -1), current: words.at(-1) ?? '', quote: '', kept: 0, isRedirected: false };
}

/** Without what stands before the command's own words: settings of variables, its name, the `git` of `git orc`. */
function ofCommand(line: TypedLine): TypedLine {
  const start = line.words.findIndex((word) => !/^\w+=/.test(word));
  const isOfGit = path.basename(line.words[start] ?? '') === 'git';
  const orc = isOfGit ? line.words.indexOf('orc', start + 1) : start;
  return { ...line, words: orc === -1 ? [] : line.words.slice(orc + 1) };
}

interface Answer {
  readonly way: 'words' | 'files' | 'dirs';
  readonly candidates: readonly Choice[];
}

async function candidatesFor(line: TypedLine, options: CompleteOptions): Promise<Answer> {
  if (line.isRedirected) return { way: 'files', candidates: [] };
  const boards = new Boards(options);
  try {
    const wanted = await findWanted(await options.loadTable(), {
      words: line.words,
      current: line.current,
      isWorkstream: async (name, globals) => (await boards.open(globals))?.isWorkstream(name) ?? false,
    });
    const files = wanted.slots.find(({ kind }) => kind === 'files' || kind === 'dirs');
    if (files !== undefined) return { way: files.kind as 'files' | 'dirs', candidates: [] };
    const prefix = line.current.slice(wanted.prefix.length);
    const found: Choice[] = wanted.choices.filter(({ value }) => value.startsWith(prefix));
    for (const slot of wanted.slots) found.push(...(await boards.valuesOf(slot, prefix, wanted)));
    const safe = found.filter(({ value }) => value !== '' && value.search(dangerousCharacters) === -1);
    return { way: 'words', candidates: safe.map((each) => ({ ...each, value: wanted.prefix + each.value })) };
  } finally {
    boards.close();
  }
}

/** The board that the line is about, opened when it is needed. */
class Boards {
  readonly #options: CompleteOptions;
  #opened: Promise<LocalValues | null> | null = null;
  #values: LocalValues | null = null;

  constructor(options: CompleteOptions) {
    this.#options = options;
  }

  open(globals: Wanted['globals']): Promise<LocalValues | null> {
    this.#opened ??= LocalValues.open(this.#place(globals)).then(
      (values) => {
        this.#values = values;
        return values;
      },
      () => null,
    );
    return this.#opened;
  }

  async valuesOf(slot: Slot, prefix: string, { globals, workstream }: Wanted): Promise<readonly LocalValue[]> {
    if (slot.kind === 'fixed')
      return slot.values.filter((value) => value.startsWith(prefix)).map((value) => ({ value, description: '' }));
    if (slot.kind === 'files' || slot.kind === 'dirs') return [];
    if (slot.kind === 'remote')
      return (await findRemotes(this.#place(globals))).filter(({ value }) => value.startsWith(prefix));
    const values = await this.open(globals);
    return (await values?.find({ ...slot, prefix, workstream, agent: globals.agent })) ?? [];
  }

  close(): void {
    this.#values?.close();
  }

  #place({ folder, board, branch }: Wanted['globals']) {
    const { cwd, env } = this.#options;
    const at = folder?.startsWith('~/') && env.HOME ? path.join(env.HOME, folder.slice(2)) : folder;
    return { cwd: at === undefined ? cwd : path.resolve(cwd, at), env, board, branch };
  }
}

function lineOf({ value, description }: Choice): string {
  return description === '' ? value : `${value}\t${description}`;
}

/** bash inserts what is printed: descriptions are for lists of several alone. */
function linesForBash(candidates: readonly Choice[], line: TypedLine, isListed: boolean): string[] {
  const quoted = candidates.flatMap(({ value, description }) => {
    const inserted = quoteForBash(value, line);
    return inserted === null ? [] : [{ inserted, description }];
  });
  const isShown = isListed && quoted.length > 1;
  return quoted.map(({ inserted, description }) =>
    isShown && description !== '' ? `${inserted}  (${description})` : inserted,
  );
}
