import { describe, expect, test } from 'vitest';
import { collectResults, collectText, drawPlan, makePlan } from '../../src/app/cycle.ts';
import type { Orc } from '../../src/app/orc.ts';
import type { NewTask } from '../../src/app/orc-options.ts';
import { planText } from '../../src/app/plan-text.ts';
import { openNewBoard, worldAt } from '../support/boards.ts';
import { readFlowchart } from '../support/flowchart.ts';

const start = '2026-03-01T10:00:00.000Z';
const minute = 60_000;

async function press(world = worldAt(start)): Promise<Orc> {
  const orc = await openNewBoard({ world });
  await orc.createWorkstream('press', { priority: 1 });
  await orc.createWorkstream('photos', { priority: 2 });
  await orc.createWorkstream('radio', { priority: 3 });
  return orc;
}

async function add(orc: Orc, workstream: string, title: string, more: Partial<NewTask> = {}): Promise<string> {
  return (await orc.addTask(workstream, { title, ...more })).id;
}

describe('the plan', () => {
  test('names the next task of each active workstream with open work, the most urgent workstream first', async () => {
    const orc = await press();
    const later = await add(orc, 'photos', 'Later', { priority: 5 });
    const first = await add(orc, 'photos', 'Sooner', { priority: 2 });
    const words = await add(orc, 'press', 'Write');
    await orc.perform('workstream.pause', { name: 'radio' });
    const plan = await makePlan(orc);
    expect(plan.generated_at).toBe(start);
    expect(plan.workstreams.map(({ name, next_task, pending_count }) => [name, next_task?.id, pending_count])).toEqual([
      ['press', words, 1],
      ['photos', first, 2],
    ]);
    expect(plan.recommended_parallel.map(({ workstream, task }) => [workstream, task.id])).toEqual([
      ['press', words],
      ['photos', first],
      ['photos', later],
    ]);
    expect(plan.recommended_parallel[0]?.brief).toContain('## Agent Brief: Write');
    expect(plan.recommended_serial).toEqual([]);
    expect(planText(plan)).toContain(`[P1] press: next ${words} Write (P5) | 1 pending, 1 ready`);
  });

  test('tasks that touch the same files are not for the same time; another one of the workstream is', async () => {
    const orc = await press();
    const words = await add(orc, 'press', 'Write', { paths: ['issue/**'] });
    const crop = await add(orc, 'photos', 'Crop', { paths: ['issue/moon.png'], priority: 1 });
    const scan = await add(orc, 'photos', 'Scan', { paths: ['scans/**'] });
    const plan = await makePlan(orc);
    expect(plan.workstreams[1]?.next_task?.id).toBe(crop);
    expect(plan.recommended_parallel.map(({ task }) => task.id)).toEqual([words, scan]);
    expect(plan.recommended_serial).toEqual([
      {
        kind: 'paths',
        reason: 'both touch the same files: issue/** and issue/moon.png',
        tasks: [`press/${words}`, `photos/${crop}`],
        waits: [{ task: `photos/${crop}`, title: 'Crop' }],
      },
    ]);
  });

  test('what somebody is at work on or has locked is in the way, and the plan says who', async () => {
    const orc = await press();
    const words = await add(orc, 'press', 'Write', { paths: ['text/**'] });
    await orc.claimTask('press', words, 'ann');
    const proof = await add(orc, 'photos', 'Proofread', { paths: ['text/**'] });
    const record = await add(orc, 'radio', 'Record', { paths: ['audio/one.wav'] });
    await orc.acquireLock('path:audio/**', 'bea', 10 * minute);
    const { recommended_parallel, recommended_serial } = await makePlan(orc);
    expect(recommended_parallel).toEqual([]);
    expect(recommended_serial).toMatchObject([
      {
        kind: 'paths',
        reason: 'ann is at work on files that both touch: text/**',
        tasks: [`press/${words}`, `photos/${proof}`],
      },
      { kind: 'lock', reason: 'it touches files that bea holds with "path:audio/**"', tasks: [`radio/${record}`] },
    ]);
  });

  test('what waits for a result stands behind it', async () => {
    const orc = await press();
    const words = await add(orc, 'press', 'Write');
    const print = await add(orc, 'photos', 'Print', { depends_on: [words] });
    const plan = await makePlan(orc);
    expect(plan.workstreams.map(({ name, next_task }) => [name, next_task?.id ?? null])).toEqual([
      ['press', words],
      ['photos', null],
    ]);
    expect(plan.recommended_serial).toMatchObject([
      {
        kind: 'dependency',
        reason: 'the second waits for the result of the first',
        tasks: [`press/${words}`, `photos/${print}`],
      },
    ]);
    await orc.completeTask('press', words, 'written');
    expect((await makePlan(orc)).recommended_parallel.map(({ task }) => task.id)).toEqual([print]);
  });

  test('tasks go to live agents that are free and able; where none is able, it says so', async () => {
    const world = worldAt(start);
    const orc = await press(world);
    await orc.registerAgent('gone', { capabilities: ['camera'] });
    world.forward(10 * minute);
    await orc.registerAgent('ann', { capabilities: ['english', 'radio'] });
    await orc.registerAgent('bea', { capabilities: ['english'] });
    await add(orc, 'press', 'Write', { needs: ['english'] });
    const shoot = await add(orc, 'photos', 'Shoot', { needs: ['camera'] });
    await add(orc, 'radio', 'Record', { needs: ['radio'] });
    const plan = await makePlan(orc);
    expect(plan.recommended_parallel.map(({ workstream, agent }) => [workstream, agent])).toEqual([
      ['press', 'bea'],
      ['radio', 'ann'],
    ]);
    expect(plan.recommended_serial).toMatchObject([
      { kind: 'capability', reason: 'no live agent has what it needs: camera', tasks: [`photos/${shoot}`] },
    ]);
  });

  test('says who is at work, who has nothing to do, how many are missing, and what takes longest', async () => {
    const orc = await press();
    for (const id of ['ann', 'bea', 'carl'])
      await orc.registerAgent(id, { capabilities: id === 'ann' ? ['camera'] : [] });
    const shoot = await add(orc, 'photos', 'Shoot', { needs: ['camera'] });
    await orc.claimTask('photos', shoot, 'ann');
    const again = await add(orc, 'photos', 'Shoot again', { needs: ['camera'] });
    const words = await add(orc, 'press', 'Write', { estimate: '2h' });
    const print = await add(orc, 'press', 'Print', { depends_on: [words], estimate: '30m' });
    const plan = await makePlan(orc);
    expect(plan.running).toEqual([{ task: `photos/${shoot}`, title: 'Shoot', agent: 'ann' }]);
    expect(plan.agents.map(({ id, tasks, task }) => [id, tasks, task])).toEqual([
      ['ann', [`photos/${shoot}`], null],
      ['bea', [], `press/${words}`],
      ['carl', [], null],
    ]);
    expect(plan.missing).toEqual([{ capabilities: ['camera'], count: 1, tasks: [`photos/${again}`] }]);
    expect(plan.critical_path).toMatchObject({ length: 2.5, unit: 'hours', tasks: [{ id: words }, { id: print }] });
    const text = planText(plan);
    for (const part of [
      `--- At work ---\nphotos/${shoot} Shoot -> ann\n`,
      `press/${words} Write (bea is free) [critical path]`,
      `photos/${again} Shoot again: the only live agent with camera has other work: ann (photos/${shoot})`,
      `after press/${words}: press/${print}`,
      '3 live: 1 at work, 1 to start, nothing for carl',
      `1 more with camera would find work: photos/${again}`,
      `2 tasks in a row, 2.5h:\npress/${words} Write\npress/${print} Print`,
    ])
      expect(text).toContain(part);
    const drawn = readFlowchart(await drawPlan(orc));
    expect(drawn.nodes.get(`t${words}`)).toEqual({
      lines: [`${words} Write`, '-> bea'],
      style: 'start',
      group: 'press',
    });
    expect(drawn.critical).toEqual([`t${words}`, `t${print}`]);
  });

  test('a task whose lease has run out is ready again', async () => {
    const world = worldAt(start);
    const orc = await press(world);
    const words = await add(orc, 'press', 'Write');
    await orc.claimTask('press', words, 'ann', { leaseMs: minute });
    expect((await makePlan(orc)).recommended_parallel).toEqual([]);
    world.forward(2 * minute);
    expect((await makePlan(orc)).recommended_parallel.map(({ task }) => task.id)).toEqual([words]);
  });
});

