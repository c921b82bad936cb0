import { expect, test } from 'vitest';
import { MemoryUpstream } from '../../src/git/memory-upstream.ts';
import { authorOf } from '../../src/sync/draft.ts';
import { boardWith } from '../support/board-builder.ts';
import { beginBoard, fakeClock, memoryClient } from '../support/memory-client.ts';

const inherited = ['toString', 'valueOf', 'hasOwnProperty', 'toLocaleString'];

test.each(inherited)('an agent named %s has an address like any other', (agent) => {
  expect(authorOf(agent, boardWith()).email).toMatch(new RegExp(`^${agent}@[0-9a-f]{8}\\.orc$`));
});

test('the changes of an agent named toString are published, and those that wait with them', async () => {
  const client = memoryClient({ name: 'alpha', upstream: new MemoryUpstream(), clock: fakeClock() });
  await beginBoard(client);
  for (const agent of ['toString', 'beta']) {
    expect(await client.ask('agent.register', { id: agent }, agent)).toMatchObject({ published: true });
  }
  expect(await client.queue.list()).toEqual([]);
});
