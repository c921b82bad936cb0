/** The loop over boards in memory: every end of a command, every end of the work. */
import { describe, expect, test } from 'vitest';
import { OrcError } from '../../src/errors.ts';
import { type BoardPlan, boardWith, hour, minute, taskTitled } from '../support/board-builder.ts';
import { done, endless, fails, killed, linesOf, type Script, startWorker, World } from '../support/fake-work.ts';

function worldWith(plan: BoardPlan): World {
  return new World(boardWith(plan));
}

const scripted = (scripts: Readonly<Record<string, Script | readonly Script[]>>) => {
  const left = new Map(Object.entries(scripts).map(([title, list]) => [title, Array.isArray(list) ? [...list] : null]));
  return ({ task }: { readonly task: { readonly title: string } }): Script =>
    (left.get(task.title)?.shift() as Script | undefined) ?? (scripts[task.title] as Script | undefined) ?? done();
};

const statusOf = (world: World, title: string): string => taskTitled(world.board, title).status;

describe('one task', () => {
  test('a command that ends well completes it, with its result', async () => {
    const world = worldWith({ tasks: ['First'] });
    const worker = startWorker(world, { jobs: () => done(100, 'all is well') });
    expect(await world.until(worker.summary)).toMatchObject({
      because: 'drained',
      claimed: 1,
      completed: 1,
      unfinished: [],
    });
    expect(linesOf(worker.events)).toEqual(['claimed First', 'completed First']);
    expect(taskTitled(world.board, 'First')).toMatchObject({ status: 'done', result: 'all is well' });
    expect(worker.events[1]).toMatchObject({ ms: 100, published: true, itself: false });
  });

  test('another exit code fails it: it is tried again, up to the limit of the board', async () => {
    const world = worldWith({ tasks: ['First'] });
    const worker = startWorker(world, { jobs: () => fails() });
    const summary = await world.until(worker.summary);
    expect(summary).toMatchObject({ because: 'drained', claimed: 3, failed: 3, completed: 0 });
    expect(summary.unfinished).toHaveLength(1);
    const { status, attempts, notes } = taskTitled(world.board, 'First');
    expect({ status, attempts, note: notes.at(-1)?.text }).toEqual({
      status: 'failed',
      attempts: 3,
      note: 'failed: exit code 1',
    });
    expect(worker.events.filter(({ event }) => event === 'failed')).toMatchObject([
      { status: 'pending' },
      { status: 'pending' },
      { status: 'failed' },
    ]);
  });

  test('what failed and was done later is not left unfinished', async () => {
    const world = worldWith({ tasks: ['First'] });
    const worker = startWorker(world, { jobs: scripted({ First: [fails(), done()] }) });
    expect(await world.until(worker.summary)).toMatchObject({ completed: 1, failed: 1, unfinished: [] });
  });

  test('a command that a signal ended hands it back; the second time it fails, so that it does not go round for ever', async () => {
    const world = worldWith({ tasks: ['First'] });
    const worker = startWorker(world, { jobs: scripted({ First: [killed(), killed(), done()] }) });
    await world.until(worker.summary);
    expect(linesOf(worker.events).filter((line) => !line.startsWith('claimed'))).toEqual([
      'released First: ended by SIGSEGV',
      'failed First: ended by SIGSEGV, for the second time',
      'completed First',
    ]);
    expect(taskTitled(world.board, 'First').attempts).toBe(1);
  });

  test('one that takes too long is told to end, then ended, and failed', async () => {
    const world = worldWith({ tasks: ['First'] });
    const deaf = { ...endless, yieldsAfterMs: null };
    const worker = startWorker(world, {
      jobs: scripted({ First: [endless, deaf, done()] }),
      taskTimeoutMs: 5 * minute,
    });
    await world.until(worker.summary);
    expect(worker.signals).toEqual(['ask First at 300000', 'ask First at 600000', 'force First at 601000']);
    expect(linesOf(worker.events).filter((line) => line.startsWith('failed'))).toEqual([
      'failed First: not done within 5m',
      'failed First: not done within 5m',
    ]);
    expect(statusOf(world, 'First')).toBe('done');
  });

  test('one that nothing can end is given up after a second grace period', async () => {
    const world = worldWith({ tasks: ['First'], settings: { max_attempts: 1 } });
    const worker = startWorker(world, { jobs: () => ({ ...endless, isStuck: true }), taskTimeoutMs: 1_000 });
    expect(await world.until(worker.summary)).toMatchObject({ failed: 1 });
    expect(world.time.now).toBe(3_000);
  });

  test('the claim is renewed at a third of the lease, so it outlasts it', async () => {
    const world = worldWith({ tasks: ['First'] });
    const worker = startWorker(world, { jobs: () => done(hour), leaseMs: minute });
    const other = startWorker(world, { agent: 'agent-2', jobs: () => done() });
    await world.until(worker.summary);
    expect(await world.until(other.summary)).toMatchObject({ claimed: 0, because: 'drained' });
    expect(taskTitled(world.board, 'First')).toMatchObject({ status: 'done', assigned_to: 'agent-1', attempts: 0 });
    expect(world.board.meta.events).toBeGreaterThan(170);
  });

  test('a renewal that cannot get through is tried again, and the command goes on', async () => {
    const world = worldWith({ tasks: ['First'] });
    let isDown = true;
    const breaks = (call: string) =>
      call === 'renew' && isDown ? { outcome: 'failed', code: 'unreachable', reason: 'the cable is out' } : null;
    const worker = startWorker(world, { jobs: () => done(3 * minute), leaseMs: minute, breaks });
    await world.pass(30_000);
    isDown = false;
    await world.until(worker.summary);
    expect(linesOf(worker.events)).toEqual([
      'claimed First',
      'trouble (unreachable)',
      'trouble (unreachable)',
      'completed First',
    ]);
    expect(taskTitled(world.board, 'First').attempts).toBe(0);
  });

  test('a task that was lost is told to end, and nothing is reported', async () => {
    const world = worldWith({ tasks: ['First'] });
    let isAsleep = true;
    const breaks = (call: string) =>
      call === 'renew' && isAsleep ? { outcome: 'failed', code: 'io', reason: 'x' } : null;
    const worker = startWorker(world, {
      mode: 'once',
      jobs: () => ({ ...endless, yieldsAfterMs: 300 }),
      leaseMs: minute,
      breaks,
    });
    await world.pass(61_000);
    const other = startWorker(world, { agent: 'agent-2', mode: 'once', jobs: () => done(10_000) });
    await world.pass(100);
    isAsleep = false;
    expect(await world.until(worker.summary)).toMatchObject({ lost: 1, failed: 0, released: 0, completed: 0 });
    expect(linesOf(worker.events).at(-1)).toBe('lost First (stale-token)');
    expect(worker.signals).toHaveLength(1);
    expect(await world.until(other.summary)).toMatchObject({ completed: 1 });
    expect(taskTitled(world.board, 'First')).toMatchObject({ status: 'done', assigned_to: 'agent-2', attempts: 1 });
  });

  test('a report that comes after the claim was superseded is refused, and counts as lost', async () => {
    const world = worldWith({ tasks: ['First'] });
    const breaks = (call: string) => (call === 'renew' ? { outcome: 'failed', code: 'io', reason: 'x' } : null);
    const worker = startWorker(world, { mode: 'once', jobs: () => done(70_000, 'ours'), leaseMs: minute, breaks });
    await world.pass(65_000);
    const other = startWorker(world, { agent: 'agent-2', mode: 'once', jobs: () => done(1_000, 'theirs') });
    await world.until(other.summary);
    expect(await world.until(worker.summary)).toMatchObject({ lost: 1, completed: 0 });
    expect(taskTitled(world.board, 'First').result).toBe('theirs');
    // What was done is not gone.
    const [[name, result] = []] = worker.kept;
    expect(result).toBe('ours');
    expect(worker.events.at(-1)).toMatchObject({ event: 'lost', code: 'closed', withheld: `kept/${name}` });
    expect(other.kept.size).toBe(0);
  });

  test('a command that reports by itself is not reported again', async () => {
    const world = worldWith({ tasks: ['First', 'Second'] });
    const worker = startWorker(world, {
      jobs: ({ task, token }) => ({
        ...done(),
        onEnd: () => {
          const kind = task.title === 'First' ? 'task.complete' : 'task.block';
          world.ask(kind, { id: task.id, token }, 'agent-1');
        },
      }),
    });
    expect(await world.until(worker.summary)).toMatchObject({ completed: 1, released: 1, lost: 0 });
    expect(linesOf(worker.events)).toEqual([
      'claimed First',
      'completed First itself',
      'claimed Second',
      'released Second itself: the command left it blocked',
    ]);
  });

  test('a report that fails on the way is made again; after some tries the task is left to its lease', async () => {
    const world = worldWith({ tasks: ['First'] });
    let failures = 2;
    const broken = { outcome: 'failed', code: 'unreachable', reason: 'no route' };
    const breaks = (call: string) => (call === 'report' && failures-- > 0 ? broken : null);
    const worker = startWorker(world, { breaks });
    expect(await world.until(worker.summary)).toMatchObject({ completed: 1, lost: 0 });
    failures = 99;
    world.ask('task.add', { workstream: 'build', title: 'Second' }, 'system');
    const second = startWorker(world, { breaks, mode: 'once', jobs: () => done(100, 'much work') });
    expect(await world.until(second.summary)).toMatchObject({ completed: 0, lost: 1 });
    expect(linesOf(second.events).at(-1)).toBe('lost Second (unreachable)');
    expect([...second.kept.values()]).toEqual(['much work']);
    expect(statusOf(world, 'Second')).toBe('in_progress');
  });

  test('a result that cannot be published is reported in other words', async () => {
    const world = worldWith({ tasks: ['First', 'Second'], settings: { max_attempts: 1 } });
    const told = new Set<string>();
    const worker = startWorker(world, {
      jobs: () => done(100, 'what was found'),
      breaks: (call, claimed) => {
        const title = claimed?.task.title ?? '';
        if (call !== 'report' || told.has(title)) return null;
        told.add(title);
        const code = title === 'First' ? 'secret-found' : 'checks-failed';
        return { outcome: 'unfit', code, reason: `it has a fault: ${code}` };
      },
    });
    await world.until(worker.summary);
    expect(taskTitled(world.board, 'First')).toMatchObject({
      status: 'done',
      result: '(not published: it has a fault: secret-found)',
    });
    const [[name, kept] = []] = worker.kept;
    expect(kept).toBe('what was found');
    expect(worker.events.find(({ event }) => event === 'completed')).toMatchObject({ withheld: `kept/${name}` });
    expect(taskTitled(world.board, 'Second')).toMatchObject({ status: 'failed' });
    expect(taskTitled(world.board, 'Second').notes.at(-1)?.text).toBe('failed: it has a fault: checks-failed');
  });
});

