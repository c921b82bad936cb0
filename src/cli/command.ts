/**
 * What a command is: its words, its help, what it does, how its answer is shown. From these descriptions come the parser
 * (program.ts), the help, and the reference in docs/cli.md.
 */
import type { Performed } from '../app/performed.ts';
import type { OrcError } from '../errors.ts';
import type { Call } from './call.ts';
import type { Look } from './look.ts';

export interface OptionSpec {
  /** As commander reads them: `--ttl <time>`, `--label <label...>`. */
  readonly flags: string;
  readonly summary: string;
}

/** What a command gives back: the data of `--json`, and what became of a change. */
export interface CommandResult<T = unknown> extends Partial<Omit<Performed, 'data' | 'published' | 'version'>> {
  readonly data: T;
  /** `null`: there was nothing to publish. */
  readonly published: boolean | null;
  /** Board version; `null` where no board was looked at. */
  readonly version: number | null;
  /** Everything was printed as it came: nothing is left to show. */
  readonly told?: true;
  /** Where it is not 0 although nothing failed. */
  readonly exitCode?: number;
}

export interface CommandSpec<T = unknown> {
  readonly name: string;
  readonly aliases?: readonly string[];
  /** Ctrl-C is its own affair: it ends by itself, and is not given up. */
  readonly endsItself?: boolean;
  /** For programs of orc's own: neither help nor the reference has it. */
  readonly isHidden?: boolean;
  /** What its noun does when it stands alone. */
  readonly isDefault?: boolean;
  /** As in help: `<workstream> <title> [description]`. */
  readonly words: string;
  /** An optional word comes before a required one, which no parser of words knows: `run` sorts them. */
  readonly isLoose?: boolean;
  /** All words are optional although it is loose. */
  readonly allowsNoWords?: boolean;
  readonly summary: string;
  /** More for its own help, a few sentences. */
  readonly details?: string;
  readonly options?: readonly OptionSpec[];
  /** Whole command lines; the first is the one in the reference. */
  readonly examples: readonly string[];
  /** The shape of `data` under `--json`, for the reference. */
  readonly data: string;
  run(call: Call): Promise<CommandResult<T>>;
  /** Lines for people. */
  view(result: CommandResult<T>, look: Look, call: Call): readonly string[];
  /** Text for standard output that is no line of ours: not a byte is added. */
  raw?(result: CommandResult<T>, look: Look): string;
  /** What `--json` shows of the data, where that is not all of it. */
  toJson?(data: T): unknown;
  /** A refusal that the original tool told in words of its own, on standard output. */
  viewRefusal?(error: OrcError, look: Look, call: Call): string | null;
}

/** A first word: a command, or several under a noun. */
export interface Noun {
  readonly name: string;
  readonly aliases: readonly string[];
  readonly summary: string;
  /** Loaded when it is used, or when its help is asked for. */
  readonly load: () => Promise<CommandSpec | readonly CommandSpec[]>;
}

/** Keeps the type of a command's data while commands of all kinds stand in one table. */
export function defineCommand<T>(spec: CommandSpec<T>): CommandSpec {
  return spec as unknown as CommandSpec;
}
