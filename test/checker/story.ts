/** A short story on a board, the same each time: what it takes to damage it in every way. */
import { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import type { Answer } from '../../src/sync/tentative.ts';
import { objectsOf, readChain } from '../support/checker/chain.ts';
import type { CallRecord, CheckInput } from '../support/checker/types.ts';
import { boardId, fakeClock, type MemoryClient, memoryClient } from '../support/memory-client.ts';
import { told } from './played-board.ts';

export interface Story extends Required<CheckInput> {
  readonly logs: CallRecord[];
  /** Ids of operations and tasks by the names that the story gives them. */
  readonly ids: Readonly<Record<string, string>>;
}

type Args = Record<string, unknown>;

/**
 * Two tasks, one taken over after its lease, one completed; an exclusive and a shared lock; a batch; some refusals.
 */
export async function tellStory(): Promise<Story> {
  const upstream = new MemoryUpstream();
  const clock = fakeClock();
  const [one, two] = ['one', 'two'].map((name) => memoryClient({ name, upstream, clock })) as [
    MemoryClient,
    MemoryClient,
  ];
  const logs: CallRecord[] = [];
  const ids: Record<string, string> = {};
  let count = 0;
  const ask = async (client: MemoryClient, lines: readonly (readonly [string, string, Args])[]): Promise<Answer[]> => {
    const id = `ba7c4000${String(count).padStart(24, '0')}`;
    const n = lines.length;
    const operations = lines.map(([name, kind, args], index) => {
      count += 1;
      ids[name] = count.toString(16).padStart(8, '0').repeat(4);
      const batch = n === 1 ? {} : { batch: { id, k: index + 1, n } };
      return { id: ids[name], kind, agent: client === one ? 'ada' : 'bob', args, ...batch };
    });
    const start = clock.now();
    const answers = await client.session.submit(operations, { publish: true, timeoutMs: 30_000 });
    const end = clock.now();
    for (const answer of answers) {
      const { id: op, ...operation } = answer.operation;
      logs.push({ client: client === one ? 'one' : 'two', op, ...operation, start, end, ...told(answer) });
    }
    return answers;
  };
  const say = (client: MemoryClient, name: string, kind: string, args: Args) => ask(client, [[name, kind, args]]);
  const taskOf = (name: string): string => ids[name]?.slice(0, 8) ?? '';
  await say(one, 'init', 'board.init', { board: boardId, settings: 'lease: 1s\n' });
  await say(one, 'workstream', 'workstream.create', { name: 'w' });
  await say(one, 'first', 'task.add', { workstream: 'w', title: 'First', priority: 1 });
  await say(two, 'second', 'task.add', { workstream: 'w', title: 'Second', description: 'd'.repeat(2000) });
  await say(one, 'claim', 'task.claim', { id: taskOf('first') });
  await say(two, 'held', 'task.claim', { id: taskOf('first') });
  clock.advance(2000);
  await say(two, 'takeover', 'task.next', { workstream: 'w' });
  await say(one, 'late', 'task.complete', { id: taskOf('first'), claim: ids.claim });
  await say(two, 'complete', 'task.complete', { id: taskOf('first'), claim: ids.takeover, result: 'It works' });
  await say(two, 'lock', 'lock.acquire', { resource: 'deploy' });
  await say(one, 'locked', 'lock.acquire', { resource: 'deploy' });
  await say(one, 'shared', 'lock.acquire', { resource: 'path:src/**', shared: true });
  await ask(one, [
    ['batch one', 'task.add', { workstream: 'w', title: 'Third' }],
    ['batch two', 'task.note', { id: taskOf('second'), text: 'from a batch' }],
    ['batch three', 'knowledge.write', { topic: 'k', content: 'x' }],
  ]);
  await say(one, 'next', 'task.next', { workstream: 'w' });
  await say(two, 'next too', 'task.next', { workstream: 'w' });
  await say(one, 'none', 'task.next', { workstream: 'w' });
  const chain = readChain(objectsOf(upstream.objects), upstream.head ?? '');
  const options = { timeOrigin: 0, sharesClock: true };
  return { chain, logs, finals: [], options, ids };
}
