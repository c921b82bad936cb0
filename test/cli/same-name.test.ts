/** The same agent id elsewhere, without the token, is somebody else; and a worker's processes prove its claim. */
import { describe, expect, test } from 'vitest';
import { addTask, type OrcRunner, orcIn, orcWithBoard } from '../support/command-line.ts';
import { makeBareRemote, makeClone } from '../support/git-fixtures.ts';

type Words = readonly string[];

async function refused(orc: OrcRunner, words: Words): Promise<string> {
  const ran = await orc(...words, '--json');
  expect({ words, code: ran.code }).toEqual({ words, code: 3 });
  return ran.error().code;
}

/** A task and two locks that agent-1 holds in one place, and the same name in another. */
async function hold(here: OrcRunner) {
  const id = await addTask(here, 'Task');
  const task = (await here('t', 'claim', id, 'agent-1', '--json')).json().data;
  const deploy = (await here('l', 'acquire', 'deploy', 'agent-1', '--ttl', '10m', '--json')).json().data;
  await here('l', 'acquire', 'path:src/**', 'agent-1', '--ttl', '10m');
  return { id, token: String(task.claim.token), lockToken: String(deploy.holders[0].token) };
}

async function twoClones(): Promise<{ here: OrcRunner; elsewhere: OrcRunner }> {
  const remote = makeBareRemote();
  const [here, elsewhere] = [orcIn(makeClone(remote)), orcIn(makeClone(remote))];
  await here('ws', 'create', 'build');
  return { here, elsewhere };
}

const places: readonly [string, typeof twoClones][] = [
  ['another clone', twoClones],
  [
    'another session of one work tree',
    async () => {
      const { orc, folder } = await orcWithBoard({ env: { ...process.env, ORC_SESSION: 'one' } });
      return { here: orc, elsewhere: orcIn(folder, { env: { ...process.env, ORC_SESSION: 'two' } }) };
    },
  ],
];

describe('the same name elsewhere', () => {
  test.each(places)('may do nothing that only the holder may: in %s', async (_, open) => {
    const { here, elsewhere } = await open();
    const { id } = await hold(here);
    for (const words of [
      ['t', 'complete', id, 'x', '--agent', 'agent-1'],
      ['t', 'fail', id, 'x', '--agent', 'agent-1'],
      ['t', 'release', id, '--agent', 'agent-1'],
      ['t', 'renew', id, 'agent-1'],
      ['t', 'block', id, '--agent', 'agent-1'],
      ['l', 'release', 'deploy', 'agent-1'],
      ['l', 'renew', 'deploy', 'agent-1'],
    ])
      expect(await refused(elsewhere, words)).toBe('not-holder');
    expect(await refused(elsewhere, ['t', 'claim', id, 'agent-1'])).toBe('already-claimed');
    expect(await refused(elsewhere, ['l', 'acquire', 'deploy', 'agent-1'])).toBe('lock-held');
    expect(await refused(elsewhere, ['l', 'acquire', 'path:src/a.ts', 'agent-1'])).toBe('lock-held');
    expect((await elsewhere('l', 'check', 'deploy', 'agent-1')).code).toBe(3);
    // Where it was claimed, no token is needed.
    expect((await here('l', 'acquire', 'path:src/a.ts', 'agent-1')).code).toBe(0);
    expect((await here('t', 'renew', id, 'agent-1')).code).toBe(0);
    expect((await here('l', 'release', 'deploy', 'agent-1')).code).toBe(0);
    expect((await here('t', 'complete', id, 'x', '--agent', 'agent-1')).code).toBe(0);
  });

  test('may do all of it with the token, and what it extended that way is remembered there', async () => {
    const { here, elsewhere } = await twoClones();
    const { id, token, lockToken } = await hold(here);
    expect((await elsewhere('l', 'check', 'deploy', 'agent-1', '--token', lockToken)).code).toBe(0);
    expect((await elsewhere('l', 'acquire', 'deploy', 'agent-1', '--token', lockToken)).code).toBe(0);
    expect((await elsewhere('l', 'renew', 'deploy', 'agent-1')).code).toBe(0);
    expect((await elsewhere('l', 'release', 'deploy', 'agent-1')).code).toBe(0);
    expect((await elsewhere('t', 'renew', id, 'agent-1', '--token', token)).code).toBe(0);
    expect((await elsewhere('t', 'fail', id, 'x', '--agent', 'agent-1', '--token', token)).code).toBe(0);
    expect(await refused(here, ['t', 'complete', id, 'x', '--agent', 'agent-1'])).toBe('stale-token');
    expect(await refused(here, ['l', 'release', 'deploy', 'agent-1'])).toBe('stale-token');
  });
});