describe('once', () => {
  test('one task and no more', async () => {
    const world = worldWith({ tasks: ['First', 'Second'] });
    const worker = startWorker(world, { mode: 'once', parallel: 4 });
    expect(await world.until(worker.summary)).toMatchObject({ because: 'once', claimed: 1, completed: 1 });
    expect(statusOf(world, 'Second')).toBe('pending');
  });

  test('nothing is ready: it says so and ends', async () => {
    const world = worldWith({ tasks: [] });
    const worker = startWorker(world, { mode: 'once' });
    expect(await world.until(worker.summary)).toMatchObject({ because: 'nothing', claimed: 0 });
    expect(worker.events).toEqual([]);
  });

  test('whether there is work cannot be known: an error, not "nothing"', async () => {
    const world = worldWith({ tasks: ['First'] });
    const worker = startWorker(world, {
      mode: 'once',
      breaks: (call) => (call === 'claim' ? { found: 'nobody', reason: 'no route' } : null),
    });
    await expect(world.until(worker.summary)).rejects.toMatchObject({ code: 'not-published' });
  });
});

describe('drain', () => {
  test('in the order of dependencies, and to the end', async () => {
    const world = worldWith({
      tasks: ['First', { title: 'Second', depends_on: ['First'] }, { title: 'Third', depends_on: ['Second'] }],
    });
    const worker = startWorker(world, { parallel: 3 });
    expect(await world.until(worker.summary)).toMatchObject({ because: 'drained', completed: 3 });
    expect(worker.most()).toBe(1);
    expect(linesOf(worker.events).filter((line) => line.startsWith('completed'))).toEqual([
      'completed First',
      'completed Second',
      'completed Third',
    ]);
  });

  test('waits for what others have at work and may unblock', async () => {
    const world = worldWith({ tasks: ['First', { title: 'Second', depends_on: ['First'] }] });
    const other = startWorker(world, { agent: 'agent-2', mode: 'once', jobs: () => done(20_000) });
    await world.pass(10);
    const worker = startWorker(world);
    await world.until(other.summary);
    expect(await world.until(worker.summary)).toMatchObject({ completed: 1 });
    expect(linesOf(worker.events)).toEqual(['waiting', 'claimed Second', 'completed Second']);
  });

  test('takes over what a dead worker left, after the lease; nothing is done twice', async () => {
    const world = worldWith({ tasks: ['First', { title: 'Second', depends_on: ['First'] }] });
    const dead = startWorker(world, { agent: 'agent-2', jobs: () => done(5_000), leaseMs: minute });
    await world.pass(10);
    dead.kill();
    const worker = startWorker(world, { leaseMs: minute });
    expect(await world.until(worker.summary)).toMatchObject({ because: 'drained', completed: 2 });
    expect(taskTitled(world.board, 'First')).toMatchObject({ assigned_to: 'agent-1', attempts: 1 });
    // It was asked again when the lease was over, not at the next round of some pace.
    expect(world.time.now).toBeLessThan(minute + 2_000);
  });

  test('does not wait for what nobody works on', async () => {
    const world = worldWith({
      workstreams: ['build', 'other'],
      tasks: [
        { title: 'Blocked' },
        { title: 'Waits for it', depends_on: ['Blocked'] },
        { title: 'Of others', workstream: 'other' },
        { title: 'Waits for others', depends_on: ['Of others'] },
        { title: 'Needs more', needs: ['sql'] },
      ],
    });
    world.ask('task.block', { id: taskTitled(world.board, 'Blocked').id }, 'system');
    const worker = startWorker(world, { workstream: 'build' });
    expect(await world.until(worker.summary)).toMatchObject({ because: 'drained', claimed: 0 });
    expect(world.time.now).toBe(0);
  });

  test('gives up when the upstream stays out of reach', async () => {
    const world = worldWith({ tasks: ['First'] });
    const breaks = (call: string) =>
      call === 'claim' || call === 'outlook' ? { found: 'nobody', reason: 'no route', prospect: 'none' } : null;
    const worker = startWorker(world, { breaks });
    await expect(world.until(worker.summary)).rejects.toMatchObject({ code: 'not-published' });
    expect(world.time.now).toBeGreaterThanOrEqual(10_000);
    expect(linesOf(worker.events)).toEqual(['waiting']);
  });
});