describe('collecting', () => {
  test('tells what was completed, failed, is in progress and was learnt since a time', async () => {
    const world = worldAt(start);
    const orc = await press(world);
    const old = await add(orc, 'press', 'Old');
    await orc.completeTask('press', old, 'long ago');
    await orc.writeKnowledge('old', 'x', 'ann');
    world.forward(60 * minute);
    const since = new Date(world.clock.now()).toISOString();
    const words = await add(orc, 'press', 'Write');
    const shoot = await add(orc, 'photos', 'Shoot');
    const record = await add(orc, 'radio', 'Record');
    await orc.completeTask('press', words, 'written', { agent: 'ann' });
    await orc.perform('task.note', { id: old, text: 'still true' });
    await orc.claimTask('photos', shoot, 'bea');
    await orc.perform('task.fail', { id: shoot, reason: 'clouds' }, { agent: 'bea' });
    await orc.claimTask('radio', record, 'carl');
    await orc.writeKnowledge('clouds', 'Mondays.', 'bea');
    await orc.writeKnowledge('gone', 'x', 'bea');
    await orc.deleteKnowledge('gone');
    const collected = await collectResults(orc, { since });
    expect(collected).toEqual({
      collected_at: since,
      cycle: null,
      since,
      completed_this_cycle: [
        { workstream: 'press', task_id: words, title: 'Write', result: 'written', completed_at: since },
      ],
      failed: [
        { workstream: 'photos', task_id: shoot, title: 'Shoot', reason: 'clouds', final: false, failed_at: since },
      ],
      still_in_progress: [{ workstream: 'radio', task_id: record, title: 'Record', assigned_to: 'carl' }],
      knowledge_updates: [{ topic: 'clouds', updated_by: 'bea', updated_at: since }],
    });
    expect(collectText(collected)).toContain(`--- Completed (1) ---\npress/${words} Write: written`);
    const all = await collectResults(orc);
    expect(all.since).toBe(null);
    expect(all.completed_this_cycle.map(({ task_id }) => task_id)).toEqual([old, words]);
    await expect(collectResults(orc, { since: 'soon' })).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  test.each([0, 260])('a board that was compacted counts since then, and says so (%i events more)', async (more) => {
    const world = worldAt(start);
    const orc = await press(world);
    await orc.completeTask('press', await add(orc, 'press', 'Old'), 'long ago');
    const seen = { kind: 'event.log', args: { action: 'seen' } };
    await orc.batch(Array.from({ length: more }, () => seen));
    world.forward(60 * minute);
    const before = new Date(world.clock.now()).toISOString();
    const { tasks, oldest_event: oldest } = await orc.compact({ before });
    expect([tasks, oldest !== 1]).toEqual([1, more > 0]);
    world.forward(minute);
    const words = await add(orc, 'press', 'Write');
    await orc.completeTask('press', words, 'written');
    for (const since of [undefined, '2020-01-01', before])
      expect(await collectResults(orc, { since })).toMatchObject({
        since: before,
        completed_this_cycle: [{ task_id: words }],
      });
    const later = new Date(world.clock.now()).toISOString();
    expect((await collectResults(orc, { since: later })).since).toBe(later);
    expect(collectText(await collectResults(orc))).toContain(`Since: ${before} |`);
  });
});
