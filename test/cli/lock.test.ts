import { expect, test } from 'vitest';
import { orcIn, orcWithBoard, worldWithoutWaiting } from '../support/command-line.ts';
import { git, makeBareRemote, makeClone } from '../support/git-fixtures.ts';

test('acquire, denied, list, release: the lines of the original', async () => {
  const { orc } = await orcWithBoard();
  const acquired = await orc('l', 'acquire', 'deploy', 'agent-1', '--ttl', '10m', '--reason', 'release');
  expect(acquired.code).toBe(0);
  expect(acquired.out).toMatch(/^Lock acquired: deploy\nUntil: \S+Z \(10m\) \| Token: \d+\n$/);
  const denied = await orc('l', 'acquire', 'deploy', 'agent-2');
  expect(denied.code).toBe(3);
  expect(denied.out).toMatch(/^Lock denied: deploy \(held by agent-1 until \d{4}-\S+Z\)\n$/);
  expect(denied.err).toMatch(/^hint: .+\n$/);
  await orc('l', 'acquire', 'path:src/**', 'agent-1');
  expect((await orc('l', 'acquire', 'path:src/a.ts', 'agent-2')).out).toMatch(
    /^Lock denied: path:src\/a\.ts \(held by agent-1 as path:src\/\*\* until \S+Z\)\n$/,
  );
  await orc('l', 'release', 'path:src/**', 'agent-1');
  expect((await orc('lock', 'ls')).out).toMatch(/^deploy: held by agent-1 \(10m left\) - release\n$/);
  expect(await orc('l', 'release', 'deploy', 'agent-2')).toMatchObject({ code: 3, out: 'Lock not held by agent-2\n' });
  expect(await orc('l', 'release', 'deploy', 'agent-1')).toMatchObject({ code: 0, out: 'Lock released: deploy\n' });
  expect((await orc('l', 'list')).out).toBe('No locks.\n');
});

test('whoever acquired it here need not say who that was', async () => {
  const { orc } = await orcWithBoard();
  await orc('l', 'acquire', 'deploy', 'agent-1');
  expect((await orc('l', 'renew', 'deploy', '--ttl', '5m')).out).toMatch(/^Lock renewed: deploy\nUntil: \S+ \(5m\)/);
  expect((await orc('l', 'release', 'deploy')).out).toBe('Lock released: deploy\n');
});

test('as JSON a denied lock is an error with its facts', async () => {
  const { orc } = await orcWithBoard();
  const acquired = await orc('l', 'acquire', 'deploy', 'agent-1', '--json');
  expect(acquired.json().data).toMatchObject({
    resource: 'deploy',
    shared: false,
    holders: [{ agent: 'agent-1', token: expect.any(Number) }],
  });
  const denied = await orc('l', 'acquire', 'deploy', 'agent-2', '--json');
  expect(denied.out).toBe('');
  expect(denied.error()).toMatchObject({ code: 'lock-held', details: { by: 'agent-1', until: expect.any(String) } });
});

test('shared locks go together', async () => {
  const { orc } = await orcWithBoard();
  await orc('l', 'acquire', 'docs', 'agent-1', '--shared');
  expect((await orc('l', 'acquire', 'docs', 'agent-2', '--shared')).code).toBe(0);
  expect((await orc('l', 'acquire', 'docs', 'agent-3')).code).toBe(3);
  expect((await orc('l', 'list')).lines()).toHaveLength(2);
});

test('--wait takes it when the hold of the other is over', async () => {
  const world = worldWithoutWaiting();
  const { orc } = await orcWithBoard({ world });
  await orc('l', 'acquire', 'deploy', 'agent-1', '--ttl', '40s');
  const short = await orc('l', 'acquire', 'deploy', 'agent-2', '--wait', '10s');
  expect(short.code).toBe(3);
  const long = await orc('l', 'acquire', 'deploy', 'agent-2', '--wait', '2m');
  expect(long.lines()[0]).toBe('Lock acquired: deploy');
  const waited = world.clock.monotonic();
  expect(waited).toBeGreaterThanOrEqual(40_000);
  expect(waited).toBeLessThan(60_000);
});

