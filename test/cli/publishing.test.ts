/** What is said, and which exit code is given, when an operation is not published. */
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { addTask, type OrcRunner, orcIn, orcWithBoard } from '../support/command-line.ts';
import { git, installHook, makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { makeTempDir } from '../support/temp-dir.ts';

async function clonedBoard(): Promise<{
  orc: OrcRunner;
  clone: string;
  remote: string;
  cut: () => void;
  mend: () => void;
}> {
  const remote = makeBareRemote();
  const clone = makeClone(remote);
  const orc = orcIn(clone);
  await orc('ws', 'create', 'build');
  return {
    orc,
    clone,
    remote,
    cut: () => git(clone, 'remote', 'set-url', 'origin', '/nonexistent/remote.git'),
    mend: () => git(clone, 'remote', 'set-url', 'origin', remote),
  };
}

test('offline: the data, the words, exit code 5; sync publishes it', async () => {
  const { orc, cut, mend } = await clonedBoard();
  cut();
  const added = await orc('t', 'add', 'build', 'Task');
  expect(added.code).toBe(5);
  expect(added.out).toMatch(/^Added task [0-9a-f]{8}: Task\n$/);
  expect(added.err).toMatch(/^not published: .+ — queued; orc sync publishes it\n$/);
  const asJson = await orc('t', 'add', 'build', 'Other', '--json');
  expect([asJson.code, asJson.err]).toEqual([5, '']);
  expect(asJson.json()).toMatchObject({
    data: { title: 'Other' },
    published: false,
    state: 'queued',
    reason: expect.any(String),
  });
  expect((await orc('status')).out).toContain('2 not published since');

  const vain = await orc('sync');
  expect(vain.code).toBe(5);
  expect(vain.out).toMatch(/^Synced: 0 published, 0 rejected, 2 waiting \(version \d+\)\n$/);
  mend();
  expect((await orc('sync')).out).toMatch(/^Synced: 2 published, 0 rejected, 0 waiting \(version \d+\)\n$/);
  const idle = (await orc('sync', '--json')).json();
  expect(idle).toMatchObject({ data: { published: 0, waiting: 0, reachable: true }, published: null });
  expect(idle).not.toHaveProperty('state');
  expect((await orc('t', 'add', 'build', 'Third', '--publish', 'sync')).code).toBe(0);
  expect((await orc('sync', '--json')).json()).toMatchObject({ published: true, state: 'published' });
});

test('offline with --require-published, and in CI: a failure with exit code 5', async () => {
  const { orc, clone, cut } = await clonedBoard();
  cut();
  const required = await orc('t', 'add', 'build', 'Task', '--require-published', '--timeout', '300ms', '--json');
  expect([required.code, required.error().code]).toEqual([5, 'not-published']);
  const inCi = orcIn(clone, { env: { ...process.env, CI: '1' } });
  expect((await inCi('t', 'add', 'build', 'Task', '--timeout', '300ms')).code).toBe(5);
});

test('a refusal or "none" decided offline says so', async () => {
  const { orc, cut } = await clonedBoard();
  cut();
  const none = await orc('t', 'next', 'build', 'agent-1');
  // Not 4: whether there is something to do is not known.
  expect(none.code).toBe(5);
  expect(none.err).toMatch(/^decided without the upstream: /);
  expect((await orc('t', 'claim', 'build', '0123456789', 'agent-1')).err).toContain('(decided without the upstream: ');
});

test('a claim that waits for being published is shown without a token', async () => {
  const { orc } = await clonedBoard();
  await addTask(orc, 'Task');
  const claimed = await orc('t', 'next', 'build', 'agent-1', '--publish', 'sync');
  expect(claimed.code).toBe(0);
  expect(claimed.out).toContain('Token: none yet (not published)');
  expect(claimed.out).not.toContain('--token');
  expect(claimed.err).toBe('queued (publish: sync)\n');
});

test('deferred on purpose: exit code 0, and the mode that defers', async () => {
  const { orc, clone } = await clonedBoard();
  const byOption = await orc('ws', 'create', 'docs', '--publish', 'claims');
  expect(byOption).toMatchObject({ code: 0, err: 'queued (publish: claims)\n' });
  const byEnvironment = orcIn(clone, { env: { ...process.env, ORC_PUBLISH: 'sync' } });
  expect(await byEnvironment('ws', 'create', 'more')).toMatchObject({ code: 0, err: 'queued (publish: sync)\n' });
  expect((await byEnvironment('ws', 'create', 'even-more', '--json')).json()).toMatchObject({
    published: false,
    state: 'queued',
  });
  expect((await orc('sync')).code).toBe(0);
});

test('a server that refuses is told in its own words, without what a terminal would obey', async () => {
  const { orc, remote } = await clonedBoard();
  installHook(remote, 'pre-receive', 'printf "no pushes on Friday\\033[2J\\n" >&2; exit 1');
  const ran = await orc('t', 'add', 'build', 'Task');
  expect(ran.code).toBe(1);
  expect(ran.err).toContain('no pushes on Friday');
  expect(ran.err).not.toContain('\u001b');
});

test('a rule set that refuses the branch: what to ask for, in the error, in sync, among the rejected, in the status', {
  timeout: 60_000,
}, async () => {
  const { orc, remote } = await clonedBoard();
  const words = 'error: GH013: Repository rule violations found for refs/heads/orc.';
  installHook(remote, 'pre-receive', `echo "${words}" >&2; exit 1`);
  const exempt = 'ask an admin to exempt the branch orc from the rule set';
  const refused = await orc('t', 'add', 'build', 'Task', '--json');
  expect(refused.error()).toMatchObject({ code: 'upstream-refused', hint: expect.stringContaining(exempt) });
  // Those that wait are not given up while the upstream refuses everything.
  expect((await orc('t', 'add', 'build', 'Later', '--publish', 'sync')).code).toBe(0);
  const told = await orc('sync', '--json');
  expect(told.json().data).toMatchObject({ waiting: 1, hint: expect.stringContaining(exempt) });
  // One that is refused alone is kept with the hint.
  installHook(
    remote,
    'pre-receive',
    `while read old new ref; do git log --format=%B $old..$new | grep -q Later && { echo "${words}" >&2; exit 1; }; done; exit 0`,
  );
  expect((await orc('t', 'add', 'build', 'Fine', '--publish', 'sync')).code).toBe(0);
  await orc('sync');
  const [rejected] = (await orc('rejected', '--json')).json().data;
  expect(rejected).toMatchObject({ code: 'upstream-refused', hint: expect.stringContaining(exempt) });
  expect((await orc('status')).out).toContain(`Hint: ${exempt}`);
});

test('sync without anything to send, and nobody there: unreachable', async () => {
  const { orc, cut } = await clonedBoard();
  cut();
  const ran = await orc('sync', '--json');
  expect([ran.code, ran.error().code]).toEqual([1, 'unreachable']);
});

test('--fresh asks the upstream before reading', async () => {
  const { orc, remote } = await clonedBoard();
  const other = orcIn(makeClone(remote));
  await other('status');
  await addTask(orc, 'Task');
  expect((await other('t', 'list')).out).toBe('No tasks.\n');
  expect((await other('t', 'list', '--fresh')).out).toMatch(/^\[pending\] [0-9a-f]{8}: Task\n$/);
});

test('a rewritten history: exit code 6', async () => {
  const { orc, remote } = await clonedBoard();
  await addTask(orc, 'Task');
  const first = git(remote, 'rev-list', '--max-parents=0', 'orc');
  git(remote, 'update-ref', 'refs/heads/orc', git(remote, 'commit-tree', `${first}^{tree}`, '-m', 'rewritten'));
  const ran = await orc('sync', '--json');
  expect([ran.code, ran.error().code]).toEqual([6, 'history-rewritten']);
});

test('--op: asking again gives what was recorded', async () => {
  const { orc } = await orcWithBoard();
  await addTask(orc, 'One');
  await addTask(orc, 'Two');
  const first = await orc('t', 'next', 'build', 'agent-1', '--op', 'my-operation-1', '--json');
  const again = await orc('t', 'next', 'build', 'agent-1', '--op', 'my-operation-1', '--json');
  expect(again.json().data.id).toBe(first.json().data.id);
  expect(again.json().op).toBe('my-operation-1');
  expect((await orc('t', 'list', '--status', 'in_progress')).lines()).toHaveLength(1);
});

test('--op: a batch that nobody knows the fate of is asked for again, and is there once', async () => {
  const { orc, cut, mend } = await clonedBoard();
  const plan = path.join(makeTempDir(), 'plan.jsonl');
  writeFileSync(
    plan,
    [
      '{"op":"task.add","workstream":"build","title":"Design","as":"$design"}',
      '{"op":"task.add","workstream":"build","title":"Build","depends_on":["$design"]}',
    ].join('\n'),
  );
  cut();
  const words = ['batch', plan, '--op', 'my-batch-1', '--json'] as const;
  const first = await orc(...words);
  expect([first.code, first.json().state, first.json().op]).toEqual([5, 'queued', 'my-batch-1']);
  const offline = await orc(...words);
  expect([offline.code, offline.json().state]).toEqual([5, 'queued']);
  mend();
  const again = await orc(...words);
  expect([again.code, again.json().state, again.json().op]).toEqual([0, 'published', 'my-batch-1']);
  expect((await orc('t', 'list', 'build', '--json')).json().data).toHaveLength(2);
  expect((await orc(...words)).json().data.map(({ data }: { data: { id: string } }) => data.id)).toEqual(
    again.json().data.map(({ data }: { data: { id: string } }) => data.id),
  );
  writeFileSync(plan, '{"op":"task.add","workstream":"build","title":"Other"}');
  expect((await orc(...words)).error()).toMatchObject({
    code: 'invalid-argument',
    hint: expect.stringContaining('line 1 of 2 of the batch my-batch-1'),
  });
});

test('rejected: what was queued and then refused can be seen, asked again and dropped', async () => {
  const { orc, remote, cut, mend } = await clonedBoard();
  expect((await orc('rejected')).out).toBe('Nothing was rejected.\n');
  const other = orcIn(makeClone(remote));
  cut();
  await orc('ws', 'create', 'docs', 'my own');
  await orc('kb', 'write', 'notes', 'queued', 'text', '--base', '0');
  await other('ws', 'create', 'docs');
  await other('kb', 'write', 'notes', 'other');
  mend();
  const synced = await orc('sync');
  expect(synced.out).toContain('2 rejected');
  expect(synced.out).toContain('See `orc rejected`.');

  const listed = (await orc('rejected', '--json')).json().data as { op: string; kind: string; code: string }[];
  expect(listed.map(({ kind, code }) => [kind, code])).toEqual([
    ['workstream.create', 'already-exists'],
    ['knowledge.write', 'conflict'],
  ]);
  const [workstream, knowledge] = listed.map(({ op }) => op) as [string, string];
  expect((await orc('rejected', 'list')).out).toContain('workstream "docs" already exists (already-exists)');
  const shown = await orc('rejected', 'show', knowledge.slice(0, 12));
  expect(shown.out).toContain('content: queued text');

  const retried = await orc('rejected', 'retry', workstream, '--json');
  expect([retried.code, retried.error().code]).toEqual([3, 'already-exists']);
  for (const words of [[], [workstream, '--all']])
    expect((await orc('rejected', 'drop', ...words, '--json')).error().code).toBe('usage');
  expect((await orc('rejected', 'drop', workstream)).out).toBe(`Dropped: workstream.create ${workstream}\n`);
  expect((await orc('rejected', 'list', '--json')).json().data).toHaveLength(1);
  expect((await other('kb', 'delete', 'notes')).code).toBe(0);
  expect((await orc('rejected', 'retry', knowledge.slice(0, 12))).out).toBe(`Accepted this time: ${knowledge}\n`);
  expect((await orc('kb', 'read', 'notes')).out).toBe('queued text');
  expect((await orc('rejected', 'list')).out).toBe('Nothing was rejected.\n');
  expect((await orc('rejected', 'drop', '--all')).out).toBe('Nothing was rejected.\n');
  cut();
  for (const name of ['one', 'two']) await orc('ws', 'create', name);
  mend();
  for (const name of ['one', 'two']) await other('ws', 'create', name);
  expect((await orc('sync')).out).toContain('2 rejected');
  expect((await orc('rejected', 'drop', '--all', '--json')).json().data).toHaveLength(2);
  expect((await orc('rejected', 'list', '--json')).json().data).toEqual([]);

  const gone = await orc('rejected', 'show', knowledge, '--json');
  expect([gone.code, gone.error().code]).toEqual([3, 'not-found']);
});

test('a remote that is gone for good is told with its name and a hint', async () => {
  const { clone, remote } = await clonedBoard();
  rmSync(remote, { recursive: true });
  const ran = await orcIn(clone)('l', 'check', 'deploy');
  expect(ran.code).toBe(1);
  expect(ran.err).toContain('error: the upstream could not be reached');
});
