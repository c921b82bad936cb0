/**
 * The connection is cut at every byte of what a server says during a push. Whatever the caller is told then is right, and
 * the operation is in exactly once in the end.
 *
 * A sample of the positions, denser in the report than before it; FULL=1 tries all.
 */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { openOrc } from '../../src/index.ts';
import { checkRepository, git } from '../support/git-fixtures.ts';
import { isFull, sampleOf, sampleSeed } from '../support/sample.ts';
import { describeServer } from '../support/servers/in-tests.ts';
import {
  addTask,
  beginThroughProxy,
  listenToPush,
  type Proxied,
  upstreamHead,
} from '../support/servers/through-proxy.ts';

/** Nobody looks for others' deposits before a push: what is cut is the answer to the push itself. */
const alone = { ORC_CARRY: '0' };
/** How many clones, each with a repository of its own, share the work. */
const lanes = 4;

interface Lane extends Proxied {
  /** The titles that were added. */
  readonly titles: string[];
}

function positionsIn(said: Buffer, name: string): readonly number[] {
  const all = Array.from({ length: said.length + 1 }, (_, i) => i);
  if (name === 'git') return sampleOf(all, 40);
  // The report is the body of the last answer, the list of refs that of the one before it.
  const last = said.lastIndexOf('HTTP/1.1 ');
  const report = said.indexOf('\r\n\r\n', last);
  const refs = said.indexOf('\r\n\r\n', said.lastIndexOf('HTTP/1.1 ', last - 1));
  const [before, listing, between, reporting] = [
    all.slice(0, refs),
    all.slice(refs, last),
    all.slice(last, report),
    all.slice(report),
  ];
  return [...sampleOf(before, 8), ...sampleOf(listing, 8), ...sampleOf(between, 4), ...sampleOf(reporting, 24)];
}

/** Tries all positions, shared among the lanes, and counts the outcomes. */
async function tryAll(
  lanesOfWork: readonly Lane[],
  positions: readonly number[],
  tryOne: (lane: Lane, at: number) => Promise<string>,
): Promise<Map<string, number>> {
  const tally = new Map<string, number>();
  const rest = [...positions];
  await Promise.all(
    lanesOfWork.map(async (lane) => {
      for (let at = rest.shift(); at !== undefined; at = rest.shift()) {
        const outcome = await tryOne(lane, at).catch((error: unknown) => {
          throw new Error(`cut after ${at} bytes: ${String(error)}`, { cause: error });
        });
        tally.set(outcome, (tally.get(outcome) ?? 0) + 1);
      }
    }),
  );
  return tally;
}

const inWords = (tally: ReadonlyMap<string, number>): string =>
  [...tally].map(([outcome, count]) => `${outcome}: ${count}`).join(', ');

/** In the upstream, as somebody else finds it: every task once, one chain, versions without a gap. */
async function checkUpstream({ place, titles }: Lane): Promise<void> {
  await using other = await openOrc({ cwd: place.clone(), env: place.env });
  const tasks = (await other.loadState()).workstreams.w?.tasks ?? [];
  expect(tasks.map(({ title }) => title).sort()).toEqual([...titles].sort());
  const ops = (await other.getEvents()).map(({ op }) => op);
  expect(new Set(ops).size).toBe(ops.length);
  const format = '--format=%(trailers:key=Orc-Version,valueonly,separator=)';
  const versions = execFileSync('git', ['log', '--first-parent', '--reverse', format, 'orc'], { cwd: place.remote });
  const numbers = versions.toString().trim().split('\n').map(Number);
  expect(numbers).toEqual(numbers.map((_, i) => i + 1));
  expect(numbers).toHaveLength(ops.length);
  expect(git(place.remote, 'rev-list', '--min-parents=2', 'orc')).toBe('');
  checkRepository(place.remote);
}

for (const name of ['git', 'http'] as const) {
  describeServer(
    name,
    'a push whose answer is cut off',
    (server, place) => {
      const makeLanes = () =>
        Promise.all(
          Array.from({ length: lanes }, async (): Promise<Lane> => {
            return { ...(await beginThroughProxy(server(), place())), titles: ['undisturbed'] };
          }),
        );
      const timeout = isFull ? 1_800_000 : 240_000;

      test('is settled within the call, when the next connection comes about', { timeout }, async () => {
        const work = await makeLanes();
        const said = (await Promise.all(work.map(listenToPush)))[0] as Buffer;
        const positions = positionsIn(said, name);
        const began = performance.now();
        const tally = await tryAll(work, positions, async (lane, at) => {
          lane.titles.push(`cut at ${at}`);
          lane.proxy.arm({ afterBytes: at, action: { do: 'cut' }, afterwards: 'open' });
          const { published, commit } = await addTask(lane, `cut at ${at}`);
          expect(published).toBe(true);
          expect(commit).toBe(upstreamHead(lane));
          expect(lane.proxy.happened).toBe(at < said.length);
          return `published over ${lane.proxy.connections} connections`;
        });
        const took = Math.round((performance.now() - began) / 1000);
        console.log(
          `${name}: cut at ${positions.length} of ${said.length + 1} positions (seed ${sampleSeed}) in ${took} s: ${inWords(tally)}`,
        );
        await Promise.all(work.map(checkUpstream));
      });

      test('is told as queued or unknown while nothing comes through, and settled later', { timeout }, async () => {
        const work = await makeLanes();
        const said = (await Promise.all(work.map(listenToPush)))[0] as Buffer;
        const positions = positionsIn(said, name);
        const began = performance.now();
        const tally = await tryAll(work, positions, async (lane, at) => {
          const title = `cut at ${at}`;
          lane.titles.push(title);
          const before = upstreamHead(lane);
          lane.proxy.arm({ afterBytes: at, action: { do: 'cut' }, afterwards: 'closed' });
          const told = await addTask(lane, title);
          const isIn = upstreamHead(lane) !== before;
          expect(lane.proxy.happened).toBe(at < said.length);
          lane.proxy.open();
          if (told.published === true) expect(told.commit).toBe(upstreamHead(lane));
          // What was told as queued was not sent; `unknown` says nothing.
          if (told.state === 'queued') expect(isIn).toBe(false);
          if (told.state === 'unknown') expect(told.data).toBe(null);
          expect(told.state).not.toBe('none');
          // Asked again by its id, or left to a sync: either settles it.
          if (at % 2 === 0) {
            const again = await addTask(lane, title, { op: told.op });
            expect(again).toMatchObject({ published: true, state: 'published', data: { title } });
            expect(again.commit).toBe(upstreamHead(lane));
          } else {
            expect(await lane.orc.sync()).toMatchObject({ waiting: 0, rejected: 0, reachable: true });
          }
          return `${told.state}${isIn ? ' and in' : ''}`;
        });
        const took = Math.round((performance.now() - began) / 1000);
        expect([...tally.keys()]).toEqual(expect.arrayContaining(['unknown', 'unknown and in', 'published and in']));
        console.log(
          `${name}: cut off at ${positions.length} of ${said.length + 1} positions (seed ${sampleSeed}) in ${took} s: ${inWords(tally)}`,
        );
        await Promise.all(work.map(checkUpstream));
      });
    },
    alone,
  );
}
