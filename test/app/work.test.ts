/** `orc.work` on boards in repositories: claims, tokens, what the upstream does to them. */
import { describe, expect, test } from 'vitest';
import type { Orc } from '../../src/app/orc.ts';
import { workWithCommand } from '../../src/app/work-command.ts';
import type { WorkEvent } from '../../src/app/worker-ports.ts';
import { openElsewhere, openNewBoard, openSharedBoard } from '../support/boards.ts';
import { linesOf } from '../support/fake-work.ts';
import { git } from '../support/git-fixtures.ts';

async function boardWithTasks(orc: Orc, ...titles: string[]): Promise<string[]> {
  await orc.createWorkstream('build');
  const ids: string[] = [];
  for (const title of titles) ids.push((await orc.addTask('build', { title })).id);
  return ids;
}

const drain = { agent: 'agent-1', mode: 'drain' } as const;

describe('a handler', () => {
  test('is given the task and its brief; what it gives is the result, what it throws the reason', async () => {
    const orc = await openNewBoard();
    const [first, second] = await boardWithTasks(orc, 'First', 'Second');
    await orc.perform('config.set', { key: 'max_attempts', value: '1', text: 'format: 1\nmax_attempts: 1\n' });
    const events: WorkEvent[] = [];
    const summary = await orc.work(
      { ...drain, parallel: 2, onEvent: (event) => events.push(event) },
      async (task, { brief, token }) => {
        expect(brief).toContain(`**Task ID**: ${task.id}`);
        expect(token).toBe(task.claim?.token);
        if (task.title === 'Second') throw new Error('it cannot be done');
        return 'done it';
      },
    );
    expect(summary).toMatchObject({ because: 'drained', claimed: 2, completed: 1, failed: 1, unfinished: [second] });
    expect(await orc.task(first as string)).toMatchObject({
      status: 'done',
      result: 'done it',
      assigned_to: 'agent-1',
    });
    expect((await orc.task(second as string))?.notes.at(-1)?.text).toBe('failed: it cannot be done');
    expect(linesOf(events).sort()).toEqual([
      'claimed First',
      'claimed Second',
      'completed First',
      'failed Second: it cannot be done',
    ]);
    expect(await orc.holds.list()).toEqual([]);
  });

  test('may report by itself, as a command may', async () => {
    const orc = await openNewBoard();
    const [first] = await boardWithTasks(orc, 'First', 'Second');
    const events: WorkEvent[] = [];
    await orc.work({ ...drain, onEvent: (event) => events.push(event) }, async ({ id, title }, { token, renew }) => {
      if (title === 'First') await orc.completeTask(null, id, 'by hand', { agent: 'agent-1', token });
      else await orc.perform('task.cancel', { id }, { agent: 'agent-1' });
      // Who has reported is not told to end.
      expect(await renew()).toBe(true);
      return 'too late';
    });
    expect(linesOf(events)).toEqual([
      'claimed First',
      'completed First itself',
      'claimed Second',
      'released Second itself: the command left it cancelled',
    ]);
    expect((await orc.task(first as string))?.result).toBe('by hand');
  });

  test('is told to end when the task was taken from it, and reports nothing', async () => {
    const orc = await openNewBoard();
    const [first] = await boardWithTasks(orc, 'First');
    const events: WorkEvent[] = [];
    const options = {
      agent: 'agent-1',
      mode: 'once',
      leaseMs: 600,
      onEvent: (event: WorkEvent) => events.push(event),
    } as const;
    const summary = await orc.work(options, async ({ id }, { signal }) => {
      await orc.perform('task.cancel', { id, reason: 'not needed' }, { agent: 'boss' });
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      return 'too late';
    });
    expect(summary).toMatchObject({ lost: 1, completed: 0, unfinished: [first] });
    expect(await orc.task(first as string)).toMatchObject({ status: 'cancelled', result: null });
  });

  test('that does not listen when the work is to end is not waited for; the task is handed back', async () => {
    const orc = await openNewBoard();
    const [first] = await boardWithTasks(orc, 'First');
    const stop = new AbortController();
    const options = { agent: 'agent-1', graceMs: 10, signal: stop.signal };
    const summary = await orc.work(options, () => {
      stop.abort();
      return new Promise(() => {});
    });
    expect(summary).toMatchObject({ because: 'stopped', released: 1 });
    expect(await orc.task(first as string)).toMatchObject({ status: 'pending', attempts: 0, claim: null });
  });
});

