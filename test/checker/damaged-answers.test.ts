/** Broken promises to callers, each found under its own rule: what is in the chain, in which order, what was refused. */
import { beforeAll, describe, expect, test } from 'vitest';
import { checkBoard } from '../support/checker/check.ts';
import type { CallRecord } from '../support/checker/types.ts';
import { broken, change, Damage, tail } from './damage.ts';
import type { Draft } from './forge.ts';
import { type Story, tellStory } from './story.ts';

let story: Story;
let damage: Damage;
beforeAll(async () => {
  story = await tellStory();
  damage = new Damage(story);
});

test('the story itself breaks no rule, and every rule has something to judge', () => {
  const { violations, judged } = checkBoard(story);
  expect(violations).toEqual([]);
  for (const rule of [1, 2, 3, 4, 5, 6, 7] as const) expect(judged[rule]).toBeGreaterThan(0);
});

test('a chain that is written anew without damage is the same', () => {
  const { chain } = damage.withChain(() => {});
  expect(chain.commits.map(({ oid }) => oid)).toEqual(story.chain.commits.map(({ oid }) => oid));
});

describe('1: one chain', () => {
  test('a gap in the versions', () => {
    const input = damage.withChain((drafts, _, at) => {
      change(drafts, at('next too'), (draft) => ({
        ...draft,
        message: draft.message.replace('Orc-Version: 14', 'Orc-Version: 15'),
      }));
    });
    expect(broken(input)).toContain(1);
    expect(broken({ ...input, options: { ...story.options, allowVersionGaps: true } })).not.toContain(1);
  });

  test('a version that comes twice', () => {
    const input = damage.withChain((drafts, _, at) => {
      change(drafts, at('next too'), (draft) => ({
        ...draft,
        message: draft.message.replace('Orc-Version: 14', 'Orc-Version: 13'),
      }));
    });
    expect(broken(input)).toContain(1);
  });

  test('a merge that bears trailers', () => {
    const input = damage.withChain((drafts, _, at) => {
      change(drafts, at('lock'), (draft) => ({ ...draft, others: [story.chain.commits[2]?.oid ?? ''] }));
    });
    expect(broken(input)).toEqual([1]);
  });

  test('an edit by hand, unless it is allowed', () => {
    const input = damage.withChain((drafts, forge) => {
      const last = drafts.at(-1) as Draft;
      drafts.push({ ...forge.withFile(last, 'LICENSE', () => 'Free\n'), message: 'Add a licence\n' });
    });
    expect(broken(input)).toEqual([1]);
    expect(broken({ ...input, options: { ...story.options, allowManualEdits: true } })).toEqual([]);
  });

  test('an operation that claims to be asked on a version that was not there', () => {
    const input = damage.withChain((drafts, _, at) => {
      change(drafts, at('lock'), (draft) => ({
        ...draft,
        message: draft.message.replace(/Orc-Base: \d+/, 'Orc-Base: 900'),
      }));
    });
    expect(broken(input)).toEqual([1]);
  });
});

describe('2: once', () => {
  test('an operation that is in twice', () => {
    const input = damage.withChain((drafts, _, at) => {
      drafts.splice(at('complete') + 1, 0, drafts[at('complete')] as Draft);
    });
    expect(broken(input)).toContain(2);
    // seen without any log
    expect(broken({ chain: input.chain })).toContain(2);
  });

  test('an operation that was told ok and is not in', () => {
    expect(broken(damage.withChain((drafts) => void drafts.pop()))).toContain(2);
  });

  test.each(['refused', 'none-ready', 'unchanged'] as const)('an operation that was told %s and is in', (answer) => {
    expect(broken(damage.withLog('complete', { answer, code: 'closed', end: null }))).toEqual([2]);
  });

  test.each(['unknown', 'queued', 'never', 'error'] as const)('one that was told %s may be in or not', (answer) => {
    expect(broken(damage.withLog('next too', { answer }))).toEqual([]);
    const without = damage.withChain((drafts) => void drafts.pop());
    const logs = damage.withLog('next too', { answer }).logs ?? [];
    // the `next` that found nothing had a task to find then
    expect(broken({ ...without, logs: logs.filter(({ op }) => op !== damage.id('none')) })).toEqual([]);
  });

  test('another version than was told', () => {
    expect(broken(damage.withLog('lock', { version: 900 }))).toEqual([2]);
  });

  test('another result than was told', () => {
    expect(broken(damage.withLog('next', { result: { task: '0000000d' } }))).toEqual([2]);
  });

  test('a queued operation that is lost', () => {
    const facts = { client: 'one', rejected: [], queued: [] };
    const lost = { ...damage.withLog('none', { answer: 'queued', published: false }), finals: [facts] };
    expect(broken(lost)).toEqual([2]);
    expect(broken({ ...lost, finals: [{ ...facts, queued: [damage.id('none')] }] })).toEqual([]);
    expect(
      broken({ ...lost, finals: [{ ...facts, rejected: [{ op: damage.id('none'), code: 'not-ready' }] }] }),
    ).toEqual([]);
    // nothing is known of this client yet
    expect(broken({ ...lost, finals: [] })).toEqual([]);
  });

  test('an operation that is in, and rejected or waiting as well', () => {
    const facts = { client: 'one', rejected: [], queued: [] };
    const rejected = [{ op: damage.id('next'), code: 'not-ready' }];
    expect(broken({ ...story, finals: [{ ...facts, rejected }] })).toEqual([2]);
    expect(broken({ ...story, finals: [{ ...facts, queued: [damage.id('next')] }] })).toEqual([2]);
  });
});

