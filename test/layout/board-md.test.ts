import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { boardMd, maxBoardMdSize } from '../../src/layout/board-md.ts';
import { cell } from '../../src/layout/markdown.ts';
import {
  boardWith,
  claimTask,
  hour,
  partly,
  run,
  runAccepted,
  startTime,
  taskTitled,
} from '../support/board-builder.ts';
import { Branch, noEvents, shortText, textAt } from '../support/board-files.ts';

function bytes(text: string): number {
  return Buffer.byteLength(text);
}

describe('BOARD.md', () => {
  it('shows who works on what, what is next, what is blocked, results and locks', async () => {
    const branch = new Branch();
    const run = async (kind: string, args: Record<string, unknown>, agent = 'agent-1'): Promise<void> => {
      await branch.commit(runAccepted(branch.board.clone(), kind, args, { agent, at: startTime }));
    };
    await run('board.init', { board: 'b0a4d000b0a4d000', settings: '' });
    await run('workstream.create', { name: 'revenue', priority: 1 });
    await run('workstream.create', { name: 'social' });
    for (const title of ['Payments', 'Docs', 'Landing page', 'Later', 'Stuck', 'Done thing']) {
      await run('task.add', { workstream: 'revenue', title });
    }
    const task = (title: string) => taskTitled(branch.board, title).id;
    await run('task.edit', { id: task('Docs'), depends_on: [task('Payments')] });
    await run('task.claim', { id: task('Payments') });
    await run('task.block', { id: task('Stuck'), reason: 'no access' });
    await run('task.complete', { id: task('Done thing'), result: 'All good.' }, 'agent-2');
    await run('lock.acquire', { resource: 'deploy', ttl_ms: hour });
    const [payments, landing, later, stuck, done] = ['Payments', 'Landing page', 'Later', 'Stuck', 'Done thing'].map(
      task,
    );
    expect(textAt(branch.tree, 'BOARD.md')).toBe(`# The board at version 14

Updated 2026-01-01 00:00 UTC; 0 registered agents. orc writes this page at every change: edits to it are lost.

## Workstreams

| workstream | status | priority | pending | in progress | blocked | done | failed | cancelled |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
| revenue | active | 1 | 3 | 1 | 1 | 1 | 0 | 0 |
| social | active | 5 | 0 | 0 | 0 | 0 | 0 | 0 |

## Who works on what

| agent | task | workstream | title | lease until |
| --- | --- | --- | --- | --- |
| agent-1 | ${payments} | revenue | Payments | 2026-01-01 00:30 UTC |

## Next

| task | workstream | title | priority |
| --- | --- | --- | --- |
| ${landing} | revenue | Landing page | 5 |
| ${later} | revenue | Later | 5 |

## Blocked

| task | workstream | title | newest note |
| --- | --- | --- | --- |
| ${stuck} | revenue | Stuck | blocked: no access |

## Newest results

| task | workstream | by | result |
| --- | --- | --- | --- |
| ${done} | revenue | agent-2 | All good. |

## Locks

| resource | held by | kind | until |
| --- | --- | --- | --- |
| deploy | agent-1 | exclusive | 2026-01-01 01:00 UTC |
`);
  });

  it('is the same however the board was loaded', () => {
    const more = Array.from({ length: 12 }, (_, i) => ({ title: `t${i}`, priority: ((i * 5) % 9) + 1 }));
    const board = boardWith({
      workstreams: ['a', 'b'],
      agents: ['x', 'y'],
      tasks: ['1', '2', { title: '3', workstream: 'b', depends_on: ['1'] }, '4', ...more],
    });
    for (const title of ['2', 't3', 't5']) claimTask(board, taskTitled(board, title).id);
    for (const title of ['4', 't1', 't2']) runAccepted(board, 'task.block', { id: taskTitled(board, title).id });
    runAccepted(board, 'task.complete', { id: taskTitled(board, '1').id });
    for (const resource of ['s', 'r', 't']) runAccepted(board, 'lock.acquire', { resource });
    expect(boardMd(partly(board), noEvents)).toBe(boardMd(board, noEvents));
  });

  it('never exceeds 8 KB, and says how much is left out', () => {
    const wide = '字'.repeat(500);
    const board = boardWith({ workstreams: Array.from({ length: 120 }, (_, i) => `${'w'.repeat(60)}${i}`), tasks: [] });
    const names = [...board.workstreams.loaded()].map(({ name }) => name);
    for (let i = 0; i < 400; i++) {
      runAccepted(board, 'task.add', { workstream: names[i % names.length], title: `${wide}${i}` });
      if (i % 3 === 0) run(board, 'task.next', { workstream: null }, { agent: `${'a'.repeat(60)}${i}` });
    }
    for (let i = 0; i < 100; i++)
      runAccepted(board, 'lock.acquire', { resource: `${'é'.repeat(60)}${i}`, ttl_ms: hour });
    const text = boardMd(board, noEvents);
    expect(bytes(text)).toBeLessThanOrEqual(maxBoardMdSize);
    expect(text).toMatch(/… and 1\d\d more\./);
    expect(boardMd(board.clone(), noEvents)).toBe(text);
  });

  it('takes the newest results from the log, newest first, and survives what else stands there', () => {
    const line = (n: number, more: object = {}) =>
      JSON.stringify({
        n,
        v: n,
        ts: '',
        agent: 'a',
        action: 'task_completed',
        workstream: 'w',
        task_id: `0000000${n}`,
        result: `r${n}`,
        ...more,
      });
    const lines = [
      ...Array.from({ length: 9 }, (_, i) => line(i + 1)),
      '{"task_completed"',
      line(9, { agent: 5 }),
      line(9, { action: 'x', data: '"task_completed"' }),
      'null',
    ];
    const text = boardMd(boardWith(), { first: 1, count: lines.length, text: `${lines.join('\n')}\n` });
    expect([...text.matchAll(/\| (r\d) \|/g)].map((match) => match[1])).toEqual([
      'r9',
      'r8',
      'r7',
      'r6',
      'r5',
      'r4',
      'r3',
      'r2',
    ]);
  });
});

