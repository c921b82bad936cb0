/**
 * One client of a storm: asks for operations in some lanes, one after the other in each, until it is told to stop (or killed).
 * Says `push` when a push begins, and `asked` after each answer.
 */
import { writeSync } from 'node:fs';
import { type Orc, openOrc, type Performed, type Task } from '../../src/index.ts';
import { Recorder } from './recorder.ts';
import { randomSource, type WorkerOrders } from './settings.ts';

const orders = JSON.parse(process.argv[2] ?? '{}') as WorkerOrders;
const random = randomSource(orders.seed);
const say = (line: string): number => writeSync(1, `${line}\n`);
let isStopped = false;
process.stdin.once('data', () => {
  isStopped = true;
});

const recorder = new Recorder(orders.name, orders.log);
const world = recorder.world((args) => {
  if (args.includes('push') || args.includes('receive-pack')) say('push');
});

const { agent } = orders;
const held = new Set<string>();
const locked = new Set<string>();
let count = 0;

const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)] as T;
const any = <T>(values: ReadonlySet<T>): T | undefined => [...values][Math.floor(random() * values.size)];

type Step = (orc: Orc) => Promise<unknown>;

const addition = () => ({
  kind: 'task.add',
  agent,
  args: {
    workstream: pick(['build', 'test']),
    title: `${orders.name} ${count++}`,
    priority: 1 + Math.floor(random() * 9),
  },
});

function take(performed: Performed | null): void {
  if (performed?.published === true && performed.data !== null) held.add((performed.data as Task).id);
}

const next: Step = async (orc) =>
  take(await recorder.ask(orc, { kind: 'task.next', agent, args: { workstream: pick(['build', 'test', null]) } }));

const claim: Step = async (orc) => {
  const waiting = await orc.ask((board) => [...board.openTasks()].map(({ id }) => id));
  if (waiting.length > 0) take(await recorder.ask(orc, { kind: 'task.claim', agent, args: { id: pick(waiting) } }));
};

const onHeld =
  (kind: string, args: Readonly<Record<string, unknown>>, isLast: boolean): Step =>
  async (orc) => {
    const id = any(held);
    if (id === undefined) return next(orc);
    if (isLast) held.delete(id);
    return recorder.ask(orc, { kind, agent, args: { id, ...args } });
  };

const acquire: Step = async (orc) => {
  const resource = pick(['deploy', 'database', 'path:src/api/**']);
  const performed = await recorder.ask(orc, { kind: 'lock.acquire', agent, args: { resource, ttl_ms: 20_000 } });
  if (performed?.published === true) locked.add(resource);
};

const release: Step = async (orc) => {
  const resource = any(locked);
  if (resource === undefined) return acquire(orc);
  locked.delete(resource);
  return recorder.ask(orc, { kind: 'lock.release', agent, args: { resource } });
};

const write: Step = (orc) =>
  recorder.ask(orc, {
    kind: 'knowledge.append',
    agent,
    args: { topic: 'notes', content: `${orders.name} ${count++}\n` },
  });
const log: Step = (orc) =>
  recorder.ask(orc, { kind: 'event.log', agent, args: { action: 'looked', data: { n: count++ } } });
const batch: Step = (orc) => recorder.askBatch(orc, [addition(), addition()]);
const add: Step = (orc) => recorder.ask(orc, addition());

const steps: readonly Step[] = [
  ...[add, add, add, next, next, claim, claim],
  ...[onHeld('task.complete', { result: 'done' }, true), onHeld('task.complete', { result: null }, true)],
  ...[onHeld('task.renew', {}, false), onHeld('task.release', {}, true)],
  ...[acquire, release, write, log, batch],
];

await using orc = await openOrc({ cwd: orders.cwd, agent, world, timeoutMs: 10_000 });
const lane = async (): Promise<void> => {
  while (!isStopped) {
    await pick(steps)(orc);
    say('asked');
  }
};
await Promise.all(Array.from({ length: orders.lanes }, lane));
process.stdin.destroy();
