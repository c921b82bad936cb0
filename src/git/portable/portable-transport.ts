/**
 * The upstream over http(s) without a git binary. What is fetched and pushed costs what is new, not what the board
 * holds: isomorphic-git's own push walks every tree of the branch, and its fetch names one commit as known, keeps packs
 * that were cut off, and moves refs that are not its own.
 */
import { OrcError } from '../../errors.ts';
import { type NameSource, randomName } from '../durable-files.ts';
import { foreignFormat, notSha1 } from '../foreign-format.ts';
import { isOid } from '../hash.ts';
import type { HttpAccess } from '../http-credentials.ts';
import { type LocalClock, ServerClock } from '../server-clock.ts';
import type { GitStore, Oid } from '../store.ts';
import {
  type CallOptions,
  type ClockDifference,
  type ClockOptions,
  type DepositOptions,
  depositNameOf,
  type FetchOptions,
  type FetchOutcome,
  type HeadOutcome,
  inboxPrefix,
  type PushOptions,
  type PushOutcome,
  type Transport,
  type Unreachable,
} from '../transport.ts';
import {
  branchGone,
  canRemove,
  encodePush,
  type PushCommand,
  readReport,
  removalCommands,
  tellsOfDeposits,
  unableToRemove,
} from '../wire/receive-pack.ts';
import { createHttpClient, type HttpClient, type HttpClientOptions } from './http-client.ts';
import { findMissing, keepPack } from './keep-pack.ts';
import { collectNewObjects, type NewEntry } from './new-objects.ts';
import { findNoEdges, readShallow, writeShallow } from './shallow-edges.ts';
import { type Deadline, openSmartHttp, type Place, type SmartHttp } from './smart-http.ts';
import { encodeFetch, encodeLsRefs, readFetch, readLsRefs } from './upload-pack.ts';
import { writePack } from './write-pack.ts';

export interface PortableTransportOptions extends HttpClientOptions {
  /** The server's URL, and who we are to it. */
  readonly access: HttpAccess;
  /** For people; without credentials. */
  readonly label: string;
  /** The branch at the upstream. */
  readonly ref: string;
  /** With which the upstream's clock is compared; this machine's by default. */
  readonly clock?: LocalClock;
  /** Names for temporary files; random by default. */
  readonly nameTemporary?: NameSource;
  /** Hears of every pack that is sent. For tests. */
  readonly onSend?: (sent: { readonly objects: number; readonly bytes: number }) => void;
}

/** In bytes. */
const maxLsRefs = 1024 * 1024;
const maxReport = 16 * 1024 * 1024;
/** Larger packs do not fit the memory of a small machine twice; git itself fetches those. */
const maxPack = 1024 * 1024 * 1024;
/** What git asks for as a depth when it wants all. */
const wholeDepth = 0x7fffffff;
/** Refs named as known: more would only make the request longer. */
const maxHaves = 64;
/** Said before the request reached what runs the push: the answer is no, not unknown. */
const refusals: readonly number[] = [401, 403, 404, 413];

/**
 * A transport between the store and one branch of an http(s) upstream. SHA-1 only. Its calls throw OrcError `io`,
 * `store-corrupt`, `store-busy`, and `unsupported` for a SHA-256 upstream; whatever else the upstream does is an outcome.
 * @throws OrcError `unsupported` for a SHA-256 store
 */
export function portableTransport(store: GitStore, options: PortableTransportOptions): Transport {
  if (store.objectFormat !== 'sha1') {
    throw new OrcError('unsupported', 'a SHA-256 board needs the git binary', {
      hint: 'install git and unset ORC_GIT',
    });
  }
  return new PortableTransport(store, options);
}

type Asked =
  | {
      readonly outcome: 'read';
      readonly head: Oid | null;
      readonly deposits: ReadonlyMap<string, Oid>;
      readonly place: Place;
    }
  | Unreachable;

class PortableTransport implements Transport {
  readonly label: string;
  readonly #store: GitStore;
  readonly #options: PortableTransportOptions;
  readonly #http: SmartHttp;
  readonly #clock: ServerClock;
  /** Of a server with protocol 2: its capabilities do not change from call to call, and name no refs. */
  #fetchPlace: Place | null = null;

