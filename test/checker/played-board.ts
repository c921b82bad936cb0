/** Boards that several clients made at random through the real engine, with the log of every call. */
import { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import type { Answer } from '../../src/sync/tentative.ts';
import { objectsOf, readChain } from '../support/checker/chain.ts';
import type { CallRecord, CheckInput, FinalFacts } from '../support/checker/types.ts';
import { boardId, fakeClock, type MemoryClient, memoryClient } from '../support/memory-client.ts';
import { type Known, type Request, randomRequest } from './random-request.ts';
import { type RandomSource, randomSource } from './random-source.ts';

export interface PlayedBoard extends Required<CheckInput> {
  readonly upstream: MemoryUpstream;
  readonly logs: CallRecord[];
}

/**
 * `steps` rounds of up to three calls at the same time, from three clients; now and then a batch. With `offMs` the clients
 * know the upstream's clock, and the last one's is off by so much.
 */
export async function playBoard(seed: number, steps: number, offMs?: number): Promise<PlayedBoard> {
  const random = randomSource(seed);
  const upstream = new MemoryUpstream();
  const clock = fakeClock();
  const clients = ['one', 'two', 'three'].map((name) => {
    const upstreamClock = (): number => clock.now() - (name === 'three' ? (offMs ?? 0) : 0);
    return memoryClient({ name, upstream, clock, ...(offMs === undefined ? {} : { upstreamClock }) });
  });
  const known: Known = {
    ...{ tasks: [], blocked: [], claims: [], holds: [], versions: new Map(), messages: [], done: [] },
    now: () => clock.now(),
  };
  const logs: CallRecord[] = [];
  const call = (client: MemoryClient, name: string, requests: readonly Request[]) =>
    submit({ client, name, requests, clock, logs, known, random });
  const first = clients[0] as MemoryClient;
  const files = [{ path: 'README.md', text: 'A board\n' }];
  const args = {
    board: boardId,
    settings: 'format: 1\nlease: 600ms\n',
    files,
    knowledge: [{ topic: 'start', content: 'Here' }],
  };
  await call(first, 'one', [{ kind: 'board.init', agent: 'system', args }]);
  for (let step = 0; step < steps; step++) {
    if (random.chance(0.15)) clock.advance(random.pick(offMs === undefined ? [10, 100, 700, 3000] : [700, 20_000]));
    await Promise.all(
      clients.slice(0, 1 + random.below(3)).map((client, index) => {
        const length = random.chance(0.06) ? 2 + random.below(3) : 1;
        const requests = Array.from({ length }, () => randomRequest(random, known));
        return call(client, ['one', 'two', 'three'][index] ?? '', requests);
      }),
    );
  }
  const finals: FinalFacts[] = ['one', 'two', 'three'].map((client) => ({ client, rejected: [], queued: [] }));
  const chain = readChain(objectsOf(upstream.objects), upstream.head ?? '');
  const clocks = offMs === undefined ? { sharesClock: true } : { clocksCompared: true };
  return { upstream, chain, logs, finals, options: { timeOrigin: 0, ...clocks } };
}

interface Submission {
  readonly client: MemoryClient;
  readonly name: string;
  readonly requests: readonly Request[];
  readonly clock: { now(): number };
  readonly logs: CallRecord[];
  readonly known: Known;
  readonly random: RandomSource;
}

async function submit({ client, name, requests, clock, logs, known, random }: Submission): Promise<void> {
  const n = requests.length;
  const batchId = idOf(random);
  const operations = requests.map(({ kind, agent, args }, index) => ({
    ...{ id: random.chance(0.1) ? `by-hand.${idOf(random).slice(0, 20)}` : idOf(random), kind, agent, args },
    ...(n === 1 ? {} : { batch: { id: batchId, k: index + 1, n } }),
  }));
  const start = clock.now();
  const answers = await client.session.submit(operations, { publish: true, timeoutMs: 30_000 });
  const end = clock.now();
  for (const answer of answers) {
    const { operation } = answer;
    const { id: op, kind, agent, args, batch } = operation;
    logs.push({
      client: name,
      op,
      kind,
      agent,
      args,
      start,
      end,
      ...told(answer),
      ...(batch === undefined ? {} : { batch }),
    });
    if (answer.outcome.outcome === 'accepted') remember(answer, known);
  }
}

export function told({
  outcome,
  published,
  operation,
}: Answer): Pick<CallRecord, 'answer' | 'code' | 'version' | 'result' | 'published'> {
  if (outcome.outcome === 'accepted') {
    const { version, result } = outcome;
    return { answer: published === true ? 'ok' : 'queued', version, result, published };
  }
  if (outcome.outcome === 'refused') return { answer: 'refused', code: outcome.code };
  return { answer: operation.kind === 'task.next' ? 'none-ready' : 'unchanged' };
}

function remember({ operation, outcome }: Answer, known: Known): void {
  if (outcome.outcome !== 'accepted') return;
  const { id: claim, kind, agent, args } = operation;
  const { result, version: token } = outcome;
  known.done.push({ version: token, op: claim, task: 'task' in result ? result.task : null });
  if (kind === 'task.add' && 'task' in result) known.tasks.push(result.task);
  if (kind === 'task.block') known.blocked.push(String(args.id));
  if ((kind === 'task.next' || kind === 'task.claim') && 'task' in result)
    known.claims.push({ id: result.task, agent, token, claim });
  if (kind === 'lock.acquire') known.holds.push({ resource: String(args.resource), agent, token, claim });
  if (kind === 'message.send') {
    const { message, to } = outcome.record as { readonly message: string; readonly to: readonly string[] };
    known.messages.push(...to.map((each) => ({ id: message, to: each })));
  }
  if (kind.startsWith('knowledge.')) known.versions.set(String(args.topic), token);
}

function idOf(random: RandomSource): string {
  return Array.from({ length: 32 }, () => random.below(16).toString(16)).join('');
}
