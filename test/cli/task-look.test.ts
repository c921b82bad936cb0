import { describe, expect, test } from 'vitest';
import { addTask, orcIn, orcWithBoard } from '../support/command-line.ts';
import { readFlowchart } from '../support/flowchart.ts';
import { git } from '../support/git-fixtures.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** A task with two parts, one of them done, and a task that waits for the other. */
async function family() {
  const { orc } = await orcWithBoard();
  const whole = await addTask(orc, 'Whole');
  const first = await addTask(orc, 'First part', '--parent', whole, '--estimate', '2h');
  const second = await addTask(orc, 'Second part', '--parent', whole, '--estimate', '1h');
  const after = await addTask(orc, 'Afterwards', '--depends-on', second);
  await orc('t', 'complete', first);
  return { orc, whole, first, second, after };
}

describe('why a task is not handed out', () => {
  test('is said by show, in the list as JSON, and depends on who asks', async () => {
    const { orc, second, after } = await family();
    expect((await orc('t', 'show', after)).lines()).toContain(`Not ready: task ${after} waits for ${second}`);
    expect((await orc('t', 'show', second)).lines()).toContain('Ready: nothing stands against it');
    const rust = await addTask(orc, 'Needs rust', '--needs', 'rust');
    await orc('a', 'register', 'ann', '--capability', 'rust');
    const listed = async (...words: string[]) =>
      Object.fromEntries(
        (await orc('t', 'list', ...words, '--json'))
          .json()
          .data.map(({ id, obstacle }: { id: string; obstacle: unknown }) => [id, obstacle]),
      );
    const forAnybody = await listed();
    expect(forAnybody[after]).toEqual({
      kind: 'dependencies',
      message: `task ${after} waits for ${second}`,
      tasks: [second],
    });
    expect(forAnybody[rust].kind).toBe('capabilities');
    expect((await listed('--agent', 'ann'))[rust]).toBe(null);
    expect(Object.values(await listed('--ready', '--agent', 'ann'))).toEqual([null, null, null]);
  });

  test('the ready ones come in the order in which next gives them out', async () => {
    const { orc } = await orcWithBoard();
    await orc('ws', 'create', 'urgent', '', '1');
    for (const [title, priority] of [
      ['b', '3'],
      ['a', '3'],
      ['c', '1'],
    ] as const)
      await addTask(orc, title, '', priority);
    await orc('t', 'add', 'urgent', 'u', '', '9');
    const ready = (await orc('t', 'list', '--ready', '--json'))
      .json()
      .data.map(({ title }: { title: string }) => title);
    const given: string[] = [];
    for (let n = 0; n < ready.length; n++)
      given.push((await orc('t', 'next', '--any', 'ann', '--json')).json().data.title);
    expect(ready).toEqual(['u', 'c', 'b', 'a']);
    expect(given).toEqual(ready);
  });
});

describe('a task with parts', () => {
  test('shows what they come to', async () => {
    const { orc, whole } = await family();
    expect((await orc('t', 'show', whole)).lines()).toContain('Parts: 1 of 2 done, 50%, 1 pending | 3h, 1h of it open');
    expect((await orc('t', 'show', whole, '--json')).json().data.descendants).toMatchObject({
      total: 2,
      done: 1,
      percent: 50,
    });
  });

  test('may be closed before them, and whoever does so is told', async () => {
    const { orc, whole, second } = await family();
    expect((await orc('t', 'done', whole)).lines()).toEqual([
      'Completed: Whole',
      `A part of it is still open: ${second} (orc t tree ${whole})`,
    ]);
    await orc('t', 'reopen', whole);
    expect((await orc('t', 'cancel', whole, '--json')).json().data).toMatchObject({
      status: 'cancelled',
      open_parts: [second],
    });
    await orc('t', 'done', second);
    await orc('t', 'reopen', whole);
    expect((await orc('t', 'done', whole)).out).toBe('Completed: Whole\n');
    // All parts being done closes nothing.
    expect((await orc('t', 'done', second, '--json')).error().code).toBe('closed');
  });
});

