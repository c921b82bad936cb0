/** An agent: what it remembers, what it asks for next. It lives on one machine and survives its processes. */
import type { Operation } from '../../src/core/operation.ts';
import type { Head } from '../../src/sync/head.ts';
import type { Outcome } from '../../src/sync/queue.ts';
import { pickWeighted, type Random } from './random.ts';

export type Asked = Pick<Operation, 'kind' | 'args'>;

/** A claim or a lock that it obtained, or was told to have obtained. */
interface Hold {
  readonly kind: 'task' | 'lock';
  readonly key: string;
  /** The operation that made it. */
  readonly claim: string;
  /** `null` while tentative. */
  readonly token: number | null;
}

type Kind =
  | 'task.add'
  | 'task.next'
  | 'task.claim'
  | 'task.renew'
  | 'task.complete'
  | 'task.fail'
  | 'task.release'
  | 'task.note'
  | 'task.edit'
  | 'task.block'
  | 'task.unblock'
  | 'task.cancel'
  | 'task.reopen'
  | 'lock.acquire'
  | 'lock.renew'
  | 'lock.release'
  | 'lock.break'
  | 'knowledge.write'
  | 'knowledge.append'
  | 'event.log'
  | 'agent.register'
  | 'agent.heartbeat'
  | 'agent.retire';

const weights: Readonly<Record<Kind, number>> = {
  'task.add': 6,
  'task.next': 8,
  'task.claim': 7,
  'task.renew': 2,
  'task.complete': 5,
  'task.fail': 2,
  'task.release': 3,
  'task.note': 2,
  'task.edit': 1,
  'task.block': 1,
  'task.unblock': 1,
  'task.cancel': 1,
  'task.reopen': 1,
  'lock.acquire': 7,
  'lock.renew': 2,
  'lock.release': 4,
  'lock.break': 0.5,
  'knowledge.write': 3,
  'knowledge.append': 2,
  'event.log': 2,
  'agent.register': 1,
  'agent.heartbeat': 2,
  'agent.retire': 0.3,
};

/** Where few things are fought for: what was refused a moment ago is free now. */
const contended: typeof weights = {
  ...Object.fromEntries(Object.keys(weights).map((kind) => [kind, 0.1])),
  'task.add': 2,
  'task.next': 8,
  'task.claim': 4,
  'task.release': 7,
  'task.complete': 2,
  'lock.acquire': 8,
  'lock.release': 8,
} as typeof weights;

const resources = ['deploy', 'deploy', 'path:src/**', 'path:src/main.ts', 'path:docs/*'];
const topics = ['notes', 'plan'];
const ends = ['task.complete', 'task.fail', 'task.release', 'task.block', 'task.cancel', 'lock.release', 'lock.break'];

export class Agent {
  readonly name: string;
  readonly random: Random;
  /** Asked with an id of its own, and not answered for certain: to be asked again. */
  readonly unanswered: Operation[] = [];
  #holds: Hold[] = [];
  /** Claims that it let go or lost: outdated proofs. */
  #past: Hold[] = [];
  #count = 0;
  readonly #weights: typeof weights;
  readonly #resources: readonly string[];

  constructor(name: string, random: Random, isContended: boolean) {
    this.name = name;
    this.random = random;
    this.#weights = isContended ? contended : weights;
    this.#resources = isContended ? ['deploy'] : resources;
  }

  /** What to ask for next, on the board as its machine shows it. */
  choose(head: Head): Asked {
    const { random } = this;
    const kind = pickWeighted(random, this.#weights);
    const hold = this.#holdFor(kind);
    // Who holds something works on it more often than not.
    if (hold === null && /^task\.(renew|complete|fail|release)$|^lock\.re/.test(kind) && random.happens(0.8)) {
      return random.happens(0.6) ? this.#ask('task.next', head, null) : this.#ask('lock.acquire', head, null);
    }
    return this.#ask(kind, head, hold);
  }

  /** One to four that belong together. */
  chooseBatch(head: Head): Asked[] {
    const size = this.random.between(2, 4);
    return Array.from({ length: size }, () => this.choose(head));
  }

  learn(operation: Operation, outcome: Extract<Outcome, { outcome: 'accepted' }>, isPublished: boolean): void {
    const { kind, id, args } = operation;
    const { result } = outcome;
    const token = isPublished ? outcome.version : null;
    const key = 'task' in result ? result.task : 'lock' in result ? result.lock : null;
    if (key === null) return;
    if (kind === 'task.claim' || kind === 'task.next') this.#remember({ kind: 'task', key, claim: id, token });
    else if (kind === 'lock.acquire')
      this.#remember({ kind: 'lock', key, ...ownHold(outcome.record, args.claim, id), token: null });
    else if (ends.includes(kind)) this.#forget(key);
  }

  #remember(hold: Hold): void {
    this.#forget(hold.key);
    this.#holds.push(hold);
  }

