/** `orc compact` on a remote that judges every push, and a clone that was away with something to say. */
import { expect, test } from 'vitest';
import { checkBoard } from '../support/checker/check.ts';
import { readRepository } from '../support/checker/repository.ts';
import { checkRepository, isolatedEnv, makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { type OrcRun, runOrc } from '../support/run-orc.ts';

const env = { ...isolatedEnv, HOME: process.env.HOME };

function orcIn(cwd: string) {
  const run = (args: readonly string[], stdin?: string): Promise<OrcRun> =>
    runOrc(args, { cwd, env, ...(stdin === undefined ? {} : { stdin }) });
  const ask = async <T>(...args: string[]): Promise<T> => {
    const ran = await run([...args, '--json']);
    if (ran.exitCode !== 0) throw new Error(ran.stderr);
    return ran.json<{ data: T }>().data;
  };
  return { run, ask };
}

test('old work leaves the board and stays in history; what waited in another clone is set aside, not lost', {
  timeout: 60_000,
}, async () => {
  const remote = makeBareRemote();
  expect((await runOrc(['hooks', 'install', '--server', remote], { cwd: '/', env })).exitCode).toBe(0);
  const [home, away] = [makeClone(remote), makeClone(remote)].map(orcIn) as [
    ReturnType<typeof orcIn>,
    ReturnType<typeof orcIn>,
  ];
  await home.run(['init', '--yes']);
  await home.ask('ws', 'create', 'build');
  const old = await home.ask<{ id: string }>('t', 'add', 'build', 'Old work');
  const base = await home.ask<{ id: string }>('t', 'add', 'build', 'Groundwork');
  await home.ask('t', 'add', 'build', 'On top', '--depends-on', base.id);
  for (const { id } of [old, base]) await home.ask('t', 'complete', 'build', id, 'Done');
  await away.run(['sync']);
  expect((await away.run(['kb', 'write', 'found', 'On the way', '--publish', 'sync'])).exitCode).toBe(0);
  const line = JSON.stringify({ kind: 'event.log', args: { action: 'seen' } });
  expect((await home.run(['batch', '-'], `${line}\n`.repeat(300))).exitCode).toBe(0);

  const before = new Date().toISOString();
  const would = await home.ask('compact', '--before', before, '--dry-run');
  expect(would).toMatchObject({ dry_run: true, tasks: 1, needed: 1, task_ids: [old.id], oldest_event: 257 });
  const compacted = await home.run(['compact', '--before', before]);
  expect(compacted).toMatchObject({ exitCode: 0, stderr: '' });
  expect(compacted.stdout.split('\n').slice(0, 3)).toEqual([
    `Took off the board, before ${before}: 1 closed task, 0 cycles, 256 events`,
    '  stays: 1 task that others wait for or are parts of',
    '  the log begins with event 257',
  ]);
  expect((await home.run(['compact', '--before', before])).stdout).toContain('Nothing to take off the board');

  const shown = await home.run(['t', 'show', old.id]);
  const { version } = await home.run(['status', '--json']).then((ran) => ran.json());
  expect(shown.exitCode).toBe(3);
  expect(shown.stderr).toContain(`orc t show ${old.id} --at ${version - 1}`);
  const briefed = await home.run(['brief', old.id]);
  expect(briefed.stderr).toContain(`orc t show ${old.id} --at ${version - 1}`);
  expect(await home.ask('t', 'show', old.id, '--at', String(version - 1))).toMatchObject({
    title: 'Old work',
    status: 'done',
  });
  expect((await home.run(['undo', String(version), '--json'])).errorCode()).toBe('not-undoable');
  expect((await home.run(['compact', '--json'])).errorCode()).toBe('usage');

  await away.run(['sync']);
  const [rejected] = await away.ask<{ op: string; kind: string; code: string; args: object }[]>('rejected');
  expect(rejected).toMatchObject({ kind: 'knowledge.write', code: 'compacted', args: { content: 'On the way' } });
  expect((await away.run(['rejected', 'retry', String(rejected?.op)])).exitCode).toBe(0);
  expect(await away.ask('rejected')).toEqual([]);
  expect(await home.ask('kb', 'read', 'found', '--fresh')).toMatchObject({ content: 'On the way' });

  expect(checkBoard({ chain: readRepository(remote), options: { sharesClock: 'either' } }).violations).toEqual([]);
  checkRepository(remote);
});
