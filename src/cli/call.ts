/** One call of a command: its words, its options, and the board that it is about. */
import type { Orc } from '../app/orc.ts';
import type { OpenOptions } from '../app/orc-core.ts';
import { realWorld } from '../app/world.ts';
import { OrcError } from '../errors.ts';
import type { CommandResult } from './command.ts';
import type { Globals } from './globals.ts';
import type { Io } from './io.ts';
import { type Look, makeLook } from './look.ts';
import { type LongWork, tellProgress } from './tell-progress.ts';
import { readDuration, readWhole } from './values.ts';

/** Of a board that is joined: below that it is there in a second. */
const receiving: LongWork = { longFrom: 20_000, words: (done, of) => `${done} of ${of} objects received` };

export interface CallOptions {
  readonly words: readonly string[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly globals: Globals;
  readonly io: Io;
}

export class Call {
  readonly words: readonly string[];
  readonly globals: Globals;
  readonly io: Io;
  look: Look;
  readonly #options: Readonly<Record<string, unknown>>;
  #orc: Orc | null = null;
  /** Who was found to act: for views that name them. */
  actedAs: string | undefined;

  constructor({ words, options, globals, io }: CallOptions) {
    this.words = words;
    this.globals = globals;
    this.io = io;
    this.look = makeLook({
      isTty: io.isTty,
      hasColour: io.isTty && globals.hasColour,
      columns: io.columns,
      now: io.world?.clock.now() ?? Date.now(),
    });
    this.#options = options;
  }

  // — words and options; names of options as commander spells them: `--depends-on` is `dependsOn` —

  /** A word that the parser has seen to. */
  word(index: number): string {
    return this.words[index] ?? '';
  }

  text(option: string): string | undefined {
    return this.#options[option] as string | undefined;
  }

  list(option: string): readonly string[] | undefined {
    return this.#options[option] as readonly string[] | undefined;
  }

  flag(option: string): boolean {
    return this.#options[option] === true;
  }

  /** @throws OrcError `invalid-argument` */
  duration(option: string): number | undefined {
    const text = this.text(option);
    return text === undefined ? undefined : readDuration(text, flagOf(option));
  }

  /** @throws OrcError `invalid-argument` */
  whole(option: string, least = 0): number | undefined {
    const text = this.text(option);
    return text === undefined ? undefined : readWhole(text, flagOf(option), least);
  }

  // — the board —

  /** The board that was opened, if any was. */
  get orc(): Orc | null {
    return this.#orc;
  }

  /** Opens the board, once; says on standard error when that joined or began one, unless the answer tells. */
  async open(options: Pick<OpenOptions, 'create'> & { readonly isTold?: boolean } = {}): Promise<Orc> {
    if (this.#orc !== null) return this.#orc;
    if (this.globals.at !== undefined) throw noWayBack();
    return this.#openPresent({ ...options, anticipatesChange: true });
  }

  async #openPresent(
    options: Pick<OpenOptions, 'create'> & { readonly isTold?: boolean; readonly anticipatesChange?: boolean } = {},
  ): Promise<Orc> {
    const { openOrc } = await import('../app/orc.ts');
    const { cwd, board, branch, agent, publish, timeoutMs, requirePublished } = this.globals;
    const { env } = this.io;
    const { create, anticipatesChange = false } = options;
    const onReceived = tellProgress(this, receiving);
    const world = onReceived === undefined ? this.io.world : { ...(this.io.world ?? realWorld), onReceived };
    const orc = await openOrc({
      ...{ cwd, board, branch, agent, publish, timeoutMs, requirePublished, env, world, create },
      anticipatesChange,
    });
    this.#orc = orc;
    if (options.isTold === false) return orc;
    const place = `branch ${orc.connection.config.branch} of ${orc.connection.transport.label}`;
    if (orc.how === 'joined') this.note(`joined the board on ${place}`);
    if (orc.how === 'created') this.note(`no board yet: began one on ${place}`);
    return orc;
  }

  /** Opens the board to read it; `--fresh` asks the upstream first, `--at` shows it as it was. */
  async openToRead(): Promise<Orc> {
    const orc = this.#orc ?? (await this.#openPresent());
    const { fresh, at } = this.globals;
    if (fresh) await orc.head({ fresh: true });
    if (at === undefined || orc.past !== null) return orc;
    // It is a whole one; what would change the board is refused.
    const past = (await orc.at(at)) as Orc;
    this.#orc = past;
    this.look = { ...this.look, now: past.world.clock.now() };
    const { version, updated_at: updatedAt } = past.past?.read.board.meta ?? {};
    this.note(`the board as it was at version ${version}, ${updatedAt}`);
    return past;
  }

  async close(): Promise<void> {
    await this.#orc?.close();
  }

  /** Asks for an operation; arguments that are undefined were not given. */
  async perform<T>(kind: string, args: Readonly<Record<string, unknown>>, agent?: string): Promise<CommandResult<T>> {
    const orc = await this.open();
    const given = Object.fromEntries(Object.entries(args).filter(([, value]) => value !== undefined));
    const { op, allowSecret } = this.globals;
    return orc.perform<T>(kind, given, { agent, op, allowSecret });
  }

  /** Checks an operation's words before anything is done for its sake. @throws OrcError `invalid-argument`, `too-large` and the like */
  async check(kind: string, args: Readonly<Record<string, unknown>>): Promise<void> {
    const [{ checkOperation }, { refusalError }] = await Promise.all([
      import('../core/apply.ts'),
      import('../app/performed.ts'),
    ]);
    const given = this.globals.allowSecret ? { ...args, allow_secret: true } : args;
    const checked = checkOperation({ id: 'unchecked', kind, agent: this.globals.agent ?? 'system', args: given });
    if ('outcome' in checked) throw refusalError(checked, null);
  }

  /** Data that was read. */
  async answer<T>(data: T, exitCode?: number): Promise<CommandResult<T>> {
    const orc = await this.open();
    const { version } = (await orc.head()).read.board.meta;
    return { data, published: null, version, ...(exitCode === undefined ? {} : { exitCode }) };
  }

  /**
   * Who acts, where it has to be somebody: claims and locks of nobody in particular are of no use. `null`: the command has no
   * word for it.
   * @throws OrcError `usage` when nobody is named
   */
  async actor(named: string | undefined | null): Promise<string> {
    const orc = await this.open();
    const actor = await orc.actor(named ?? undefined);
    this.actedAs = actor;
    if (actor !== 'system' || typeof named === 'string' || this.globals.agent !== undefined) return actor;
    const words = named === null ? 'with --agent' : 'as the last word or with --agent';
    throw new OrcError('usage', 'who acts? No agent is named', {
      hint: `give its id ${words}, or set ORC_AGENT or \`git config orc.agent ID\``,
    });
  }

  /** Says something beside the answer; programs that read JSON are spared it. */
  note(text: string): void {
    if (!this.globals.json) this.io.stderr(`${text}\n`);
  }
}

/** As it is written: `checkTimeout` is `--check-timeout`. */
function flagOf(option: string): string {
  return `--${option.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

function noWayBack(): OrcError {
  return new OrcError('usage', '--at is for commands that read the board', {
    hint: 'the past cannot be changed or followed: leave --at out',
  });
}
