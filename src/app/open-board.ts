/**
 * Finding the board: the store that this clone has, else the board that the upstream has (joined without ceremony), else
 * a new one, where the caller asked for that.
 */
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { OrcError } from '../errors.ts';
import { findUrlSecrets, redactUrl } from '../git/clean-text.ts';
import { toIoError } from '../git/durable-files.ts';
import { isQuestionable } from '../git/host.ts';
import type { GitStore, ObjectFormat } from '../git/store.ts';
import { isShallowStore } from '../git/store-folder.ts';
import { checkRemoteUrl } from '../git/url-safety.ts';
import { trackingRef } from '../sync/refs.ts';
import type { Answer } from '../sync/tentative.ts';
import { type Connection, connect, createStore, openStore, type World } from './connect.ts';
import { isTruthy } from './environment.ts';
import { forgetHeads } from './forget-heads.ts';
import { initCommand } from './init-command.ts';
import { moveBoard } from './move-board.ts';
import { readStoreConfig, type StoreConfig, type UpstreamChoice, writeStoreConfig } from './store-config.ts';
import type { Surroundings } from './surroundings.ts';
import { readTemplate } from './template.ts';
import { labelOf } from './upstream-label.ts';

export interface OpenedBoard extends Connection {
  readonly surroundings: Surroundings;
  /** `created`: this call began the board; `joined`: this call made the store for a board that was there;
   * `moved`: this call took the board to a remote. */
  readonly how: 'opened' | 'joined' | 'created' | 'moved';
}

export interface CreateOptions {
  /** A remote's name, a URL or path, `host`, or `none`; by default what the clone suggests. */
  readonly upstream?: string | undefined;
  readonly template?: string | undefined;
  /** Join with the newest commits alone, or with all of them; default: `ORC_SHALLOW`, else whether `CI` is set. */
  readonly shallow?: boolean | undefined;
  /** As the caller gave it. */
  readonly timeoutMs?: number | undefined;
}

/**
 * How many commits a shallow store begins with, once. A kilobyte or so each: next to the board itself they cost nothing. So
 * many, because what lies among them is known exactly: the version above manual edits, a replica that lags, the result of
 * an operation whose answer got lost. Beyond them versions and the event log answer.
 */
const shallowDepth = 50;
const beginTimeoutMs = 30_000;

/** @throws OrcError `no-board`, `ambiguous-remote`, `board-mismatch`, `unreachable`, `history-rewritten` */
export async function openBoard(
  surroundings: Surroundings,
  world: World,
  options: JoinOptions = {},
): Promise<OpenedBoard> {
  const existing = await openExisting(surroundings, world);
  return existing ?? (await joinAnywhere(surroundings, world, options)) ?? noBoard(surroundings);
}

/** Opens or joins the board, or begins one. */
export async function openOrCreateBoard(
  surroundings: Surroundings,
  world: World,
  options: CreateOptions,
): Promise<OpenedBoard> {
  const existing = await openExisting(surroundings, world);
  if (existing !== null) {
    const asked = options.upstream === undefined ? null : await parseUpstream(surroundings, options.upstream);
    if (asked !== null && !isSameUpstream(asked, existing.config.upstream)) return moveBoard(existing, asked, world);
    if (options.shallow === false && isShallowStore(existing.store.path)) await deepen(existing, options);
    return existing;
  }
  const chosen = options.upstream === undefined ? null : await parseUpstream(surroundings, options.upstream);
  const joined =
    chosen === null
      ? await joinAnywhere(surroundings, world, options)
      : await join(surroundings, chosen, world, options);
  return joined ?? create(surroundings, chosen ?? (await suggestUpstream(surroundings)), world, options);
}

/** Brings the older commits into a store that was joined without them. @throws OrcError `unreachable` */
async function deepen({ session, transport }: OpenedBoard, { timeoutMs = 120_000 }: CreateOptions): Promise<void> {
  const fetched = await session.view.fetch({ timeoutMs, unshallow: true });
  if (fetched.outcome === 'unreachable')
    throw new OrcError('unreachable', `the older commits could not be fetched: ${transport.label}: ${fetched.reason}`, {
      hint: 'the board can be used without them; try again when the upstream can be reached',
    });
  await session.rebuildLocal();
}