  constructor(store: GitStore, options: PortableTransportOptions) {
    this.label = options.label;
    this.#store = store;
    this.#options = options;
    this.#clock = new ServerClock(options.clock);
    this.#http = openSmartHttp(options.access, withClock(createHttpClient(options), this.#clock));
  }

  async readHead(options: CallOptions = {}): Promise<HeadOutcome> {
    const asked = await this.#ask(deadlineOf(options));
    return asked.outcome === 'read' ? { outcome: 'read', head: asked.head } : asked;
  }

  async fetch(options: FetchOptions = {}): Promise<FetchOutcome> {
    const deadline = deadlineOf(options);
    const asked = await this.#ask(deadline, options.inbox);
    if (asked.outcome === 'unreachable') return asked;
    const { head, place, deposits } = asked;
    const result: FetchOutcome = { outcome: 'fetched', head, ...(options.inbox === true ? { deposits } : {}) };
    if (head === null) return result;
    const known = await this.#knownCommits();
    const shallow = readShallow(this.#store.path);
    const isDeepening = options.unshallow === true && shallow.size > 0;
    const depth = isDeepening ? wholeDepth : (options.depth ?? null);
    const isComplete = depth === null && (await this.#isComplete(head, known, shallow));
    const wants = [...(isComplete ? [] : [head]), ...(await this.#missingOf([...deposits.values()]))];
    if (wants.length === 0) return result;

    const request = { wants, haves: known.slice(0, maxHaves), shallow: [...shallow], depth };
    const body = encodeFetch(place.advertisement, request);
    const answer = await this.#http.post('git-upload-pack', place, body, deadline, maxPack);
    if (!isResult(answer, 'git-upload-pack') || !answer.isWhole) {
      return { outcome: 'unreachable', reason: this.#http.explain(answer, deadline) };
    }
    const fetched = readFetch(place.advertisement, answer.body, depth);
    if (typeof fetched === 'string') {
      return { outcome: 'unreachable', reason: this.#http.summarize(fetched, 'the upstream refused') };
    }
    const upstreamEnds = place.advertisement.shallow;
    const edges = new Set([...shallow, ...upstreamEnds, ...fetched.shallow]);
    for (const oid of fetched.unshallow) edges.delete(oid);
    const nameTemporary = this.#options.nameTemporary ?? randomName;
    const broken = await keepPack(this.#store, fetched.pack, {
      head,
      // What is older than what is known has to be there now, too.
      known: isDeepening ? [] : known,
      shallow: edges,
      nameTemporary,
    });
    if (broken !== null) return { outcome: 'unreachable', reason: broken };
    const ends = depth === null ? [...upstreamEnds, ...fetched.shallow] : upstreamEnds;
    const kept = depth === null ? shallow : new Set([...shallow, ...fetched.shallow]);
    for (const oid of await findNoEdges(this.#store, ends, known)) if (!kept.has(oid)) edges.delete(oid);
    await writeShallow(this.#store.path, edges, nameTemporary);
    return result;
  }

  async push(oid: Oid, options: PushOptions = {}): Promise<PushOutcome> {
    if (!isOid(oid, 'sha1')) throw new OrcError('invalid-argument', `not an object id: ${oid}`);
    const { ref } = this.#options;
    const { remove = new Map<string, Oid>() } = options;
    const deadline = deadlineOf(options);
    // Asked anew each time: the answer names where the branch is, which the server compares before it moves it.
    const found = await this.#discover('git-receive-pack', deadline);
    await options.added?.store();
    if (found.outcome === 'unreachable') return found;
    const { place } = found;
    const { refs, capabilities } = place.advertisement;
    const from = refs.get(ref) ?? null;
    if (from === oid && remove.size === 0) return { outcome: 'taken' };
    if (from === null && (options.added?.base ?? null) !== null) return branchGone;
    if (!capabilities.has('report-status')) {
      return { outcome: 'unreachable', reason: 'the upstream does not report what it takes' };
    }
    // A receiving server lets a branch go back: that it moves forward only is for us to see to.
    if (from !== null && !(await this.#has(from))) {
      return { outcome: 'rejected', reason: 'the upstream has moved (fetch first)', isBehind: true };
    }
    const removals = removalCommands(place.advertisement, ref, remove);
    if ('outcome' in removals) return removals;
    if (from === oid) return this.#send(place, removals, null, deadline);
    const known = from === null ? [] : [from];
    const collected = await collectNewObjects(this.#store, { tip: oid, known, shallow: readShallow(this.#store.path) });
    if (collected.outcome === 'broken') return { outcome: 'rejected', reason: `not sent: ${collected.reason}` };
    if (from !== null && !collected.isOnTop) {
      return { outcome: 'rejected', reason: 'the upstream has moved (non-fast-forward)', isBehind: true };
    }
    const outcome = await this.#send(place, [{ ref, from, to: oid }, ...removals], collected.entries, deadline);
    if (outcome.outcome !== 'taken') return outcome;
    return { ...outcome, hasDeposits: tellsOfDeposits(place.advertisement, ref, remove) };
  }

  async deposit(name: string, oid: Oid, options: DepositOptions): Promise<PushOutcome> {
    const deadline = deadlineOf(options);
    const found = await this.#discover('git-receive-pack', deadline);
    if (found.outcome === 'unreachable') return found;
    const { place } = found;
    // What could not be removed again is not laid there.
    if (!canRemove(place.advertisement)) return unableToRemove;
    const collected = await collectNewObjects(this.#store, {
      tip: oid,
      known: [],
      shallow: readShallow(this.#store.path),
    });
    if (collected.outcome === 'broken') return { outcome: 'rejected', reason: `not sent: ${collected.reason}` };
    const command = { ref: `${inboxPrefix(this.#options.ref)}${name}`, from: null, to: oid };
    const outcome = await this.#send(place, [command], collected.entries, deadline);
    if (outcome.outcome !== 'taken') return outcome;
    return { ...outcome, hasDeposits: tellsOfDeposits(place.advertisement, this.#options.ref, new Map()) };
  }

  /** `entries: null`: nothing but removals. */
  async #send(
    place: Place,
    commands: readonly PushCommand[],
    entries: readonly NewEntry[] | null,
    deadline: Deadline,
  ): Promise<PushOutcome> {
    const { advertisement } = place;
    const isThin = !advertisement.capabilities.has('no-thin');
    const pack = entries === null ? new Uint8Array() : await writePack(this.#store, entries, { isThin });
    if (entries !== null) this.#options.onSend?.({ objects: entries.length, bytes: pack.length });
    if (performance.now() >= deadline.at) {
      return { outcome: 'unreachable', reason: `not sent within ${deadline.timeoutMs} ms` };
    }
    const body = encodePush(advertisement, commands, pack);
    const answer = await this.#http.post('git-receive-pack', place, body, deadline, maxReport);
    if (isResult(answer, 'git-receive-pack')) {
      const summarize = (text: string, fallback: string): string => this.#http.summarize(text, fallback);
      const refs = commands.map(({ ref }) => ref);
      return answer.isWhole
        ? readReport(advertisement, refs, answer.body, summarize)
        : { outcome: 'unknown', reason: 'the report was cut off' };
    }
    const reason = this.#http.explain(answer, deadline);
    if (answer.outcome === 'failed') {
      if (!answer.maybeSent) return { outcome: 'unreachable', reason };
      return { outcome: 'unknown', reason: answer.timedOut ? 'no answer in time' : reason };
    }
    return { outcome: refusals.includes(answer.status) ? 'rejected' : 'unknown', reason };
  }

  async clockDifference(options: ClockOptions = {}): Promise<ClockDifference | null> {
    const { ask = false, ...call } = options;
    const known = this.#clock.difference();
    if (known !== null || !ask) return known;
    await this.readHead(call);
    return this.#clock.difference();
  }

  async #ask(deadline: Deadline, inbox = false): Promise<Asked> {
    const { ref } = this.#options;
    let place = this.#fetchPlace;
    if (place === null) {
      const found = await this.#discover('git-upload-pack', deadline);
      if (found.outcome === 'unreachable') return found;
      place = found.place;
    }
    const { advertisement } = place;
    if (advertisement.version === 0) {
      return this.#readRefs(advertisement.refs, inbox, place);
    }
    const format = advertisement.capabilities.get('object-format') ?? 'sha1';
    if (format !== 'sha1') throw foreignFormat(this.label, 'sha1');
    const body = encodeLsRefs(advertisement, [ref, ...(inbox ? [inboxPrefix(ref)] : [])]);
    const answer = await this.#http.post('git-upload-pack', place, body, deadline, maxLsRefs);
    if (!isResult(answer, 'git-upload-pack') || !answer.isWhole) {
      this.#fetchPlace = null;
      return { outcome: 'unreachable', reason: this.#http.explain(answer, deadline) };
    }
    const read = readLsRefs(answer.body);
    if (read === notSha1) throw foreignFormat(this.label, 'sha1');
    if (typeof read === 'string') {
      return { outcome: 'unreachable', reason: this.#http.summarize(read, 'the upstream refused') };
    }
    this.#fetchPlace = place;
    return this.#readRefs(read, inbox, place);
  }

  #readRefs(refs: ReadonlyMap<string, Oid>, inbox: boolean, place: Place): Asked {
    const { ref } = this.#options;
    const deposits = new Map<string, Oid>();
    for (const [each, oid] of inbox ? refs : []) {
      const name = depositNameOf(ref, each);
      if (name !== null) deposits.set(name, oid);
    }
    return { outcome: 'read', head: refs.get(ref) ?? null, deposits, place };
  }

  async #missingOf(oids: readonly Oid[]): Promise<Oid[]> {
    const found = await this.#store.readObjects(oids);
    return [...new Set(oids)].filter((oid) => !found.has(oid));
  }

  async #discover(...asked: Parameters<SmartHttp['discover']>): ReturnType<SmartHttp['discover']> {
    const found = await this.#http.discover(...asked);
    if (found.outcome === 'unreachable' && found.reason === notSha1) throw foreignFormat(this.label, 'sha1');
    return found;
  }

  /** What the store's refs lead to: complete, unlike an object that merely lies there. The last head seen upstream first. */
  async #knownCommits(): Promise<Oid[]> {
    const refs = await this.#store.listRefs('refs/');
    const names = [...refs.keys()].sort(
      (a, b) => Number(b.startsWith('refs/remotes/')) - Number(a.startsWith('refs/remotes/')),
    );
    return [...new Set(names.map((name) => refs.get(name) as Oid))];
  }

  /** Whether the store has a commit with all that it holds: nothing to fetch then. */
  async #isComplete(head: Oid, known: readonly Oid[], shallow: ReadonlySet<Oid>): Promise<boolean> {
    if (known.includes(head)) return true;
    if (!(await this.#has(head))) return false;
    const collected = await collectNewObjects(this.#store, { tip: head, known, shallow });
    if (collected.outcome === 'broken') return false;
    return (
      (await findMissing(
        this.#store,
        collected.entries.map(({ oid }) => oid),
      )) === null
    );
  }

  async #has(oid: Oid): Promise<boolean> {
    return (await this.#store.readObjects([oid])).has(oid);
  }
}

type HttpAnswer = Awaited<ReturnType<SmartHttp['post']>>;

/** Whether this is an answer of the service, however much of it came. */
function isResult(
  answer: HttpAnswer,
  service: string,
): answer is Extract<HttpAnswer, { outcome: 'answered' }> & { readonly status: 200 } {
  return answer.outcome === 'answered' && answer.status === 200 && answer.type === `application/x-${service}-result`;
}

/** Notes the dates of a server's answers. */
function withClock(client: HttpClient, clock: ServerClock): HttpClient {
  return {
    async request(request) {
      const begun = clock.begin();
      const answer = await client.request(request);
      if (answer.outcome === 'answered') clock.note(answer.date, begun);
      return answer;
    },
  };
}

function deadlineOf({ timeoutMs }: CallOptions): Deadline {
  const at = timeoutMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + timeoutMs;
  return { at, timeoutMs };
}