test('--wait leaves it to others for a second where it was let go of just now, and not later', async () => {
  const world = worldWithoutWaiting();
  const { orc } = await orcWithBoard({ world });
  const acquire = async (resource: string): Promise<number> => {
    const before = world.clock.monotonic();
    expect((await orc('l', 'acquire', resource, 'agent-1', '--wait', '1m')).code).toBe(0);
    return world.clock.monotonic() - before;
  };
  expect(await acquire('deploy')).toBe(0);
  await orc('l', 'release', 'deploy', 'agent-1');
  expect(await acquire('other')).toBe(0);
  expect(await acquire('deploy')).toBe(1000);
  await orc('l', 'release', 'deploy', 'agent-1');
  world.pass(1000);
  expect(await acquire('deploy')).toBe(0);
});

test('list shows how long each is held, and what is running out but still refused', async () => {
  const world = worldWithoutWaiting();
  const remote = makeBareRemote();
  const orc = orcIn(makeClone(remote), { world });
  await orc('ws', 'create', 'build');
  await orc('l', 'acquire', 'path:src/**', 'agent-2', '--ttl', '2m', '--shared');
  await orc('l', 'acquire', 'path:src/**', 'agent-1', '--ttl', '4m', '--shared');
  await orc('l', 'acquire', 'deploy', 'agent-1', '--ttl', '1m');
  const holds = async () => {
    const data = (await orc('l', 'list', '--json')).json().data as { resource: string; holders: { agent: string }[] }[];
    return data.flatMap(({ resource, holders }) => holders.map((hold) => ({ resource, ...hold })));
  };
  expect(await holds()).toMatchObject([
    { resource: 'deploy', agent: 'agent-1', expires_in_ms: 60_000, free_from: '2026-01-31T12:01:05.000Z' },
    { resource: 'path:src/**', agent: 'agent-2', expires_in_ms: 120_000 },
    { resource: 'path:src/**', agent: 'agent-1', expires_in_ms: 240_000 },
  ]);
  world.pass(62_000);
  expect((await orc('l', 'list')).lines()).toEqual([
    'deploy: held by agent-1 (running out, free from 2026-01-31T12:01:05.000Z)',
    'path:src/**: held by agent-2 (58s left) [shared]',
    'path:src/**: held by agent-1 (3m left) [shared]',
  ]);
  expect((await orc('status')).out).toContain('deploy: held by agent-1 (running out, free from ');
  const denied = await orc('l', 'acquire', 'deploy', 'agent-2', '--json');
  expect(denied.error()).toMatchObject({ code: 'lock-held', details: { free_from: '2026-01-31T12:01:05.000Z' } });
  world.pass(3000);
  expect((await holds())[0]).toMatchObject({ resource: 'path:src/**' });
  expect((await orc('l', 'acquire', 'deploy', 'agent-2')).code).toBe(0);
});

test('acquire again makes a lock shared, or exclusive as long as nobody shares it', async () => {
  const { orc } = await orcWithBoard();
  await orc('l', 'acquire', 'db', 'agent-1');
  expect((await orc('l', 'acquire', 'db', 'agent-1', '--shared')).code).toBe(0);
  await orc('l', 'acquire', 'db', 'agent-2', '--shared');
  expect((await orc('l', 'check', 'db', 'agent-1')).out).toMatch(/^Lock held by you: db /);
  expect((await orc('l', 'check', 'db', 'agent-3')).code).toBe(3);
  // Both agents of this session are remembered: who of them is meant has to be said.
  expect((await orc('l', 'renew', 'db')).code).toBe(2);
  expect((await orc('l', 'acquire', 'db', 'agent-1')).code).toBe(3);
  await orc('l', 'release', 'db', 'agent-2');
  expect((await orc('l', 'acquire', 'db', 'agent-1')).code).toBe(0);
  // The upgrade made a new hold: the session remembers that one.
  expect((await orc('l', 'renew', 'db', 'agent-1')).code).toBe(0);
  expect((await orc('l', 'release', 'db', 'agent-1')).code).toBe(0);
});

