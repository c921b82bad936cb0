/** What a client asked and was answered, written down at once: a line before each call and one after it. */
import { AsyncLocalStorage } from 'node:async_hooks';
import { appendFileSync, readFileSync } from 'node:fs';
import { realWorld, type World } from '../../src/app/connect.ts';
import type { BatchRequest } from '../../src/app/orc-core.ts';
import { lineIdFrom } from '../../src/core/ids.ts';
import { type Orc, OrcError, type Performed } from '../../src/index.ts';
import type { BatchPlace, CallAnswer, CallRecord } from '../support/checker/types.ts';
import { machineTime } from './settings.ts';

/** Codes that tell of the world, and not of the board. */
const troubles: ReadonlySet<string> = new Set([
  'unreachable',
  'upstream-refused',
  'history-rewritten',
  'not-published',
  'store-busy',
  'store-corrupt',
  'io',
  'git-failed',
  'git-missing',
]);

type Begun = Pick<CallRecord, 'client' | 'op' | 'kind' | 'agent' | 'args' | 'start' | 'batch'>;
type Ended = Pick<CallRecord, 'op' | 'end' | 'answer' | 'code' | 'version' | 'published'>;

export class Recorder {
  readonly #log: string;
  readonly #client: string;
  /** The ids that `chance.id` gives next, within each call. */
  readonly #ids = new AsyncLocalStorage<string[]>();

  constructor(client: string, log: string) {
    this.#client = client;
    this.#log = log;
  }

  /** The world in which operations get the ids that stand in the log already. */
  world(onStart?: World['onStart']): World {
    const chance = { ...realWorld.chance, id: () => this.#ids.getStore()?.shift() ?? realWorld.chance.id() };
    return { ...realWorld, chance, ...(onStart === undefined ? {} : { onStart }) };
  }

  /** Asks for one operation. `null` when it failed in any way: the log says how. */
  async ask(orc: Orc, request: BatchRequest & { readonly agent: string }): Promise<Performed | null> {
    const answers = await this.#record([request], () =>
      orc.perform(request.kind, request.args, { agent: request.agent }),
    );
    return answers?.[0] ?? null;
  }

  /** Asks for two or more at once. */
  async askBatch(
    orc: Orc,
    requests: readonly (BatchRequest & { readonly agent: string })[],
  ): Promise<Performed[] | null> {
    return this.#record(requests, () => orc.batch(requests));
  }

  async #record(
    requests: readonly (BatchRequest & { readonly agent: string })[],
    call: () => Promise<Performed | Performed[]>,
  ): Promise<Performed[] | null> {
    const id = realWorld.chance.id();
    const ops = requests.length === 1 ? [id] : requests.map((_, index) => lineIdFrom(id, index + 1));
    const start = machineTime();
    for (const [index, { kind, agent, args }] of requests.entries()) {
      const place: BatchPlace = { id, k: index + 1, n: requests.length };
      const op = ops[index] as string;
      const begun: Begun = {
        client: this.#client,
        op,
        kind,
        agent,
        args,
        start,
        ...(requests.length > 1 ? { batch: place } : {}),
      };
      this.#write(begun);
    }
    try {
      const performed = [await this.#ids.run([id], call)].flat();
      for (const [index, each] of performed.entries()) {
        if (each.op !== ops[index]) throw new Error(`asked with the id ${ops[index]}, answered for ${each.op}`);
        this.#write(endOf(each, requests[index]?.kind ?? ''));
      }
      return performed;
    } catch (error) {
      if (!(error instanceof OrcError)) throw error;
      const line = (error.details as { line?: number } | undefined)?.line ?? 1;
      for (const [index, op] of ops.entries()) {
        const isCulprit = troubles.has(error.code) || requests.length === 1 || index === line - 1;
        const code = isCulprit ? error.code : 'batch-refused';
        this.#write({ op, end: machineTime(), answer: troubles.has(code) ? 'error' : 'refused', code });
      }
      return null;
    }
  }

  #write(line: Begun | Ended): void {
    appendFileSync(this.#log, `${JSON.stringify(line)}\n`);
  }
}

function endOf({ op, state, published, version }: Performed, kind: string): Ended {
  const none: CallAnswer = kind === 'task.next' ? 'none-ready' : 'unchanged';
  const answers: Readonly<Record<Performed['state'], CallAnswer>> = {
    published: 'ok',
    queued: 'queued',
    unknown: 'unknown',
    none,
  };
  return { op, end: machineTime(), answer: answers[state], published, version };
}

/** The calls of a log; those without an end were cut off by death. */
export function readCalls(log: string): CallRecord[] {
  const calls = new Map<string, CallRecord>();
  for (const text of readFileSync(log, 'utf8').split('\n')) {
    if (text === '') continue;
    const line = JSON.parse(text) as Begun | Ended;
    if ('kind' in line) calls.set(line.op, { ...line, end: null, answer: 'never' });
    else calls.set(line.op, { ...(calls.get(line.op) as CallRecord), ...line });
  }
  return [...calls.values()];
}
