import { expect, test } from 'vitest';
import { addTask, orcIn, orcWithBoard } from '../support/command-line.ts';
import { git, makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { commitByHand } from '../support/hand-edits.ts';

test('a task by its id alone, by its workstream, or by who acts; for an agent, and within a bound', async () => {
  const { orc, folder } = await orcWithBoard();
  const id = await addTask(orc, 'Write \u001b[31mit', '--path', 'src/**');
  const whole = await orc('brief', id);
  expect(whole).toMatchObject({ code: 0, err: '' });
  expect(whole.out).toMatch(/^## Agent Brief: `Write \\x1b\[31mit`\n/);
  expect((await orc('b', 'build')).out).toBe(whole.out);
  expect((await orc('b', 'build', id.slice(0, 6))).out).toBe(whole.out);
  expect((await orc('b')).out).toBe(whole.out);
  expect((await orc('b', id, '--agent', 'agent-1')).out).toContain(`orc t claim build ${id} agent-1\n`);
  const named = orcIn(folder, { env: { ...process.env, ORC_AGENT: 'agent-2' } });
  expect((await named('b', id)).out).toContain(`orc t claim build ${id} agent-2\n`);
  const bound = whole.out.length - 100;
  const short = await orc('b', id, '--max-chars', String(bound));
  expect(short.out.length).toBeLessThanOrEqual(bound);
  expect(short.out).toMatch(/\n\(Left out for want of room: .*\)\n$/);
  const { data } = (await orc('b', id, '--max-chars', String(bound), '--json')).json();
  expect(data).toMatchObject({ task_id: id, workstream: 'build', markdown: short.out, warnings: [] });
  expect(data.dropped.length).toBeGreaterThan(0);

  const cases: readonly (readonly [readonly string[], number, string])[] = [
    [['b', id, '--max-chars', '100'], 2, 'invalid-argument'],
    [['b', id, '--max-chars', 'x'], 2, 'invalid-argument'],
    [['b', 'nowhere'], 3, 'not-found'],
    [['b', 'deadbeef'], 3, 'not-found'],
    [['b', 'abc'], 3, 'not-found'],
    [['b', 'build', 'xyz'], 2, 'invalid-argument'],
  ];
  for (const [words, code, error] of cases) {
    const ran = await orc('--json', ...words);
    expect({ words, code: ran.code, error: ran.error().code }).toEqual({ words, code, error });
  }
  await orc('t', 'complete', id);
  expect(await orc('b')).toMatchObject({ code: 4, out: 'No pending tasks in any workstream.\n' });
  expect(await orc('b', 'build')).toMatchObject({ code: 4, out: 'No pending tasks in this workstream.\n' });
});

test("the board's template shapes it; what is wrong with it is told beside it", async () => {
  const remote = makeBareRemote();
  const folder = makeClone(remote);
  const orc = orcIn(folder);
  await orc('ws', 'create', 'build');
  const id = await addTask(orc, 'Write');
  commitByHand(remote, [{ path: 'templates/brief.md', content: 'Do {{title}}, {{naem}}.\n' }]);
  await orc('sync');
  const ran = await orc('b', id);
  expect(ran.out).toMatch(/^Do Write, \{\{naem\}\}\.\n\n\*\*Workstream\*\*: build\n/);
  expect(ran.err).toBe('warning: templates/brief.md has an unknown placeholder: {{naem}}\n');
  commitByHand(remote, [{ path: 'templates/brief.md', content: null }]);
  await orc('sync');
  expect(await orc('b', id)).toMatchObject({ err: '', out: expect.stringMatching(/^## Agent Brief: Write\n/) });
  expect(git(folder, 'status', '--porcelain')).toBe('');
});