describe('ORC_TASK and ORC_CLAIM_TOKEN, as a worker sets them', () => {
  const childOf = (folder: string, env: Readonly<Record<string, string>>) =>
    orcIn(folder, { env: { ...process.env, ORC_SESSION: 'child', ORC_AGENT: 'agent-1', ...env } });

  test('prove whatever needs a proof of that task', async () => {
    const { orc, folder } = await orcWithBoard();
    const { id, token } = await hold(orc);
    const other = childOf(folder, { ORC_TASK: id.slice(0, 7), ORC_CLAIM_TOKEN: token });
    expect(await refused(other, ['t', 'renew', id])).toBe('not-holder');
    let child = childOf(folder, { ORC_TASK: id, ORC_CLAIM_TOKEN: token });
    for (const verb of ['renew', 'fail', 'release', 'complete']) {
      expect((await child('t', verb, id.slice(0, 7))).code).toBe(0);
      if (verb === 'renew' || verb === 'complete') continue;
      const again = (await orc('t', 'claim', id, 'agent-1', '--json')).json().data;
      child = childOf(folder, { ORC_TASK: id, ORC_CLAIM_TOKEN: String(again.claim.token) });
    }
  });

  test('a note extends the lease; other tasks are not concerned, nor locks', async () => {
    const { orc, folder } = await orcWithBoard();
    const { id, token } = await hold(orc);
    const other = await addTask(orc, 'Other');
    await orc('t', 'claim', other, 'agent-1', '--lease', '5m');
    await orc('t', 'renew', id, 'agent-1', '--lease', '5m');
    const child = childOf(folder, { ORC_TASK: id, ORC_CLAIM_TOKEN: token });
    const leaseOf = async (task: string) =>
      Date.parse((await orc('t', 'show', task, '--json')).json().data.claim.lease_until);
    const before = await leaseOf(id);
    await child('t', 'note', id, 'half way');
    expect(await leaseOf(id)).toBeGreaterThan(before + 20 * 60_000);
    expect(await refused(child, ['t', 'complete', other])).toBe('not-holder');
    expect(await refused(child, ['l', 'release', 'deploy'])).toBe('not-holder');
  });

  test('go before what the session remembers: a process of an older claim is refused', async () => {
    const { orc, folder } = await orcWithBoard();
    const { id, token } = await hold(orc);
    await orc('t', 'release', id, '--agent', 'agent-1');
    await orc('t', 'claim', id, 'agent-1');
    const child = orcIn(folder, {
      env: { ...process.env, ORC_AGENT: 'agent-1', ORC_TASK: id, ORC_CLAIM_TOKEN: token },
    });
    expect(await refused(child, ['t', 'complete', id])).toBe('stale-token');
    // What is said in the call goes before both.
    const newer = String((await orc('t', 'show', id, '--json')).json().data.claim.token);
    expect((await child('t', 'complete', id, '--token', newer)).code).toBe(0);
  });

  test('are of no use to another agent, and prove nothing when they are empty', async () => {
    const { orc, folder } = await orcWithBoard();
    const { id, token } = await hold(orc);
    const other = childOf(folder, { ORC_TASK: id, ORC_CLAIM_TOKEN: token, ORC_AGENT: 'agent-2' });
    expect(await refused(other, ['t', 'complete', id])).toBe('not-holder');
    expect(await refused(childOf(folder, { ORC_TASK: id, ORC_CLAIM_TOKEN: '' }), ['t', 'complete', id])).toBe(
      'not-holder',
    );
  });

  test('are told when the token cannot be read: what the session remembers does not take its place', async () => {
    const { orc, folder } = await orcWithBoard();
    const { id, token } = await hold(orc);
    for (const bad of ['x', '0', '-1', `${token} `, 'null']) {
      const env = { ...process.env, ORC_AGENT: 'agent-1', ORC_TASK: id, ORC_CLAIM_TOKEN: bad };
      const error = (await orcIn(folder, { env })('t', 'complete', id, '--json')).error();
      expect([bad, error.code, error.hint]).toEqual([bad, 'invalid-argument', expect.stringContaining('unset it')]);
    }
    const child = childOf(folder, { ORC_TASK: id, ORC_CLAIM_TOKEN: 'x' });
    expect((await child('ws', 'create', 'other')).code).toBe(0);
    expect((await child('t', 'complete', id, '--token', token)).code).toBe(0);
  });
});

test('a retired agent hears what has become of it', async () => {
  const { orc } = await orcWithBoard();
  await orc('a', 'register', 'agent-1');
  const { id } = await hold(orc);
  expect((await orc('a', 'retire', 'agent-1', '--agent', 'lead')).out).toBe('Retired agent: agent-1\n');
  expect(await refused(orc, ['t', 'complete', id, '--agent', 'agent-1'])).toBe('stale-token');
  expect(await refused(orc, ['l', 'renew', 'deploy', 'agent-1'])).toBe('stale-token');
  for (const words of [
    ['t', 'next', 'build', 'agent-1'],
    ['l', 'acquire', 'deploy', 'agent-1'],
    ['a', 'heartbeat', 'agent-1'],
  ])
    expect(await refused(orc, words)).toBe('not-found');
  expect((await orc('l', 'list')).out).toBe('No locks.\n');
});

test('a heartbeat that was not needed says so', async () => {
  const { orc } = await orcWithBoard();
  await orc('a', 'register', 'agent-1');
  const ran = await orc('a', 'heartbeat', 'agent-1');
  expect(ran).toMatchObject({ code: 0 });
  expect(ran.out).toMatch(/^Heartbeat: agent-1 \(not needed: /);
  expect((await orc('a', 'heartbeat', 'agent-1', '--json')).json()).toMatchObject({ published: null });
});
