/** Edits by hand under each setting of `manual_edits`, and what no setting lets in. */
import { beforeAll, describe, expect, test } from 'vitest';
import { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import { type Draft, type Edit, Forge } from '../checker/forge.ts';
import { objectsOf, readChain } from '../support/checker/chain.ts';
import type { Chain } from '../support/checker/types.ts';
import { type Judging, judgeChain } from '../support/judged-chain.ts';
import { boardId, fakeClock, memoryClient } from '../support/memory-client.ts';

type Setting = 'allow' | 'knowledge' | 'refuse';

const chains = new Map<Setting, Chain>();
beforeAll(async () => {
  for (const setting of ['allow', 'knowledge', 'refuse'] as const) {
    const upstream = new MemoryUpstream();
    const client = memoryClient({ name: 'one', upstream, clock: fakeClock() });
    await client.ask('board.init', { board: boardId, settings: `manual_edits: ${setting}\n` });
    await client.ask('workstream.create', { name: 'w' });
    await client.ask('task.add', { workstream: 'w', title: 'First' });
    await client.ask('knowledge.write', { topic: 'k', content: 'Text\n' });
    chains.set(setting, readChain(objectsOf(upstream.objects), upstream.head ?? ''));
  }
});

function edit(setting: Setting, path: string, change: Edit, message = 'by hand\n'): Promise<Judging> {
  const chain = chains.get(setting) as Chain;
  const forge = new Forge(chain);
  const last = forge.drafts.at(-1);
  if (last === undefined) throw new Error('no commits');
  forge.drafts.push({ ...forge.withFile(last, path, change), message });
  return judgeChain(forge.chain(), chain.commits.length);
}

function taskPath(setting: Setting): string {
  const forge = new Forge(chains.get(setting) as Chain);
  const [last] = forge.drafts.slice(-1);
  const path = last === undefined ? undefined : forge.paths(last).find((each) => each.startsWith('tasks/open/'));
  if (path === undefined) throw new Error('there is no open task');
  return path;
}

const retitle = (text: string): string => text.replace('First', 'Renamed');
const reword = (text: string): string => text.replace('Text', 'Words');

describe('what is let in', () => {
  test.each<[Setting, string, boolean, boolean]>([
    ['allow', 'lets all in', true, true],
    ['knowledge', 'lets knowledge in', false, true],
    ['refuse', 'lets nothing in', false, false],
  ])('%s %s', async (setting, _, takesTask, takesText) => {
    const verdicts = [await edit(setting, taskPath(setting), retitle), await edit(setting, 'knowledge/k.md', reword)];
    const expected = [takesTask, takesText].map((isTaken) =>
      isTaken ? { outcome: 'honest', commits: 1 } : { outcome: 'refused', refusal: { code: 'manual-edit' } },
    );
    expect(verdicts).toMatchObject(expected);
  });

  test('a text together with the version that it had', async () => {
    const before = (text: string): string => reword(text).replace('version: 4', 'version: 3');
    expect(await edit('knowledge', 'knowledge/k.md', before)).toMatchObject({ outcome: 'honest' });
  });

  test('state.json with its own version back', async () => {
    const chain = chains.get('allow') as Chain;
    const forge = new Forge(chain);
    const last = forge.drafts.at(-1);
    if (last === undefined) throw new Error('no commits');
    const lowered = forge.withFile(last, 'state.json', (text) => text.replace('"version": 4', '"version": 2'));
    forge.drafts.push({ ...lowered, message: 'by hand\n' }, { ...last, message: 'mended\n' });
    expect(await judgeChain(forge.chain(), chain.commits.length + 1)).toMatchObject({ outcome: 'honest' });
  });

  test.each([
    [boardId, { outcome: 'honest' }],
    ['f'.repeat(32), { refusal: { code: 'board-mismatch' } }],
  ])('state.json put back, where it could not be read any more: of the board %s', async (id, expected) => {
    const chain = chains.get('allow') as Chain;
    const forge = new Forge(chain);
    const last = forge.drafts.at(-1) as Draft;
    const state = forge.read(last, 'state.json');
    forge.drafts.push({ ...forge.withFile(last, 'state.json', () => 'nonsense'), message: 'oh\n' });
    const mend = (): string => state.replace(boardId, id);
    forge.drafts.push({ ...forge.withFile(last, 'state.json', mend), message: 'mended\n' });
    expect(await judgeChain(forge.chain(), chain.commits.length + 1)).toMatchObject(expected);
  });

  test('another file, while state.json cannot be read: what was broken before is no fault of the edit', async () => {
    const chain = chains.get('allow') as Chain;
    const forge = new Forge(chain);
    forge.drafts.push({
      ...forge.withFile(forge.drafts.at(-1) as Draft, 'state.json', () => 'nonsense'),
      message: 'oh\n',
    });
    forge.drafts.push({
      ...forge.withFile(forge.drafts.at(-1) as Draft, 'knowledge/k.md', reword),
      message: 'by hand\n',
    });
    expect(await judgeChain(forge.chain(), chain.commits.length + 1)).toMatchObject({ outcome: 'honest' });
  });

  test('a file of others at the root, where all is let in', async () => {
    expect(await edit('allow', 'LICENSE', () => 'Free\n')).toMatchObject({ outcome: 'honest' });
  });
});

describe('what no setting lets in', () => {
  test.each<[string, string, Edit, string]>([
    ['a line of the log', 'events/0000000001.jsonl', (text) => text.replace('board_created', 'nothing'), 'manual-edit'],
    ['a record that cannot be read', 'workstreams/w.json', () => '{', 'malformed-record'],
    ['a record in the wrong place', 'workstreams/v.json', () => '{}\n', 'malformed-record'],
    ['knowledge that cannot be read', 'knowledge/k.md', () => '---js\nx\n---\n', 'malformed-record'],
    ['a closed task that cannot be read', 'tasks/closed/0/0/00000001.json', () => '{}', 'malformed-record'],
    ['a strange file among tasks', 'tasks/open/note.txt', () => 'x', 'malformed-record'],
    ['a name that no system should have', 'docs/CON', () => 'x', 'malformed-record'],
    ['no state.json', 'state.json', () => null, 'malformed-record'],
    ['another board’s state.json', 'state.json', (text) => text.replace('b0a2', 'c0c2'), 'board-mismatch'],
    ['a version of nobody’s', 'state.json', (text) => text.replace('"version": 4', '"version": 400'), 'wrong-version'],
    ['a version that goes back', 'state.json', (text) => text.replace('"version": 4', '"version": 2'), 'wrong-version'],
    [
      'knowledge of a version to come',
      'knowledge/k.md',
      (text) => text.replace('version: 4', 'version: 5'),
      'wrong-version',
    ],
    [
      'a workstream of a version to come',
      'workstreams/w.json',
      (text) => text.replace('"created_version": 2', '"created_version": 20'),
      'wrong-version',
    ],
    ['a newer format', 'state.json', (text) => text.replace('"format": 1', '"format": 99'), 'newer-format'],
    ['settings that cannot be read', 'orc.yaml', () => 'a: [', 'malformed-record'],
  ])('%s', async (_, path, change, code) => {
    expect(await edit('allow', path, change)).toMatchObject({ outcome: 'refused', refusal: { code } });
  });

  test('a folder in which there is nothing', async () => {
    const chain = chains.get('allow') as Chain;
    const forge = new Forge(chain);
    forge.drafts.push({ ...forge.withEmptyFolder(forge.drafts.at(-1) as Draft, 'x'), message: 'by hand\n' });
    expect(await judgeChain(forge.chain(), chain.commits.length)).toMatchObject({
      refusal: { code: 'malformed-record' },
    });
  });

  test('more files than anybody can look at', async () => {
    const chain = chains.get('allow') as Chain;
    const forge = new Forge(chain);
    forge.drafts.push({ ...forge.withCrowd(forge.drafts.at(-1) as Draft, 'x'), message: 'by hand\n' });
    expect(await judgeChain(forge.chain(), chain.commits.length)).toMatchObject({ refusal: { code: 'too-large' } });
  });

  test('an edit that calls itself an operation', async () => {
    const verdict = await edit('allow', 'knowledge/k.md', reword, 'by hand\n\nOrc-Version: 5\n');
    expect(verdict).toMatchObject({ refusal: { code: 'malformed-record' } });
  });

  test('a name that stands twice: readers differ in which one they take', async () => {
    const chain = chains.get('allow') as Chain;
    const forge = new Forge(chain);
    const [last] = forge.drafts.slice(-1);
    if (last === undefined) throw new Error('no commits');
    forge.drafts.push({ ...forge.withTwin(last, 'state.json', '{}'), message: 'by hand\n' });
    const verdict = await judgeChain(forge.chain(), chain.commits.length);
    expect(verdict).toMatchObject({ outcome: 'refused', refusal: { code: 'malformed-record' } });
  });
});