test('two workers of one name in one clone: each acts under its own token', async () => {
  const orc = await openNewBoard();
  const [first = ''] = await boardWithTasks(orc, 'First');
  const { claim } = await orc.claimTask('build', first, 'agent-1', { leaseMs: 1 });
  const again = await orc.claimTask('build', first, 'agent-1');
  expect(again.attempts).toBe(1);
  // The store remembers the second claim; the environment of the first command names the first.
  const env = { ...process.env, ORC_TASK: first, ORC_CLAIM_TOKEN: String(claim?.token) };
  const { openOrc } = await import('../../src/app/orc.ts');
  await using stale = await openOrc({ cwd: orc.surroundings.cwd, env, agent: 'agent-1' });
  await expect(stale.completeTask('build', first)).rejects.toMatchObject({ code: 'stale-token' });
  const own = { ...env, ORC_CLAIM_TOKEN: String(again.claim?.token) };
  await using holder = await openOrc({ cwd: orc.surroundings.cwd, env: own, agent: 'agent-1' });
  await holder.completeTask('build', first, 'mine');
});

describe('the upstream', () => {
  test('cannot be reached: no claim is left behind, and `once` says that it does not know', async () => {
    const { orc, clone, remote } = await openSharedBoard({ timeoutMs: 5_000 });
    const [first = ''] = await boardWithTasks(orc, 'First');
    git(clone, 'remote', 'set-url', 'origin', '/nonexistent/remote.git');
    const { openOrc } = await import('../../src/app/orc.ts');
    await using offline = await openOrc({ cwd: clone, timeoutMs: 5_000 });
    await expect(offline.work({ agent: 'agent-1', mode: 'once' }, async () => 'x')).rejects.toMatchObject({
      code: 'not-published',
    });
    expect(await offline.connection.session.queue.list()).toEqual([]);
    expect(await offline.task(first)).toMatchObject({ status: 'pending' });
    git(clone, 'remote', 'set-url', 'origin', remote);
  });

  test('is lost while a task is at work: it goes on, and its result waits in the queue', async () => {
    const { orc, clone, remote } = await openSharedBoard({ timeoutMs: 5_000 });
    const [first = ''] = await boardWithTasks(orc, 'First');
    const { openOrc } = await import('../../src/app/orc.ts');
    await using worker = await openOrc({ cwd: clone, timeoutMs: 5_000 });
    const moved = `${remote}.away`;
    const { renameSync } = await import('node:fs');
    const summary = await worker.work({ agent: 'agent-1', mode: 'once' }, async (_task, { renew }) => {
      renameSync(remote, moved);
      expect(await renew()).toBe(true);
      return 'kept';
    });
    expect(summary).toMatchObject({ completed: 1, unpublished: 1 });
    renameSync(moved, remote);
    await worker.sync();
    const elsewhere = await openElsewhere(remote);
    expect(await elsewhere.task(first)).toMatchObject({ status: 'done', result: 'kept' });
    expect(await worker.connection.session.queue.listRejected()).toEqual([]);
  });
});

test('nobody in particular cannot work; nor more than a few hundred at a time, nor what is not there', async () => {
  const orc = await openNewBoard();
  await boardWithTasks(orc);
  const handler = async () => 'x';
  await expect(orc.work({}, handler)).rejects.toMatchObject({ code: 'usage' });
  await expect(orc.work({ agent: 'a', mode: 'twice' as 'once' }, handler)).rejects.toMatchObject({
    code: 'invalid-argument',
  });
  await expect(orc.work({ agent: 'a', parallel: 1000 }, handler)).rejects.toMatchObject({ code: 'invalid-argument' });
  await expect(orc.work({ agent: 'a', workstream: 'nosuch' }, handler)).rejects.toMatchObject({ code: 'not-found' });
  const nothing = { command: ['no-such-program-at-all'], tailLines: 0, runChecks: false, onOutput: () => {} };
  await expect(workWithCommand(orc, { agent: 'a' }, nothing)).rejects.toMatchObject({ code: 'invalid-argument' });
});