/** Choices that this clone offers, the remotes first. */
export async function upstreamCandidates(surroundings: Surroundings): Promise<UpstreamChoice[]> {
  if (surroundings.board !== null) return [{ kind: 'url', url: surroundings.board }];
  const config = await surroundings.config();
  const remotes = config.remotes().map(({ name }): UpstreamChoice => ({ kind: 'remote', remote: name }));
  return [...remotes, { kind: 'host' }];
}

export async function parseUpstream(surroundings: Surroundings, text: string): Promise<UpstreamChoice> {
  if (text === 'host' || text === 'none') return { kind: text };
  const remotes = (await surroundings.config()).remotes().map(({ name }) => name);
  if (remotes.includes(text)) return { kind: 'remote', remote: text };
  // What git would take for an option must not pass for the name of a remote, nor of a folder.
  if (text.startsWith('-')) checkRemoteUrl(text);
  if (findUrlSecrets(text).length > 0) {
    throw new OrcError('invalid-argument', `${redactUrl(text)} holds a credential, which would be kept in this clone`, {
      hint: 'leave it out and let a credential helper answer, or add the URL as a remote: `git remote add NAME URL`',
    });
  }
  if (/[/:\\]/.test(text) || existsSync(path.resolve(surroundings.cwd, text))) {
    return {
      kind: 'url',
      url: existsSync(path.resolve(surroundings.cwd, text)) ? path.resolve(surroundings.cwd, text) : text,
    };
  }
  throw new OrcError('not-found', `there is no remote "${text}"`, {
    hint:
      remotes.length === 0
        ? 'this repository has no remotes; add one, or use --remote host'
        : `remotes: ${remotes.join(', ')}`,
  });
}

async function openExisting(surroundings: Surroundings, world: World): Promise<OpenedBoard | null> {
  // Git judges it, before any git runs with what the repository or a store in it says.
  if (surroundings.host !== null && isQuestionable(surroundings.host)) await surroundings.config();
  if (!isStoreThere(surroundings.storePath)) return null;
  const config = readStoreConfig(surroundings.storePath);
  // Without a board id its beginning was never published: whoever comes next begins, or joins, again.
  if (config === null || config.boardId === null) return null;
  const store = await openStore(surroundings, world);
  // The address that was named now has the credentials that the kept one lacks.
  const { upstream } = config;
  const named = upstream.kind === 'url' ? { ...upstream, url: surroundings.board ?? upstream.url } : upstream;
  const connection = await connect(surroundings, store, { ...config, upstream: named }, world);
  await demandHead(connection);
  return { ...connection, surroundings, how: 'opened' };
}

/** A store that is joined has a head, unless its disk failed just when it was to be noted: an empty board would be a wrong one. */
async function demandHead({ session, store, transport }: Connection): Promise<void> {
  if ((await store.readRef(trackingRef)) !== null) return;
  const fetched = await session.view.fetch({ timeoutMs: beginTimeoutMs });
  if (fetched.outcome === 'unreachable')
    throw new OrcError('unreachable', `${transport.label} could not be reached: ${fetched.reason}`, {
      hint: 'the board was not read yet; try again when it can be reached',
    });
}

/** A disk that fails must not pass for a clone without a board. @throws OrcError `io` */
function isStoreThere(storePath: string): boolean {
  try {
    return statSync(path.join(storePath, 'HEAD'), { throwIfNoEntry: false }) !== undefined;
  } catch (error) {
    throw toIoError(`read ${storePath}`, error);
  }
}

interface JoinOptions {
  /** Default: what the environment says. */
  readonly shallow?: boolean | undefined;
  /** As the caller gave it; a history may take longer than an answer. */
  readonly timeoutMs?: number | undefined;
}

