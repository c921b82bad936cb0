import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { defaultBriefTemplate, readBriefTemplate } from '../../src/app/brief-template.ts';
import { makeBrief } from '../../src/app/cycle.ts';
import { indexKnowledge } from '../../src/app/full-text.ts';
import type { Orc } from '../../src/app/orc.ts';
import type { NewTask } from '../../src/app/orc-options.ts';
import { relevantTopics } from '../../src/app/relevance.ts';
import { openNewBoard, worldAt } from '../support/boards.ts';
import { projectRoot } from '../support/bundle.ts';

const start = '2026-03-01T10:00:00.000Z';
const minute = 60_000;

async function press(world = worldAt(start)): Promise<Orc> {
  const orc = await openNewBoard({ world });
  await orc.createWorkstream('press', { priority: 1, description: 'What is printed' });
  await orc.createWorkstream('photos', { priority: 2 });
  return orc;
}

async function add(orc: Orc, workstream: string, title: string, more: Partial<NewTask> = {}): Promise<string> {
  return (await orc.addTask(workstream, { title, ...more })).id;
}

test('a brief has the task, its place, what it hangs together with, who is near, what is known, and what to run', async () => {
  const world = worldAt(start);
  const orc = await press(world);
  const ink = await add(orc, 'photos', 'Order ink');
  await orc.completeTask('photos', ink, 'three litres, blue', { agent: 'bea' });
  const whole = await add(orc, 'press', 'The moon issue', { priority: 9 });
  const words = await add(orc, 'press', 'Write the moon column', {
    description: 'Two pages.',
    depends_on: [ink],
    parent: whole,
    paths: ['text/moon.md'],
    labels: ['moon'],
  });
  await orc.perform('task.edit', { id: words, checks: [{ command: 'npm test' }, { criterion: 'It is short' }] });
  await add(orc, 'press', 'Draw the moon', { parent: whole });
  const proof = await add(orc, 'press', 'Proofread', { depends_on: [words] });
  await add(orc, 'press', 'Print', { depends_on: [proof] });
  await orc.perform('task.note', { id: words, text: 'Keep it short.' }, { agent: 'bea' });
  const record = await add(orc, 'photos', 'Crop', { paths: ['text/*'] });
  await orc.claimTask('photos', record, 'carl');
  await orc.acquireLock('path:text/**', 'carl', 60 * minute, { reason: 'moving files' });
  await orc.acquireLock('printer', 'dora', 60 * minute);
  world.forward(12 * minute);
  await orc.writeKnowledge('house/style', 'Short sentences.\n', 'ann', { title: 'House style', paths: ['text/**'] });
  await orc.writeKnowledge('moon', 'The moon is 384 400 km away.\n', 'ann');
  await orc.perform('message.send', { to: 'agent:ann', text: 'Call me.', task: words }, { agent: 'dora' });
  await orc.writeKnowledge('coffee', 'Strong, no sugar.', 'ann');

  const brief = await makeBrief(orc, 'press', words, { agent: 'ann' });
  expect(brief).toMatchObject({
    workstream: 'press',
    task_id: words,
    title: 'Write the moon column',
    knowledge: ['house/style', 'moon'],
    dropped: [],
    warnings: [],
  });
  const text = brief?.markdown ?? '';
  for (const part of [
    '## Agent Brief: Write the moon column\n',
    '**Workstream**: press\n**Its purpose**: `What is printed`\n',
    `**Task ID**: ${words}\n**Priority**: 5\n**Status**: pending\n**Labels**: moon\n**Files**: \`text/moon.md\`\n`,
    `**Description**, by system, ${start}:\n\`\`\`text\nTwo pages.\n\`\`\`\n`,
    '### Done When\n- `npm test` succeeds\n- `It is short`\n',
    '- It is the first of 3 tasks of its workstream that can be begun; its priority is 5, equal ones go by age.\n',
    '- 1 open task waits for it, 2 with those that wait for these.\n',
    '- It is number 1 on the longest chain of open tasks, 3 one after the other.\n',
    `- photos/${ink} \`Order ink\`: done by bea, ${start}. Its result:\n\`\`\`text\nthree litres, blue\n`,
    `### What Waits for It\n- press/${proof} \`Proofread\` (pending)\n`,
    `- It is a part of press/${whole} \`The moon issue\` (pending)\n- Open beside it: press/`,
    `- \`path:text/**\`, files of this task: held by carl since ${start}, 48m left: \`moving files\`\n- \`printer\`: held by dora`,
    `- carl: photos/${record} \`Crop\`, for 12m, on \`text/*\`: the same files as this task\n`,
    '**house/style** (House style), by ann, 2026-03-01T10:12:00.000Z:\nIt binds `text/**`:\n```text\nShort sentences.\n```\n',
    '**moon**, by ann, 2026-03-01T10:12:00.000Z:\n```text\nThe moon is',
    `From dora, 2026-03-01T10:12:00.000Z, on task \`${words}\`:\n\`\`\`text\nCall me.\n`,
    `By bea, ${start}:\n\`\`\`text\nKeep it short.\n`,
    'ann knowledge_written topic=moon',
    'carl lock_acquired',
    `\norc t claim press ${words} ann\n`,
    '\norc msg ack --all --agent ann\n',
    '\norc l acquire path:text/moon.md ann --ttl 10m\n',
    `\norc t complete press ${words} "<result>" --agent ann\n`,
  ]) {
    expect(text).toContain(part);
  }
  expect(text).not.toContain('no sugar');
  expect(text).not.toContain('topic=coffee');
});