describe('tree', () => {
  test('shows tasks below one another; closed ones when asked for, or of one task', async () => {
    const { orc, whole, first, second, after } = await family();
    const top = `[pending] ${whole}: Whole (1 of 2 done, 50%)`;
    const open = `  [pending] ${second}: Second part`;
    const done = `  [done] ${first}: First part`;
    expect((await orc('t', 'tree')).lines()).toEqual([top, open, `[pending] ${after}: Afterwards`]);
    expect((await orc('t', 'tree', '--all')).lines()).toEqual([top, done, open, `[pending] ${after}: Afterwards`]);
    expect((await orc('t', 'tree', whole)).lines()).toEqual([top, done, open]);
    const entries = (await orc('t', 'tree', whole, '--json')).json().data;
    expect(entries.map(({ id, depth }: { id: string; depth: number }) => [id, depth])).toEqual([
      [whole, 0],
      [first, 1],
      [second, 1],
    ]);
  });

  test('of a task that does not exist is refused, and of an empty board is empty', async () => {
    const { orc } = await orcWithBoard();
    expect((await orc('t', 'tree')).out).toBe('No tasks.\n');
    expect((await orc('t', 'tree', '00000000', '--json')).error().code).toBe('not-found');
    expect((await orc('t', 'show', '00000000', '--json')).error().code).toBe('not-found');
  });
});

describe('graph', () => {
  test('shows open tasks after what they wait for, done or not', async () => {
    const { orc, whole, first, second, after } = await family();
    const last = await addTask(orc, 'Last', '--depends-on', first);
    const [part, afterwards] = [
      `[pending] build/${second} Second part [critical path]`,
      `[pending] build/${after} Afterwards [critical path]`,
    ];
    const done = `[done] build/${first} First part`;
    expect((await orc('t', 'graph')).lines()).toEqual([
      ...[`[pending] build/${whole} Whole`, done, part, afterwards, `  after ${part}`],
      ...[`[pending] build/${last} Last`, `  after ${done}`],
    ]);
    await orc('t', 'done', last);
    expect((await orc('t', 'graph')).out).not.toContain(first);
    expect((await orc('t', 'graph', '--all')).out).toContain(first);
    const { nodes, edges } = (await orc('t', 'graph', '--json')).json().data;
    expect([nodes.length, edges]).toEqual([3, [{ from: second, to: after }]]);
  });

  test('of a workstream has what it waits for elsewhere', async () => {
    const { orc, second } = await family();
    await orc('ws', 'create', 'other');
    const id = (await orc('t', 'add', 'other', 'Elsewhere', '--depends-on', second, '--json')).json().data.id as string;
    const { nodes } = (await orc('t', 'graph', 'other', '--json')).json().data;
    expect(nodes.map((node: { id: string }) => node.id)).toEqual([second, id]);
    expect((await orc('t', 'graph', 'nosuch', '--json')).error().code).toBe('not-found');
  });

  test('is drawn, and so is the plan; as JSON it is the text', async () => {
    const { orc, second, after } = await family();
    const drawn = await orc('t', 'graph', '--mermaid');
    expect(readFlowchart(drawn.out).edges).toEqual([
      { from: `t${second}`, to: `t${after}`, arrow: '-->', label: null },
    ]);
    expect((await orc('t', 'graph', '--mermaid', '--json')).json().data).toBe(drawn.out);
    const plan = await orc('plan', '--mermaid');
    expect(readFlowchart(plan.out).nodes.get(`t${second}`)?.style).toBe('start');
    expect((await orc('plan', '--mermaid', '--json')).json().data).toBe(plan.out);
  });

  test('of an empty board is empty', async () => {
    const folder = makeTempDir();
    git(folder, 'init', '--quiet');
    const orc = orcIn(folder);
    await orc('init');
    expect((await orc('t', 'graph')).out).toBe('No tasks.\n');
    expect((await orc('t', 'graph', '--mermaid')).out).toBe('flowchart LR\n');
  });
});