describe('3: asked', () => {
  test('an operation that nobody asked for', () => {
    expect(broken(damage.withLog('lock', null))).toEqual([3]);
    const unlogged = new Set([damage.id('lock')]);
    const input = damage.withLog('lock', null);
    expect(broken({ ...input, options: { ...story.options, unlogged } })).toEqual([]);
  });

  test.each([
    ['kind', 'second', { kind: 'task.edit' }],
    ['agent', 'second', { agent: 'carol' }],
    ['argument', 'second', { args: { workstream: 'w', title: 'Second', description: 'd'.repeat(2001) } }],
    ['argument that is left out', 'second', { args: { workstream: 'w', title: 'Second' } }],
    ['place in a batch', 'batch two', { batch: { id: 'another', k: 2, n: 3 } }],
  ])('an operation with another %s', (_what, name, other) => {
    expect(broken(damage.withLog(name, other))).toContain(3);
  });

  test('a proof that the client added is no other argument', () => {
    expect(
      broken(damage.withLog('complete', { args: { id: damage.id('first').slice(0, 8), result: 'It works' } })),
    ).toEqual([]);
  });

  test('a tentative next that became a claim', () => {
    const args = { workstream: 'w', label: 'urgent' };
    expect(
      broken(damage.withLog('claim', { kind: 'task.next', args, result: { task: damage.id('first').slice(0, 8) } })),
    ).toEqual([]);
  });

  test('a missing event line', () => {
    const input = damage.withChain((drafts, forge, at) => {
      change(drafts, at('next too'), (draft) => forge.withFile(draft, tail, (text) => text.replace(/[^\n]*\n$/, '')));
    });
    expect(broken(input)).toEqual([3, 5]);
  });

  test('a line too many', () => {
    const input = damage.withChain((drafts, forge, at) => {
      change(drafts, at('next too'), (draft) =>
        forge.withFile(draft, tail, (text) => `${text}${text.trimEnd().split('\n').at(-1)}\n`),
      );
    });
    expect(broken(input)).toEqual([3, 5]);
  });
});

describe('4: order', () => {
  test('what was answered before something else was asked stands behind it', () => {
    const early = damage.call('first').start;
    expect(broken(damage.withLog('second', { start: early - 9, end: early - 8 }))).toContain(4);
    // both were under way at the same time
    expect(broken(damage.withLog('second', { start: early - 9 }))).toEqual([]);
  });

  test('an unknown answer orders nothing', () => {
    const early = damage.call('first').start;
    expect(broken(damage.withLog('second', { start: early - 9, end: early - 8, answer: 'unknown' }))).toEqual([]);
  });
});

describe('7: refusals', () => {
  test.each([
    ['another code', 'held', { code: 'closed' }],
    [
      'a refusal of what could be done',
      'none',
      { kind: 'task.note', args: { id: '00000004', text: 'x' }, answer: 'refused', code: 'closed' },
    ],
    ['a lock that nobody held', 'locked', { args: { resource: 'something else' } }],
    [
      'a next that overlooked a task',
      'held',
      { kind: 'task.next', args: { workstream: null }, answer: 'none-ready', code: undefined },
    ],
    ['a heartbeat that was due', 'none', { kind: 'agent.heartbeat', args: { id: 'ada' }, answer: 'unchanged' }],
  ] as const)('%s', (_what, name, other) => {
    expect(broken(damage.withLog(name, other))).toEqual([7]);
  });

  test('one that was true before the call only', () => {
    const complete = damage.call('complete');
    const after = (complete?.end ?? 0) + 0.2;
    expect(broken(damage.withLog('held', { start: after, end: after + 0.1 }))).toEqual([7]);
  });

  test('one that became true after the call only', () => {
    const claim = damage.call('claim');
    const before = (claim?.start ?? 0) - 0.5;
    expect(broken(damage.withLog('held', { start: before, end: before + 0.2 }))).toEqual([7]);
    // as long as the claim may have been there, it may be true
    expect(broken(damage.withLog('held', { start: before, end: before + 0.6 }))).toEqual([]);
  });

  test('a lease that had run out by the clock of the call', () => {
    const held = damage.call('held');
    const clock = { start: held.start + 5000, end: held.start + 6000 };
    expect(broken(damage.withLog('held', { clock }))).toEqual([7]);
    expect(broken({ ...damage.withLog('held', { clock }), options: { ...story.options, clockError: 10_000 } })).toEqual(
      [],
    );
  });

  test('tentative refusals and those of texts are not judged', () => {
    expect(broken(damage.withLog('locked', { args: { resource: 'something else' }, published: false }))).toEqual([]);
    expect(broken(damage.withLog('locked', { args: { resource: 'something else' }, code: 'secret-found' }))).toEqual(
      [],
    );
  });

  test('a refused batch is judged as one', () => {
    const line = (k: number, kind: string, args: Record<string, unknown>, code: string): CallRecord => {
      const held = damage.call('locked');
      return { ...held, op: `batch-line-${k}`, kind, args, code, batch: { id: 'refused-batch', k, n: 2 } };
    };
    const create = line(1, 'workstream.create', { name: 'v' }, 'batch-refused');
    const known = line(2, 'task.add', { workstream: 'v', title: 'T' }, 'not-found');
    const unknown = line(2, 'task.add', { workstream: 'u', title: 'T' }, 'not-found');
    expect(broken({ ...story, logs: [...story.logs, create, known] })).toEqual([7]);
    expect(broken({ ...story, logs: [...story.logs, create, unknown] })).toEqual([]);
  });
});
