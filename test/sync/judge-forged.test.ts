/** Pushes of clients that lie, or whose people do: each refused with its code, and blamed on the right commit. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { JudgePushOptions } from '../../src/sync/judge-push.ts';
import { change, Damage, tail } from '../checker/damage.ts';
import type { Draft, Forge } from '../checker/forge.ts';
import { tellStory } from '../checker/story.ts';
import { type Judging, judgeChain, judgePushOf } from '../support/judged-chain.ts';

let damage: Damage;
beforeAll(async () => {
  damage = new Damage(await tellStory());
});

type At = (name: string) => number;
type Damaging = (drafts: Draft[], forge: Forge, at: At) => void;

/** Judges what was damaged, from the commit before the one that is named; what lies behind it is left out. */
async function judge(name: string, damaging: Damaging, options: Partial<JudgePushOptions> = {}): Promise<Judging> {
  let there = 0;
  const { chain } = damage.withChain((drafts, forge, at) => {
    there = at(name);
    damaging(drafts, forge, at);
  });
  return judgeChain(chain, there, options);
}

const replaceIn =
  (name: string, from: string | RegExp, to: string): Damaging =>
  (drafts, _, at) =>
    change(drafts, at(name), (draft) => ({ ...draft, message: draft.message.replace(from, to) }));
const editIn =
  (name: string, path: string, edit: (text: string) => string | null): Damaging =>
  (drafts, forge, at) =>
    change(drafts, at(name), (draft) => forge.withFile(draft, path, edit));

test('the story itself passes, from wherever', async () => {
  const { chain } = damage.story;
  for (let there = 0; there < chain.commits.length - 4; there++)
    expect(await judgeChain(chain, there)).toMatchObject({ outcome: 'honest' });
});