/** Looks for a board at each candidate. Boards at several remotes: the caller has to choose. */
async function joinAnywhere(
  surroundings: Surroundings,
  world: World,
  options: JoinOptions = {},
): Promise<OpenedBoard | null> {
  const found: UpstreamChoice[] = [];
  let unreachable: OrcError | null = null;
  for (const candidate of await upstreamCandidates(surroundings)) {
    // The host's own branch counts only where no remote has a board: it may be a mere view of one.
    if (candidate.kind === 'host' && (found.length > 0 || unreachable !== null)) continue;
    const head = await withProbe(surroundings, candidate, world, (connection) =>
      connection.transport.readHead({ timeoutMs: options.timeoutMs ?? 20_000 }),
    ).catch((error: unknown) => {
      // The board may be at another remote.
      if (!(error instanceof OrcError) || error.code !== 'unsupported') throw error;
      unreachable ??= error;
      return null;
    });
    if (head === null) continue;
    if (head.outcome === 'read' && head.head !== null) found.push(candidate);
    if (head.outcome === 'unreachable') {
      const label = labelOf(candidate, surroundings.host);
      unreachable ??= new OrcError('unreachable', `${label} could not be asked for a board: ${head.reason}`, {
        hint:
          surroundings.board === null
            ? 'check the remote, or choose an upstream with `orc init --remote NAME`'
            : 'check the address that --board or ORC_BOARD names, and the network',
      });
    }
  }
  const [first, ...others] = found;
  if (first === undefined) {
    if (unreachable !== null) throw unreachable;
    return null;
  }
  if (others.length > 0) {
    const names = found.map((each) => labelOf(each, surroundings.host)).join(', ');
    throw new OrcError('ambiguous-remote', `several remotes have a board: ${names}`, {
      hint: 'choose one with `orc init --remote NAME`',
    });
  }
  return join(surroundings, first, world, options);
}

/** Makes the store for a board that the upstream has; `null` when it has none. */
export async function join(
  surroundings: Surroundings,
  upstream: UpstreamChoice,
  world: World,
  options: JoinOptions = {},
): Promise<OpenedBoard | null> {
  try {
    return await joinOnce(surroundings, upstream, world, options);
  } catch (error) {
    // Nobody was told anything of what lies in a store without a board: it was seen elsewhere, or before somebody began anew.
    if (!(error instanceof OrcError) || error.code !== 'history-rewritten') throw error;
    if (!(await forgetHeads(await openStore(surroundings, world)))) throw error;
    return joinOnce(surroundings, upstream, world, options);
  }
}

async function joinOnce(
  surroundings: Surroundings,
  upstream: UpstreamChoice,
  world: World,
  { shallow = wantsShallow(surroundings.env), timeoutMs = 120_000 }: JoinOptions,
): Promise<OpenedBoard | null> {
  const { branch } = surroundings;
  return withProbe(surroundings, upstream, world, async (connection) => {
    // Only what begins may begin shallow: a depth that is used on top of history cuts it, and makes ancestry lie.
    const isFirst = (await connection.session.view.head()).commit === null;
    const depth = shallow && isFirst ? { depth: shallowDepth } : {};
    const fetched = await connection.session.view.fetch({ timeoutMs, ...depth });
    if (fetched.outcome === 'unreachable') {
      throw new OrcError('unreachable', `${connection.transport.label} could not be reached: ${fetched.reason}`);
    }
    const head = await connection.session.view.head();
    if (head.commit === null) return null;
    const boardId = head.read.board.meta.id;
    if (boardId === '') {
      await forgetHeads(connection.store);
      throw new OrcError(
        'board-mismatch',
        `the branch ${branch} of ${connection.transport.label} is not a board of orc`,
        {
          hint: 'choose another branch with `orc init --branch NAME`',
        },
      );
    }
    await connection.session.rebuildLocal();
    const config: StoreConfig = { branch, upstream, boardId };
    await writeStoreConfig(connection.store.path, config);
    const opened = await connect(surroundings, connection.store, config, world);
    return { ...opened, surroundings, how: 'joined' } as const;
  });
}

/** A machine that is thrown away after a job has no use for history. @throws OrcError `invalid-argument` */
function wantsShallow(env: NodeJS.ProcessEnv): boolean {
  const choice = env.ORC_SHALLOW ?? '';
  if (choice === '') return isTruthy(env.CI);
  if (choice === '0' || choice === '1') return choice === '1';
  throw new OrcError('invalid-argument', `ORC_SHALLOW must be 0 or 1, not "${choice}"`);
}

