/** Operations whose arguments stand in their commits as digests: long lists, documents, templates, imports. */
import { beforeAll, describe, expect, test } from 'vitest';
import { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import { change } from '../checker/damage.ts';
import { type Draft, Forge } from '../checker/forge.ts';
import { objectsOf, readChain } from '../support/checker/chain.ts';
import type { Chain } from '../support/checker/types.ts';
import { judgeChain } from '../support/judged-chain.ts';
import { boardId, fakeClock, memoryClient } from '../support/memory-client.ts';

const time = '2025-01-01T00:00:00.000Z';
const many = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, n) => make(n));
const hex = (n: number): string => (0xa0000000 + n).toString(16);

/** What somebody gives, and looks as commits name long texts. */
const quote = (length: number) => ({ $blob: 'a'.repeat(40), length });

let chain: Chain;
beforeAll(async () => {
  const upstream = new MemoryUpstream();
  const clock = fakeClock();
  const client = memoryClient({ name: 'one', upstream, clock });
  const ask = async (kind: string, args: Record<string, unknown>): Promise<void> => {
    const { outcome } = await client.ask(kind, args);
    expect(outcome, kind).toMatchObject({ outcome: 'accepted' });
  };
  const knowledge = many(4, (n) => ({ topic: `t${n}`, content: `${n}${' text'.repeat(900)}\r\n` }));
  const files = many(8, (n) => ({ path: `templates/${n}.md`, text: `${n} ${'x'.repeat(1500)}` }));
  await ask('board.init', { board: boardId, settings: `# ${'-'.repeat(1500)}\nlock_ttl: 1s\n`, knowledge, files });
  await ask('agent.register', { id: 'one' });
  await ask('lock.acquire', { resource: 'old' });
  clock.advance(60_000);
  const tasks = many(120, (n) => ({
    id: hex(n),
    title: `T${n}`,
    created_at: time,
    updated_at: time,
    description: 'd'.repeat(90),
  }));
  await ask('board.import', {
    version: 7,
    updated_at: time,
    workstreams: [{ name: 'w', created_at: time, tasks }],
    agents: many(90, (n) => ({ id: `agent-${n}`, registered_at: time, last_seen: time })),
    locks: many(80, (n) => ({
      resource: `r${n}`,
      agent: 'agent-1',
      acquired_at: '2026-01-01T00:00:00.000Z',
      ttl_ms: 10 ** 9,
      reason: 'r'.repeat(90),
    })),
    events: many(300, (n) => ({ ts: time, agent: 'agent-1', action: `did-${n}` })),
    knowledge: [{ topic: 't1', content: 'new'.repeat(3000) }],
  });
  await ask('task.edit', { id: hex(1), labels: many(250, (n) => `label-${n}-${'x'.repeat(40)}`) });
  await ask('task.edit', { id: hex(2), checks: many(16, (n) => ({ command: `${n} ${'y'.repeat(1200)}` })) });
  await ask('task.claim', { id: hex(2) });
  await ask('task.note', { id: hex(3), text: 'n'.repeat(3000) });
  const checks = many(16, (n) => ({
    ...{ command: `${n} ${'y'.repeat(1200)}`, exit_code: 0, duration_ms: 1, commit: null, dirty: null },
    output_tail: 'o'.repeat(2000),
  }));
  await ask('task.complete', { id: hex(2), token: 7, checks, result: 'r'.repeat(5000) });
  await ask('event.log', { action: 'seen', data: { text: 'e'.repeat(4000), list: many(900, (n) => `item ${n}`) } });
  await ask('event.log', {
    action: 'quoted',
    data: { short: quote(20), long: quote(2000), list: [quote(9000)], text: 'e'.repeat(4000) },
  });
  await ask('cycle.open', { plan: { tasks: many(700, (n) => ({ id: hex(n), why: 'because' })) }, plan_version: 3 });
  await ask('undo', { version: 5, reason: `${'u'.repeat(9000)}` });
  chain = readChain(objectsOf(upstream.objects), upstream.head ?? '');
});

const digests = (kind: string): number => {
  const message = chain.commits.find((each) => each.message.includes(`"kind":"${kind}"`))?.message ?? '';
  return message.split('$blob').length - 1;
};