describe('in parallel', () => {
  test('as many at a time as it was told, each with a claim of its own', async () => {
    const world = worldWith({ tasks: ['a', 'b', 'c', 'd', 'e'] });
    const worker = startWorker(world, { parallel: 2 });
    expect(await world.until(worker.summary)).toMatchObject({ completed: 5 });
    expect(worker.most()).toBe(2);
    const tokens = worker.events.flatMap((event) => (event.event === 'claimed' ? [event.token] : []));
    expect(new Set(tokens).size).toBe(5);
    expect(world.time.now).toBeLessThan(400);
  });

  test('the end of a task of its own wakes it for what that unblocks', async () => {
    const world = worldWith({ tasks: ['First', 'Long', { title: 'Second', depends_on: ['First'] }] });
    const worker = startWorker(world, { parallel: 2, jobs: scripted({ Long: done(60_000), First: done(30_000) }) });
    await world.until(worker.summary);
    expect(linesOf(worker.events)).toContain('completed Second');
    expect(world.time.now).toBe(60_000);
  });
});

describe('stopping', () => {
  test('what is at work is told to end and handed back; nothing more is taken', async () => {
    const world = worldWith({ tasks: ['a', 'b', 'c'] });
    const worker = startWorker(world, {
      mode: 'forever',
      parallel: 2,
      jobs: () => ({ ...endless, yieldsAfterMs: 200 }),
    });
    await world.pass(1_000);
    worker.stop();
    expect(await world.until(worker.summary)).toMatchObject({ because: 'stopped', claimed: 2, released: 2 });
    expect(world.time.now).toBe(1_200);
    expect(['a', 'b', 'c'].map((title) => statusOf(world, title))).toEqual(['pending', 'pending', 'pending']);
    expect(taskTitled(world.board, 'a').attempts).toBe(0);
    expect(linesOf(worker.events).slice(2)).toEqual([
      'stopping',
      'released a: the worker was stopped',
      'released b: the worker was stopped',
    ]);
  });

  test('a command that does not listen is ended after the grace period', async () => {
    const world = worldWith({ tasks: ['a'] });
    const worker = startWorker(world, { mode: 'forever', jobs: () => ({ ...endless, yieldsAfterMs: null }) });
    await world.pass(1_000);
    worker.stop();
    await world.until(worker.summary);
    expect(worker.signals).toEqual(['ask a at 1000', 'force a at 2000']);
  });

  test('while it waits it ends at once, and before it began it claims nothing', async () => {
    const world = worldWith({ tasks: [] });
    const worker = startWorker(world, { mode: 'forever' });
    await world.pass(5_000);
    worker.stop();
    expect(await world.until(worker.summary)).toMatchObject({ because: 'stopped', claimed: 0 });
    expect(world.time.now).toBe(5_000);
    const early = startWorker(worldWith({ tasks: ['a'] }), { signal: AbortSignal.abort() });
    expect(await early.summary).toMatchObject({ because: 'stopped', claimed: 0 });
  });

  test('what cannot be begun is handed back, and ends the work with its error', async () => {
    const world = worldWith({ tasks: ['a', 'b'] });
    const worker = startWorker(world, {
      parallel: 2,
      start: async () => {
        throw new OrcError('invalid-argument', 'there is no such program');
      },
    });
    await expect(world.until(worker.summary)).rejects.toMatchObject({ code: 'invalid-argument' });
    expect([statusOf(world, 'a'), statusOf(world, 'b')]).toEqual(['pending', 'pending']);
  });

  test('an error that asking again cannot mend ends it, after its tasks were handed back', async () => {
    const world = worldWith({ tasks: ['a', 'b'] });
    let claims = 0;
    const worker = startWorker(world, {
      parallel: 2,
      jobs: () => ({ ...endless, yieldsAfterMs: 0 }),
      breaks: (call) => (call === 'claim' && claims++ > 0 ? new OrcError('history-rewritten', 'rewritten') : null),
    });
    await expect(world.until(worker.summary)).rejects.toMatchObject({ code: 'history-rewritten' });
    expect(linesOf(worker.events).at(-1)).toBe('released a: the worker was stopped');
  });
});

test('for ever: it waits for work, and takes it when it comes', async () => {
  const world = worldWith({ tasks: [] });
  const worker = startWorker(world, { mode: 'forever' });
  await world.pass(30_000);
  world.ask('task.add', { workstream: 'build', title: 'Late' }, 'system');
  await world.pass(2_000);
  expect(linesOf(worker.events)).toEqual(['waiting', 'claimed Late', 'completed Late', 'waiting']);
  worker.stop();
  await world.until(worker.summary);
});