test('--wait ends when the person wants to stop', async () => {
  const { orc, folder } = await orcWithBoard();
  await orc('l', 'acquire', 'deploy', 'agent-1', '--ttl', '1h');
  const impatient = orcIn(folder, { signal: AbortSignal.abort() });
  expect((await impatient('l', 'acquire', 'deploy', 'agent-2', '--wait', '1h')).code).toBe(3);
});

test('break takes it away, with a reason', async () => {
  const { orc } = await orcWithBoard();
  await orc('l', 'acquire', 'deploy', 'agent-1');
  const without = await orc('l', 'break', 'deploy', '--json');
  expect([without.code, without.error().code]).toEqual([2, 'usage']);
  expect((await orc('l', 'break', 'deploy', 'agent-2', '--reason', 'it hangs')).out).toBe('Lock broken: deploy\n');
  expect((await orc('events', '--action', 'lock_broken')).out).toContain('reason=it hangs');
});

test('refusals have their codes', async () => {
  const { orc } = await orcWithBoard();
  const cases: readonly (readonly [readonly string[], number, string])[] = [
    [['l', 'acquire', 'deploy'], 2, 'usage'],
    [['l', 'acquire', '../x', 'agent-1'], 2, 'invalid-argument'],
    [['l', 'acquire', 'deploy', 'agent-1', '--ttl', '0'], 2, 'invalid-argument'],
    [['l', 'acquire', 'deploy', 'agent-1', '--ttl', 'NaN'], 2, 'invalid-argument'],
    [['l', 'acquire', 'deploy', 'agent-1', '--wait', 'long'], 2, 'invalid-argument'],
    [['l', 'release', 'deploy', 'agent-1'], 3, 'not-holder'],
    [['l', 'renew', 'deploy', 'agent-1'], 3, 'not-holder'],
    [['l', 'break', 'deploy', '--reason', 'x'], 3, 'not-found'],
    [['l', 'check', 'a:b'], 2, 'invalid-argument'],
  ];
  for (const [words, code, error] of cases) {
    const ran = await orc(...words, '--json');
    expect({ words, code: ran.code, error: ran.error().code }).toEqual({ words, code, error });
  }
});

test('check asks the upstream: free, mine, held, also by overlapping paths', async () => {
  const remote = makeBareRemote();
  const one = orcIn(makeClone(remote));
  const clone = makeClone(remote);
  const other = orcIn(clone);
  await one('ws', 'create', 'build');
  expect(await other('l', 'check', 'path:src/api/x.ts')).toMatchObject({
    code: 0,
    out: 'Lock free: path:src/api/x.ts\n',
  });
  await one('l', 'acquire', 'path:src/api/**', 'agent-1');
  // It has not fetched since: only asking can tell.
  const held = await other('l', 'check', 'path:src/api/x.ts', 'agent-2');
  expect(held.code).toBe(3);
  expect(held.out).toMatch(/^Lock held: path:src\/api\/x\.ts \(by agent-1 as path:src\/api\/\*\* until \S+\)\n$/);
  expect((await other('l', 'check', 'path:src/web/x.ts', 'agent-2')).code).toBe(0);
  expect((await one('l', 'check', 'path:src/api/x.ts', 'agent-1', '--json')).json().data.state).toBe('mine');
  // The same name elsewhere is somebody else.
  expect((await other('l', 'check', 'path:src/api/x.ts', 'agent-1')).code).toBe(3);
  const token = (await one('l', 'list', '--json')).json().data[0].holders[0].token as number;
  expect((await other('l', 'check', 'path:src/api/x.ts', 'agent-1', '--token', String(token))).code).toBe(0);

  git(clone, 'remote', 'set-url', 'origin', '/nonexistent/remote.git');
  const blind = await other('l', 'check', 'deploy', '--json');
  expect([blind.code, blind.error().code]).toEqual([1, 'unreachable']);
});