test('all of them pass', async () => {
  for (const kind of ['board.init', 'board.import', 'task.edit', 'event.log', 'cycle.open', 'undo'])
    expect([kind, digests(kind)], kind).not.toEqual([kind, 0]);
  expect(await judgeChain(chain, 0)).toEqual({ outcome: 'honest', commits: chain.commits.length });
});

describe('an import that brings more than an import', () => {
  const at = (): number => chain.commits.findIndex(({ message }) => message.startsWith('board.import'));
  const judgeImport = (damaging: (draft: Draft, forge: Forge) => Draft) => {
    const forge = new Forge(chain);
    change(forge.drafts, at(), (draft) => damaging(draft, forge));
    forge.drafts.splice(at() + 1);
    return judgeChain(forge.chain(), at());
  };
  const lock = 'locks/r1.json';
  test.each<[string, string, (text: string) => string | null, string]>([
    ['a claim', `tasks/open/a/0/${hex(1)}.json`, (text) => claimed(text), 'wrong-result'],
    [
      'a record of another version',
      'workstreams/w.json',
      (text) => text.replace('"created_version": 4', '"created_version": 1'),
      'wrong-result',
    ],
    [
      'a record in a form of its own',
      'workstreams/w.json',
      (text) => text.replace('  "name"', '   "name"'),
      'wrong-result',
    ],
    ['a count', 'state.json', (text) => text.replace('"pending": 120', '"pending": 12'), 'wrong-result'],
    ['a change of a template', 'templates/1.md', () => 'x', 'wrong-result'],
    ['a hold of nobody’s', lock, (text) => text.replace('"token": 4', '"token": 3'), 'wrong-result'],
    ['a hold out of shape', lock, (text) => text.replace('"imported": true', '"imported": false'), 'malformed-record'],
    [
      'a line that passes for an operation',
      'events/0000000001.jsonl',
      (text) => text.replace('"did-7"}', '"did-7","op":"abcdefgh"}'),
      'wrong-result',
    ],
    [
      'a line without an agent',
      'events/0000000001.jsonl',
      (text) => text.replace('"agent":"agent-1","action":"did-7"', '"agent":7,"action":"did-7"'),
      'malformed-record',
    ],
    [
      'a line whose time is none',
      'events/0000000001.jsonl',
      (text) =>
        text.replace(`"${time}","agent":"agent-1","action":"did-7"`, '"soon","agent":"agent-1","action":"did-7"'),
      'wrong-result',
    ],
    [
      'a line that is no JSON',
      'events/0000000001.jsonl',
      (text) => text.replace('"action":"did-7"}', '"action":"did-7"'),
      'malformed-record',
    ],
    ['a past event', 'events/0000000001.jsonl', (text) => text.replace('board_created', 'x'), 'wrong-result'],
    ['a foreign file', 'run.sh', () => 'x', 'foreign-file'],
  ])('%s', async (_, path, edit, code) => {
    const verdict = await judgeImport((draft, forge) => forge.withFile(draft, path, edit));
    expect(verdict).toMatchObject({ outcome: 'refused', refusal: { code } });
  });

  test('an agent whose name no board takes', async () => {
    const verdict = await judgeImport((draft, forge) => {
      const [log = ''] = forge
        .paths(draft)
        .filter((path) => path.startsWith('events/'))
        .slice(-1);
      const { tree } = forge.withFile(draft, log, (text) =>
        text.replace('"agent":"one","action":"board_i', '"agent":"a:b","action":"board_i'),
      );
      const message = draft.message.replace('by one', 'by a:b').replace('"agent":"one"', '"agent":"a:b"');
      const { author } = draft.commit;
      const renamed = { ...author, name: 'a:b', email: author.email.replace('one', 'a-b') };
      return { tree, message, commit: { ...draft.commit, author: renamed } };
    });
    expect(verdict).toMatchObject({ outcome: 'refused', refusal: { code: 'invalid-argument' } });
  });

  function claimed(text: string): string {
    const claim = { id: 'abcdefgh', token: 4, claimed_at: time, lease_until: time };
    return `${JSON.stringify({ ...JSON.parse(text), status: 'in_progress', assigned_to: 'one', claim }, null, 2)}\n`;
  }
});