describe('text of others', () => {
  it.each([
    ['plain words, and more: (see 3.1) – fine!', 'plain words, and more: (see 3.1) – fine!'],
    ['', '–'],
    [' \n\t ', '–'],
    ['<script>alert(1)</script>', '`<script>alert(1)</script>`'],
    ['a | b', '`a ¦ b`'],
    ['a \\| b', '`a \\¦ b`'],
    ['[x](http://evil)', '`[x](http://evil)`'],
    ['see https://evil.example', '`see https://evil.example`'],
    ['www.evil.example', '`www.evil.example`'],
    ['@everyone', '`@everyone`'],
    ['fixes #1', '`fixes #1`'],
    ['as group/code!12 did', '`as group/code!12 did`'],
    ['for %3', '`for %3`'],
    ['for %"next one"', '`for %"next one"`'],
    ['done! 100 % (50%)', 'done! 100 % (50%)'],
    ['mail a@b.c', '`mail a@b.c`'],
    ['`code` ``` *b* _i_', "`'code' ''' *b* _i_`"],
    ['&lt;img&gt;', '`&lt;img&gt;`'],
    [':tada:', '`:tada:`'],
    ['a\u0000b\u001b[31mc', '`a b [31mc`'],
    ['\u202egnp.exe\u2066\u200b', 'gnp.exe'],
    ['\ud800', '–'],
    ['line\none', 'line one'],
    ['x'.repeat(100), `${'x'.repeat(79)}…`],
    ['👍🏽'.repeat(100), expect.stringMatching(/…`$/)],
  ])('%j is shown as %j', (text, shown) => {
    expect(cell(text, 80)).toEqual(shown);
  });

  it('stays in its cell, whatever it is', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          shortText,
          fc.string({ unit: 'binary' }),
          fc
            .array(fc.constantFrom('|', '\\', '`', '\n', '<', '[', ']', '&', '\u202e', 'a', ' '))
            .map((all) => all.join('')),
        ),
        (text) => {
          const shown = cell(text, 80);
          expect(shown).not.toMatch(/[|\n\r\u202a-\u202e\u2066-\u2069]/);
          const isCode = /^`[^`]+`$/.test(shown);
          expect(isCode || !/[<>[\]`*_@#&\\~$|{}^]/.test(shown)).toBe(true);
          expect([...shown].length).toBeLessThanOrEqual(82);
        },
      ),
      { numRuns: 2000 },
    );
  });
});
