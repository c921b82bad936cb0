/** What goes on: `watch`, `events --follow`, `status --watch`. How nothing is missed is tested in test/app/watch.test.ts. */
import { renameSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { addTask, orcIn, orcWithBoard, type Ran, worldWithoutWaiting } from '../support/command-line.ts';
import { makeBareRemote, makeClone } from '../support/git-fixtures.ts';

/** Runs a command that goes on, until `stop`; `out` and `err` are what it has printed so far. */
function begin(folder: string, ...words: readonly string[]) {
  const end = new AbortController();
  const printed = { out: '', err: '' };
  const orc = orcIn(folder, {
    signal: end.signal,
    stdout: (text) => {
      printed.out += text;
    },
    stderr: (text) => {
      printed.err += text;
    },
  });
  const running = orc(...words);
  const until = (isThere: () => boolean): Promise<unknown> => vi.waitUntil(isThere, { timeout: 10_000, interval: 20 });
  const stop = async (): Promise<Ran> => {
    end.abort();
    return running;
  };
  return { printed, until, stop };
}

test('watch shows the board, then each event with its task, and ends with exit code 0', async () => {
  const { orc, folder } = await orcWithBoard();
  const id = await addTask(orc, 'Ship v1');
  const { printed, until, stop } = begin(folder, 'watch');
  await until(() => printed.out.includes('--- Live ---\n'));
  expect(printed.out).toMatch(
    /^Board version: 3 \| Upstream: this repository\n\n--- Workstreams ---\n\[P2\] build: 1 pending/,
  );
  await orc('t', 'claim', 'build', id, 'agent-1');
  await orc('t', 'complete', 'build', id, 'Shipped\u001b[2J');
  await orc('l', 'acquire', 'deploy', 'agent-1');
  await until(() => printed.out.includes('deploy'));
  expect((await stop()).code).toBe(0);
  const lines = printed.out.slice(printed.out.indexOf('--- Live ---')).split('\n').slice(1, -1);
  expect(lines.map((line) => line.replace(/^\[\d\d:\d\d:\d\d\] /, ''))).toEqual([
    `agent-1: task_claimed build/${id} "Ship v1"`,
    `agent-1: task_completed build/${id} "Ship v1" - Shipped\\x1b[2J`,
    'agent-1: lock_acquired - deploy',
  ]);
});

test('watch --json goes on after the event or version that it is given, a document a line', async () => {
  const { orc } = await orcWithBoard();
  await addTask(orc, 'First');
  await orc('emit', 'agent-1', 'deployed', 'service=api');
  const afterEvent = await orc('watch', '--json', '--since', '2', '--count', '2');
  expect(afterEvent).toMatchObject({ code: 0, err: '' });
  expect(afterEvent.lines().map((line) => JSON.parse(line))).toMatchObject([
    { data: { n: 3, action: 'task_created' }, published: true, version: 3 },
    { data: { n: 4, action: 'deployed', service: 'api' }, published: true, version: 4 },
  ]);
  const afterVersion = await orc('watch', '--json', '--since', 'v3', '--count', '1');
  expect(afterVersion.json().data).toMatchObject({ n: 4, v: 4 });
  const filtered = await orc(
    'watch',
    '--json',
    '--since',
    '0',
    '--workstream',
    'build',
    '--action',
    'task_created',
    '--count',
    '1',
  );
  expect(filtered.json().data).toMatchObject({ n: 3 });
});

test('watch --for ends by itself, with exit code 4 when less came than was waited for', async () => {
  const { folder } = await orcWithBoard();
  const orc = orcIn(folder, { world: worldWithoutWaiting() });
  expect(await orc('watch', '--json', '--for', '10m')).toMatchObject({ code: 4, out: '', err: '' });
  expect((await orc('watch', '--json', '--since', '0', '--for', '10m')).code).toBe(0);
  const few = await orc('watch', '--json', '--since', '0', '--count', '9', '--for', '10m');
  expect([few.code, few.lines().length]).toEqual([4, 2]);
});

test('words that make no sense are refused', async () => {
  const { orc } = await orcWithBoard();
  for (const words of [
    ['--since', 'yesterday'],
    ['--since', '-1'],
    ['--since', '9'],
    ['--count', '0'],
    ['--for', 'x'],
  ]) {
    const ran = await orc('watch', '--json', ...words);
    expect({ words, code: ran.code, error: ran.error().code }).toEqual({ words, code: 2, error: 'invalid-argument' });
  }
});

test('an upstream that goes away is told on standard error, and its return too', async () => {
  const remote = makeBareRemote();
  const folder = makeClone(remote);
  const other = orcIn(makeClone(remote));
  await other('ws', 'create', 'build');
  const { printed, until, stop } = begin(folder, 'watch', '--json', '--since', '1');
  await until(() => printed.out.includes('workstream_created'));
  renameSync(remote, `${remote}.away`);
  await until(() => printed.err.includes('unreachable'));
  renameSync(`${remote}.away`, remote);
  await other('emit', 'agent-1', 'meanwhile');
  await until(() => printed.out.includes('meanwhile'));
  expect((await stop()).code).toBe(0);
  const notices = printed.err
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
  expect(notices).toMatchObject([
    { notice: { kind: 'unreachable', reason: expect.any(String) } },
    { notice: { kind: 'reachable' } },
  ]);
  expect(printed.out.split('\n')).toHaveLength(3);
});

test('events --follow prints what is there and goes on; events --since takes a cursor', async () => {
  const { orc, folder } = await orcWithBoard();
  await orc('emit', 'agent-1', 'one');
  const { printed, until, stop } = begin(folder, 'events', '--follow', '--last', '1');
  await until(() => printed.out.includes('one'));
  await orc('emit', 'agent-1', 'two');
  await until(() => printed.out.includes('two'));
  expect((await stop()).code).toBe(0);
  expect(printed.out.split('\n').map((line) => line.slice(11))).toEqual(['agent-1: one', 'agent-1: two', '']);
  expect((await orc('events', '--since', '2')).lines()).toHaveLength(2);
  expect((await orc('events', '--since', 'v3')).lines()).toHaveLength(1);
  const resumed = begin(folder, 'events', '--follow', '--json', '--since', '2');
  await resumed.until(() => resumed.printed.out.split('\n').length === 3);
  await resumed.stop();
  expect(
    resumed.printed.out
      .split('\n')
      .slice(0, 2)
      .map((line) => JSON.parse(line).data.n),
  ).toEqual([3, 4]);
});

test('status --watch shows each change', async () => {
  const { orc, folder } = await orcWithBoard();
  const { printed, until, stop } = begin(folder, 'status', '--watch', '--json');
  await until(() => printed.out.endsWith('\n'));
  await addTask(orc, 'First');
  await until(() => printed.out.includes('"version":3'));
  expect((await stop()).code).toBe(0);
  const documents = printed.out
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
  expect(documents[0]).toMatchObject({ data: { version: 2 }, published: null, version: 2 });
  const added = { data: { version: 3, workstreams: [{ name: 'build', pending: 1 }] }, version: 3 };
  expect(documents.at(-1)).toMatchObject(added);
});