describe('what the commit says', () => {
  test.each([
    ['a version that skips', /Orc-Version: 9/, 'Orc-Version: 10', 'wrong-version'],
    ['a version that goes back', /Orc-Version: 9/, 'Orc-Version: 8', 'wrong-version'],
    ['a version of long ago', /Orc-Version: 9/, 'Orc-Version: 2', 'wrong-version'],
    ['another result', 'It works', 'It hardly works', 'wrong-result'],
    ['another subject', /^.*/, 'task.complete', 'wrong-result'],
    ['another time', /Orc-At: 2026/, 'Orc-At: 2025', 'wrong-result'],
    ['a time to come', /Orc-At: 2026/, 'Orc-At: 2027', 'clock-off'],
    ['no time', /Orc-At: .*/, 'Orc-At: now', 'malformed-record'],
    ['an operation that is none', /Orc-Op: \{/, 'Orc-Op: {{', 'malformed-record'],
    ['no operation beside a version', /Orc-Op: .*\n/, '', 'malformed-record'],
    ['nobody who acts', '"agent":"bob"', '"agent":null', 'malformed-record'],
    ['several who act', '"agent":"bob"', '"agent":["bob"]', 'malformed-record'],
    ['arguments that are a list', /"args":\{.*\}/, '"args":[]}', 'malformed-record'],
    ['a batch among its words', '"kind":"task.complete"', '"batch":7,"kind":"task.complete"', 'wrong-result'],
    ['an operation that nobody knows', '"kind":"task.complete"', '"kind":"task.steal"', 'usage'],
    ['another spelling', '"agent":"bob","args"', '"agent": "bob","args"', 'wrong-result'],
    ['somebody else', '"agent":"bob"', '"agent":"ada"', 'not-holder'],
    [
      'a text that is nowhere',
      '"result":"It works"',
      `"result":{"$blob":"${'0'.repeat(40)}","length":2000}`,
      'wrong-result',
    ],
    ['an old proof', /"claim":"[0-9a-f]+"/, '"claim":"00000000000000000000000000000001"', 'stale-token'],
  ])('%s', async (_, from, to, code) => {
    const version = /Orc-Version: (\d+)/.exec(damage.story.chain.commits[8]?.message ?? '')?.[1];
    expect(version).toBe('9');
    const name = String(from).includes('Orc-Version') ? nameOfVersion9() : 'complete';
    const verdict = await judge(name, replaceIn(name, from, to));
    expect(verdict).toMatchObject({ outcome: 'refused', refusal: { code } });
  });

  function nameOfVersion9(): string {
    const { message = '' } = damage.story.chain.commits[8] ?? {};
    return Object.entries(damage.story.ids).find(([, id]) => message.includes(`"id":"${id}"`))?.[0] ?? '';
  }

  test('an operation that is in already', async () => {
    const verdict = await judge('second', (drafts, _, at) => {
      const first = drafts[at('first')] as Draft;
      change(drafts, at('second'), () => ({
        ...first,
        message: first.message.replace('Orc-Version: 3', 'Orc-Version: 4'),
      }));
    });
    expect(verdict).toMatchObject({ outcome: 'refused', refusal: { code: 'already-exists' } });
  });

  test('a second claim of a task that is held', async () => {
    const { chain } = damage.withChain((drafts, _, at) => {
      const claim = drafts[at('claim')] as Draft;
      const message = claim.message
        .replaceAll('"agent":"ada"', '"agent":"bob"')
        .replace(damage.id('claim'), 'f'.repeat(32))
        .replace('Orc-Version: 5', 'Orc-Version: 6');
      drafts.splice(at('claim') + 1, drafts.length, { ...claim, message });
    });
    const judged = await judgeChain(chain, chain.commits.length - 1);
    expect(judged).toMatchObject({ outcome: 'refused', refusal: { code: 'already-claimed' } });
  });

  test('half a batch pushed after the other half', async () => {
    const { chain } = damage.story;
    const middle = chain.commits.findIndex(({ message }) => message.includes(damage.id('batch two')));
    const verdict = await judgeChain(chain, middle);
    expect(verdict).toMatchObject({ refusal: { code: 'wrong-result', message: expect.stringContaining('in pieces') } });
  });
});

test('a board of a newer format: it is the server that cannot judge it', async () => {
  const verdict = await judge('complete', (drafts, forge, at) => {
    const newer = (text: string): string => text.replace('"format": 1', '"format": 99');
    change(drafts, at('complete') - 1, (draft) => forge.withFile(draft, 'state.json', newer));
  });
  expect(verdict).toMatchObject({
    refusal: { code: 'newer-format', hint: expect.stringContaining('orc on the server') },
  });
});

describe('what the tree holds', () => {
  test.each([
    [
      'a record',
      'tasks/closed/0/0/00000003.json',
      (text: string) => text.replace('It works', 'It is done'),
      'wrong-result',
    ],
    ['a record out of shape', 'tasks/closed/0/0/00000003.json', () => '{"id":3}\n', 'malformed-record'],
    ['a count', 'state.json', (text: string) => text.replace('"done": 1', '"done": 2'), 'wrong-result'],
    ['the page for people', 'BOARD.md', (text: string) => `${text}\nmore`, 'wrong-result'],
    ['a past event', tail, (text: string) => text.replace('board_created', 'board_creared'), 'wrong-result'],
    ['a file that is nobody’s', 'bin/tool.sh', () => 'rm -rf /', 'foreign-file'],
    [
      'a record that it has nothing to do with',
      'tasks/open/0/0/00000004.json',
      (text: string) => text.replace('Second', 'second'),
      'foreign-file',
    ],
    ['a file that is gone', 'orc.yaml', () => null, 'foreign-file'],
  ])('%s', async (_, path, edit, code) => {
    const verdict = await judge('complete', editIn('complete', path, edit));
    expect(verdict).toMatchObject({ outcome: 'refused', refusal: { code, message: expect.stringContaining(path) } });
    expect(verdict.outcome === 'refused' && verdict.commit?.commit.message).toContain('task.complete');
  });
});

test('more files than anybody can look at', async () => {
  const verdict = await judge('complete', (drafts, forge, at) => {
    change(drafts, at('complete'), (draft) => forge.withCrowd(draft, 'x'));
  });
  expect(verdict).toMatchObject({
    commit: { commit: { message: expect.any(String) } },
    refusal: { code: 'too-large' },
  });
});

describe('the push itself', () => {
  test('a deletion', async () => {
    expect(await judgePushOf(damage.story.chain, 5, null)).toMatchObject({ refusal: { code: 'history-rewritten' } });
  });

  test('a rewrite, from below and from beside', async () => {
    const { chain } = damage.story;
    expect(await judgePushOf(chain, 8, 4)).toMatchObject({ refusal: { code: 'history-rewritten' } });
    const other = damage.withChain(replaceIn('first', 'First', '1st')).chain;
    const verdict = await judgePushOf(chain, 8, other);
    expect(verdict).toMatchObject({ refusal: { code: 'history-rewritten' } });
  });

  test('another board in its place', async () => {
    const other = damage.withChain((drafts, forge) => {
      drafts.splice(1);
      change(drafts, 0, (draft) => forge.withFile(draft, 'state.json', (text) => text.replace('b0a2', 'c0c2')));
    }).chain;
    const verdict = await judgePushOf(damage.story.chain, 3, other);
    expect(verdict).toMatchObject({
      refusal: { code: 'history-rewritten', message: expect.stringContaining('another board') },
    });
  });

  test('a merge', async () => {
    const { chain } = damage.withChain((drafts, _, at) => {
      change(drafts, at('complete'), (draft) => ({ ...draft, others: [damage.story.chain.commits[2]?.oid ?? ''] }));
    });
    const there = damage.story.chain.commits.findIndex(({ message }) => message.startsWith('task.complete'));
    expect(await judgeChain(chain, there)).toMatchObject({ refusal: { code: 'merge-commit' } });
  });

  test('a merge as `git pull` makes it: the branch is its second parent', async () => {
    const { chain } = damage.story;
    const there = chain.commits.findIndex(({ message }) => message.startsWith('task.complete')) + 1;
    const { chain: pulled } = damage.withChain((drafts) => {
      const [edited] = drafts.splice(4);
      const draft = { ...edited, message: 'by hand\n' } as Draft;
      drafts.push(draft, { ...draft, message: 'Merge\n', others: [chain.commits[there - 1]?.oid ?? ''] });
    });
    expect(await judgePushOf(chain, there, pulled)).toMatchObject({
      commit: { commit: { message: 'Merge\n' } },
      refusal: { code: 'merge-commit' },
    });
  });

  test('a board that does not begin as boards do', async () => {
    const { chain } = damage.withChain((drafts) => {
      change(drafts, 0, (draft) => ({ ...draft, message: 'a board of mine\n' }));
    });
    expect(await judgeChain(chain, 0)).toMatchObject({ refusal: { code: 'manual-edit' } });
  });
});
