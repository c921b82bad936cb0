/** Over HTTP the server's clock is compared with this machine's, on the requests that are made anyway. */
import { expect, test } from 'vitest';
import { realWorld, type World } from '../../src/app/connect.ts';
import { type Orc, openOrc } from '../../src/index.ts';
import { git, makeBareRemote } from '../support/git-fixtures.ts';
import { type HttpRemote, serveOverHttp } from '../support/http-remote.ts';
import { makeTempDir } from '../support/temp-dir.ts';

const hour = 3_600_000;
const credentials = 'user:password';

/** A remote over HTTP, its clock, and clients with clocks of their own; all in ms ahead of the real time. */
async function makePlace(choice: string) {
  const clock = { server: 0 as number | null };
  const server = await serveOverHttp(makeBareRemote(), credentials, { clockAhead: () => clock.server });
  const client = async (agent: string, ahead: () => number): Promise<Orc> => {
    const world: World = { ...realWorld, clock: { ...realWorld.clock, now: () => Date.now() + ahead() } };
    const env = { ...process.env, ORC_GIT: choice };
    const cwd = makeTempDir();
    git(cwd, 'init', '--quiet');
    git(cwd, 'remote', 'add', 'origin', server.url(credentials));
    return openOrc({ cwd, agent, world, env, create: true });
  };
  return { server, clock, client };
}

async function requestsOf<T>({ requests }: HttpRemote, work: () => Promise<T>): Promise<{ made: number; result: T }> {
  const before = requests.length;
  const result = await work();
  return { made: requests.length - before, result };
}

test.each(['native', 'portable'])(
  '%s: a clock that is an hour off takes nothing over, and is told in status',
  async (choice) => {
    const { server, clock, client } = await makePlace(choice);
    let [adaAhead, bobAhead] = [0, 0];
    await using ada = await client('ada', () => adaAhead);
    await ada.createWorkstream('w');
    const { id } = await ada.addTask('w', { title: 'One' });
    await ada.getNextTask('w', 'ada');
    await ada.acquireLock('deploy', 'ada', 60_000);
    await using bob = await client('bob', () => bobAhead);
    await bob.sync();
    expect((await bob.status()).sync.clock).toMatchObject({ off: false });

    // An hour later; bob's clock has gone two hours on.
    clock.server = hour;
    adaAhead = hour;
    bobAhead = 2 * hour;
    await expect(bob.claimTask('w', id, 'bob')).rejects.toMatchObject({
      code: 'clock-off',
      details: { off_ms: expect.any(Number) },
    });
    await expect(bob.getNextTask('w', 'bob')).rejects.toMatchObject({ code: 'clock-off' });
    await expect(bob.acquireLock('deploy', 'bob')).rejects.toMatchObject({ code: 'clock-off' });
    await bob.addTask('w', { title: 'Two' });
    expect((await bob.getNextTask('w', 'bob'))?.title).toBe('Two');
    expect(await bob.acquireLock('other', 'bob')).toBe(true);
    expect((await ada.sync()).reachable).toBe(true);
    expect(Object.keys((await ada.loadState()).locks ?? {})).toContain('deploy');
    const { sync } = await bob.status();
    expect(sync.clock?.off).toBe(true);
    expect(sync.clock?.ahead_ms).toBeGreaterThan(-hour - 5000);
    expect(sync.clock?.ahead_ms).toBeLessThan(-hour + 5000);
    expect(Date.parse(sync.last_contact ?? '')).toBeGreaterThan(Date.now() + 2 * hour - 60_000);
    expect(await bob.statusText()).toContain("Warning: this machine's clock is 60m ahead of that of origin");

    bobAhead = hour;
    const { made } = await requestsOf(server, async () => {
      const task = await bob.claimTask('w', id, 'bob');
      expect(task.assigned_to).toBe('bob');
    });
    expect(made).toBeGreaterThan(0);
    expect((await bob.status()).sync.clock).toMatchObject({ off: false });
    await expect(ada.completeTask('w', id, 'late', { agent: 'ada' })).rejects.toMatchObject({ code: 'stale-token' });
  },
);

test.each(['native', 'portable'])('%s: comparing costs no request where nobody’s time is up', async (choice) => {
  const { server, clock, client } = await makePlace(choice);
  await using ada = await client('ada', () => clock.server ?? 0);
  await ada.createWorkstream('w');
  const plain = await requestsOf(server, () => ada.addTask('w', { title: 'One' }));
  const next = await requestsOf(server, () => ada.getNextTask('w', 'ada'));
  expect(next.made).toBe(plain.made);
  // A reading counts for a minute, as long as nobody sets the clock.
  await ada.acquireLock('deploy', 'ada', 1);
  const sweeping = await requestsOf(server, () => ada.logEvent('ada', 'looked'));
  expect(sweeping.made).toBe(plain.made);
});

test.each(['native', 'portable'])(
  '%s: a server that tells no time is like a folder: takeovers go by the own clock',
  async (choice) => {
    const { clock, client } = await makePlace(choice);
    clock.server = null;
    let ahead = 0;
    await using ada = await client('ada', () => 0);
    await using bob = await client('bob', () => ahead);
    await ada.createWorkstream('w');
    const { id } = await ada.addTask('w', { title: 'One' });
    await ada.getNextTask('w', 'ada');
    ahead = hour;
    expect((await bob.claimTask('w', id, 'bob')).assigned_to).toBe('bob');
    expect((await bob.status()).sync.clock).toBe(null);
  },
);