function isSameUpstream(a: UpstreamChoice, b: UpstreamChoice): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

/** Begins a board. Somebody else may begin one at the same time: the upstream decides, and the loser joins. */
async function create(
  surroundings: Surroundings,
  upstream: UpstreamChoice,
  world: World,
  options: CreateOptions,
): Promise<OpenedBoard> {
  const template = await readTemplate(options.template);
  const { branch } = surroundings;
  const made = await withProbe(surroundings, upstream, world, async ({ session, store, transport }) => {
    const timeoutMs = options.timeoutMs ?? beginTimeoutMs;
    if ((await store.readRef(trackingRef)) !== null) {
      const there = await transport.readHead({ timeoutMs });
      if (there.outcome === 'read' && there.head === null) await forgetHeads(store);
    }
    const operation = {
      id: world.chance.id(),
      kind: 'board.init',
      agent: 'system',
      args: { board: world.chance.id(), ...template },
    };
    const [answer] = await session.submit([operation], { publish: true, timeoutMs, insist: false });
    const boardId = settledBoardId(answer as Answer, transport.label);
    if (boardId === null) return null;
    const config: StoreConfig = { branch, upstream, boardId };
    await writeStoreConfig(store.path, config);
    const connection = await connect(surroundings, store, config, world);
    await demandHead(connection);
    return { ...connection, surroundings, how: 'created' } as const;
  });
  const opened = made ?? (await join(surroundings, upstream, world, options));
  if (opened === null)
    throw new OrcError('board-unreadable', 'the board vanished while it was being joined', { hint: 'try again' });
  return opened;
}

/** The new board's id; `null` when somebody else was first. */
function settledBoardId(answer: Answer, label: string): string | null {
  const { outcome } = answer;
  if (outcome.outcome === 'refused') {
    if (outcome.code === 'already-exists') return null;
    throw new OrcError(outcome.code, outcome.message, {
      ...(outcome.hint === undefined ? {} : { hint: outcome.hint }),
    });
  }
  if (answer.published !== true) {
    throw new OrcError(
      'unreachable',
      `a board can only begin where its upstream can be reached: ${label}: ${answer.reason}`,
      {
        hint: 'run `orc init` again when it is back; --remote host begins a board in this repository alone',
      },
    );
  }
  return String(answer.operation.args.board);
}

/** A connection to an upstream that the store is not joined to yet. */
async function withProbe<T>(
  surroundings: Surroundings,
  upstream: UpstreamChoice,
  world: World,
  work: (connection: Connection) => Promise<T>,
): Promise<T> {
  const store: GitStore = await createStore(surroundings, await formatFor(surroundings), world);
  return work(await connect(surroundings, store, { branch: surroundings.branch, upstream, boardId: null }, world));
}

/** Objects travel between store and upstream, so both need one format: that of the clone. */
async function formatFor(surroundings: Surroundings): Promise<ObjectFormat> {
  return surroundings.board === null ? (surroundings.host?.objectFormat ?? 'sha1') : 'sha1';
}

async function suggestUpstream(surroundings: Surroundings): Promise<UpstreamChoice> {
  const candidates = await upstreamCandidates(surroundings);
  const remotes = candidates.filter((each) => each.kind === 'remote' || each.kind === 'url');
  if (remotes.length <= 1) return (remotes[0] ?? candidates[0]) as UpstreamChoice;
  const names = remotes.map((each) => labelOf(each, surroundings.host)).join(', ');
  throw new OrcError('ambiguous-remote', `this clone has several remotes: ${names}`, {
    hint: 'choose where the board lives with `orc init --remote NAME` (or `--remote host` for this repository alone)',
  });
}

async function noBoard(surroundings: Surroundings): Promise<never> {
  const candidates = await upstreamCandidates(surroundings);
  const places = candidates.map((each) => labelOf(each, surroundings.host)).join(', ');
  throw new OrcError('no-board', `there is no board here (looked for the branch ${surroundings.branch} at ${places})`, {
    hint: `\`${initCommand(surroundings)}\` begins one`,
  });
}