  #forget(key: string): void {
    this.#past.push(...this.#holds.filter((hold) => hold.key === key));
    this.#holds = this.#holds.filter((hold) => hold.key !== key);
  }

  #holdFor(kind: string): Hold | null {
    const of = this.#holds.filter((hold) => kind.startsWith(hold.kind));
    return of.length === 0 ? null : this.random.pick(of);
  }

  #ask(kind: Kind, head: Head, hold: Hold | null): Asked {
    return { kind, args: this.#argsOf(kind, head, hold) };
  }

  #argsOf(kind: Kind, head: Head, hold: Hold | null): Record<string, unknown> {
    const { random } = this;
    const { board } = head.read;
    const open = [...board.openTasks()].map(({ id }) => id).sort();
    const anyTask = open.length === 0 ? '00000000' : random.pick(open);
    const id = hold?.kind === 'task' && random.happens(0.9) ? hold.key : anyTask;
    const resource = hold?.kind === 'lock' && random.happens(0.9) ? hold.key : random.pick(this.#resources);
    const topic = random.pick(topics);
    const n = ++this.#count;
    switch (kind) {
      case 'task.add': {
        const waits = random.happens(0.15) ? { depends_on: [anyTask] } : {};
        const paths = random.happens(0.2) ? { paths: ['src/main.ts'] } : {};
        const workstream = random.happens(0.7) ? 'main' : 'side';
        return { workstream, title: `${this.name} ${n}`, priority: random.between(1, 4), ...waits, ...paths };
      }
      case 'task.next':
        return { workstream: random.pick(['main', 'main', 'side', null]), ...this.#lease() };
      case 'task.claim':
        return { id: anyTask, ...this.#lease() };
      case 'task.renew':
        return { id, ...this.#lease(), ...this.#proof(id) };
      case 'task.complete':
        return { id, result: `done ${n}`, ...this.#proof(id) };
      case 'task.fail':
      case 'task.release':
      case 'task.block':
        return { id, reason: `reason ${n}`, ...this.#proof(id) };
      case 'task.note':
        return { id, text: `note ${n}`, ...this.#proof(id) };
      case 'task.edit':
        return { id, priority: random.between(1, 9), ...this.#proof(id) };
      case 'task.unblock':
      case 'task.cancel':
        return { id: anyTask };
      case 'task.reopen':
        return { id: this.#past.find((each) => each.kind === 'task')?.key ?? anyTask };
      case 'lock.acquire': {
        const holds = this.#holds.filter((each) => each.kind === 'lock').map(({ claim }) => claim);
        const ttl = random.happens(0.3) ? { ttl_ms: random.between(500, 20_000) } : {};
        return { resource, shared: random.happens(0.3), ...ttl, ...this.#proof(resource), holds };
      }
      case 'lock.renew':
      case 'lock.release':
        return { resource, ...this.#proof(resource) };
      case 'lock.break':
        return { resource, reason: 'it hangs' };
      case 'knowledge.write': {
        const version = board.knowledge.isLoaded(topic) ? (board.knowledge.get(topic)?.version ?? 0) : 0;
        return { topic, content: `${this.name} wrote ${n}\n`, ...(random.happens(0.4) ? { base: version } : {}) };
      }
      case 'knowledge.append':
        return { topic, content: `${this.name} added ${n}\n` };
      case 'event.log':
        return { action: 'built', data: { count: n } };
      case 'agent.register':
        return { id: this.name };
      case 'agent.retire':
        return { id: this.name };
      case 'agent.heartbeat':
        return { id: this.name, claims: this.#holds.filter((each) => each.kind === 'task').map(({ claim }) => claim) };
    }
  }

  #lease(): Record<string, unknown> {
    return this.random.happens(0.3) ? { lease_ms: this.random.between(500, 30_000) } : {};
  }

  /** Mostly what it holds; sometimes nothing, or what is outdated. */
  #proof(key: string): Record<string, unknown> {
    const { random } = this;
    if (random.happens(0.05)) return {};
    const past = this.#past.filter((hold) => hold.key === key);
    const isOutdated = past.length > 0 && random.happens(0.15);
    const hold = isOutdated ? random.pick(past) : this.#holds.find((each) => each.key === key);
    if (hold === undefined) return {};
    return hold.token !== null && random.happens(0.3) ? { token: hold.token } : { claim: hold.claim };
  }
}

/** Who extends a lock goes on with the hold that it was. */
function ownHold(record: unknown, extended: unknown, id: string): { claim: string } {
  const holders = (record as { holders?: readonly { id: string }[] } | null)?.holders ?? [];
  return { claim: typeof extended === 'string' && holders.some((hold) => hold.id === extended) ? extended : id };
}