test('the commands of who holds the task have its token, and no claim', async () => {
  const orc = await press();
  const words = await add(orc, 'press', 'Write');
  const { claim } = await orc.claimTask('press', words, 'ann');
  const text = (await makeBrief(orc, null, words))?.markdown ?? '';
  expect(text).toContain(`orc t renew press ${words} --agent ann --token ${claim?.token}\n`);
  expect(text).not.toContain('orc t claim');
  const others = (await makeBrief(orc, null, words, { agent: 'bea' }))?.markdown ?? '';
  expect(others).toContain(`orc t claim press ${words} bea\n`);
  expect(others).not.toMatch(/--token \d/);
});

test('without an id it is about what the agent has in hand, else its next task, else whatever can begin', async () => {
  const orc = await press();
  const hard = await add(orc, 'press', 'Hard', { needs: ['camera'], priority: 1 });
  const easy = await add(orc, 'press', 'Easy');
  expect((await makeBrief(orc, 'press'))?.task_id).toBe(hard);
  expect((await makeBrief(orc, 'press', undefined, { agent: 'ann' }))?.task_id).toBe(easy);
  expect((await makeBrief(orc, null, undefined, { agent: 'ann' }))?.task_id).toBe(easy);
  expect((await orc.brief(null))?.task_id).toBe(hard);
  await orc.claimTask('press', easy, 'ann');
  expect((await makeBrief(orc, null, undefined, { agent: 'ann' }))?.task_id).toBe(easy);
  expect(await makeBrief(orc, null, undefined, { agent: 'bea' })).toBeNull();
  expect(await makeBrief(orc, 'photos')).toBeNull();
  await orc.perform('workstream.pause', { name: 'press' });
  expect(await makeBrief(orc, null)).toBeNull();
  expect((await makeBrief(orc, 'press'))?.markdown).toContain(
    '- Its workstream is paused: nothing of it is handed out.\n',
  );
  await expect(makeBrief(orc, 'nowhere')).rejects.toMatchObject({ code: 'not-found' });
  await expect(makeBrief(orc, 'photos', hard)).rejects.toMatchObject({ code: 'not-found' });
  await expect(makeBrief(orc, null, 'deadbeef')).rejects.toMatchObject({ code: 'not-found' });
});

test('a task that waits says for what, and words that need quotes get them in the commands', async () => {
  const orc = await press();
  await orc.createWorkstream("ann's work");
  const first = await add(orc, "ann's work", 'First');
  const second = await add(orc, "ann's work", 'Second', { depends_on: [first], paths: ['a b/**'] });
  const text = (await orc.brief(null, second.slice(0, 6)))?.markdown ?? '';
  expect(text).toContain(`- It cannot begin yet: it waits for ${first}.\n`);
  expect(text).toContain(`orc t claim 'ann'\\''s work' ${second} <agent>\n`);
  expect(text).toContain("orc l acquire 'path:a b/**' <agent> --ttl 10m\n");
  expect(text).toContain('`<agent>` is a name of your own');
});

test('the brief of a closed task says first that nobody does it any more', async () => {
  const orc = await openNewBoard();
  await orc.createWorkstream('press');
  const { id } = await orc.addTask('press', { title: 'Old' });
  await orc.completeTask('press', id, 'done');
  const text = (await orc.brief(null, id))?.markdown ?? '';
  expect(text).toContain(
    `### Why It Is Next\n- It is not: it is done, and nobody is given it unless \`orc t reopen ${id}\` opens it again.\n`,
  );
});

test('the template that a board begins with is the one that stands in where there is none', async () => {
  const file = readFileSync(path.join(projectRoot, '.orc-template/templates/brief.md'), 'utf8');
  expect(readBriefTemplate(file)).toEqual(readBriefTemplate(defaultBriefTemplate));
  expect(readBriefTemplate(file).warnings).toEqual([]);
  const orc = await press();
  const words = await add(orc, 'press', 'Write');
  const { board } = (await orc.head()).read;
  expect(await orc.ask(() => board.files.get('templates/brief.md')?.text)).toBe(file);
  const made = await makeBrief(orc, 'press', words);
  board.files.set('templates/brief.md', null);
  expect(await makeBrief(orc, 'press', words)).toEqual(made);
  board.files.set('templates/brief.md', { path: 'templates/brief.md', text: 'Do {{title}}\n\n{{task}}\n' });
  expect((await makeBrief(orc, 'press', words))?.markdown).toMatch(/^Do Write\n\n\*\*Workstream\*\*: press\n/);
});

describe('relevance', () => {
  const knowledge = (topic: string, content: string, tags: readonly string[] = []) => ({
    ...{ topic, content, tags, title: null, paths: [], updated_by: 'a', updated_at: start, version: 1 },
  });
  const task = {
    title: 'Add payments to the API',
    description: '',
    workstream: 'revenue',
    labels: ['stripe'],
    paths: [],
  };

  test('topic, title and tags count more than the text, rare words more than common ones, and common words nothing', () => {
    const index = indexKnowledge([
      knowledge('weather', 'The API of the weather service, add nothing.'),
      knowledge('payment', 'How it is done.'),
      knowledge('billing', 'See there.', ['stripe']),
      knowledge('other', 'Nothing to see for the and all.'),
    ]);
    const all = relevantTopics(task, index, { count: 5, isCandidate: () => true });
    expect(all.slice(0, 2).sort()).toEqual(['billing', 'payment']);
    expect(all).not.toContain('other');
    expect(relevantTopics(task, index, { count: 1, isCandidate: (topic) => topic !== 'billing' })).toEqual(['payment']);
    const empty = { title: '…', description: '', workstream: '!', labels: [], paths: [] };
    expect(relevantTopics(empty, index, { count: 5, isCandidate: () => true })).toEqual([]);
  });
});
