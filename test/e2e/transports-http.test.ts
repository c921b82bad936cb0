/** What only HTTP has: passwords and where they come from, headers, proxies. None of it may show anywhere. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { openOrc } from '../../src/index.ts';
import { git, installHook } from '../support/git-fixtures.ts';
import { type OrcRun, runOrc } from '../support/run-orc.ts';
import { startForwardProxy } from '../support/servers/forward-proxy.ts';
import { beginBoard, describeServer, type Place } from '../support/servers/in-tests.ts';
import { makeTempDir } from '../support/temp-dir.ts';

/** A repository with one remote, as `git init` and `git remote add` leave it. */
function makeRepository(url: string, settings: readonly (readonly [string, string])[] = []): string {
  const folder = path.join(makeTempDir(), 'repo');
  git('/', 'init', '--quiet', folder);
  git(folder, 'remote', 'add', 'origin', url);
  for (const [key, value] of settings) git(folder, 'config', '--add', key, value);
  return folder;
}

/** Everything that lies in a folder, as one text. */
function readAll(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => `${entry.name}\n${readFileSync(path.join(entry.parentPath, entry.name), 'latin1')}`)
    .join('\n');
}

/** Every object of a repository, unpacked, with the refs. */
function readObjects(repository: string): string {
  const dump = execFileSync('git', ['cat-file', '--batch', '--batch-all-objects'], { cwd: repository, maxBuffer: 1e9 });
  return `${dump.toString('latin1')}\n${git(repository, 'for-each-ref')}`;
}

/** Whether a password shows, as it is, as it stands in a URL, or in a header. */
function findsSecret(text: string, user: string, password: string): string[] {
  const forms = [password, encodeURIComponent(password), Buffer.from(`${user}:${password}`).toString('base64')];
  return forms.filter((form) => text.includes(form));
}

const said = (runs: readonly OrcRun[]): string => runs.map(({ stdout, stderr }) => `${stdout}\n${stderr}`).join('\n');

describeServer('http', 'credentials', (server, place) => {
  /** Claims by the command in a repository that has never seen the board: join, fetch and push need the password. */
  async function claimIn(cwd: string, here: Place, env: NodeJS.ProcessEnv = {}): Promise<OrcRun> {
    const run = await runOrc(['t', 'next', 'w', 'agent-1', '--json'], { cwd, env: { ...here.env, ...env } });
    expect([run.exitCode, run.stderr]).toEqual([0, '']);
    expect(run.json().published).toBe(true);
    return run;
  }

  const header = () =>
    `AUTHORIZATION: basic ${Buffer.from(`${server().user}:${server().password}`).toString('base64')}`;
  const helper = () =>
    `!f() { test "$1" = get && printf 'username=${server().user}\\npassword=${server().password}\\n'; }; f`;

  test('are taken from the URL, a helper, a header in the clone, or one in the environment', async () => {
    const here = place();
    const { orc } = await beginBoard(here);
    await orc.batch(
      Array.from({ length: 5 }, (_, i) => ({ kind: 'task.add', args: { workstream: 'w', title: `Task ${i}` } })),
    );
    await orc.close();
    const plain = server().plainUrl(here.repository);
    const base = `http://127.0.0.1:${server().port}/`;
    const runs = [
      await claimIn(makeRepository(here.url), here),
      await claimIn(makeRepository(plain, [['credential.helper', helper()]]), here),
      await claimIn(makeRepository(plain, [[`credential.${base}.helper`, helper()]]), here),
      // As the checkout step of a CI leaves it.
      await claimIn(makeRepository(plain, [[`http.${base}.extraheader`, header()]]), here),
      await claimIn(makeRepository(plain), here, {
        GIT_CONFIG_COUNT: '1',
        GIT_CONFIG_KEY_0: `http.${base}.extraHeader`,
        GIT_CONFIG_VALUE_0: header(),
      }),
    ];
    const ids = runs.map((run) => run.json<{ data: { id: string } }>().data.id);
    expect(new Set(ids).size).toBe(5);
    expect(findsSecret(said(runs) + readObjects(here.remote), server().user, server().password)).toEqual([]);
  });

  test('show nowhere: not in what is printed, logged, queued, remembered or committed', async () => {
    const here = place();
    const { clone: cwd, orc } = await beginBoard(here);
    await orc.close();
    const { env } = here;
    const runs: OrcRun[] = [];
    const run = async (...args: string[]) => {
      const done = await runOrc(args, { cwd, env });
      runs.push(done);
      return done;
    };
    await run('t', 'add', 'w', 'One', '--json');
    await run('init');
    await run('status', '--json');
    installHook(here.remote, 'pre-receive', 'echo "no: $REMOTE_USER at $HTTP_AUTHORIZATION" >&2; exit 1');
    expect((await run('t', 'add', 'w', 'Two')).exitCode).toBe(1);
    await server().stop();
    try {
      expect((await run('t', 'add', 'w', 'Three', '--json')).exitCode).toBe(5);
      expect((await run('t', 'add', 'w', 'Four')).exitCode).toBe(5);
      expect((await run('t', 'next', 'w', 'agent-1')).exitCode).toBe(5);
      await run('sync');
      await run('status');
      await run('log', '--json');
      await run('init', '--remote', 'nowhere');
    } finally {
      await server().start();
    }
    const texts = {
      printed: said(runs),
      store: readAll(path.join(cwd, '.git/orc')),
      'store, unpacked': readObjects(path.join(cwd, '.git/orc/board.git')),
      upstream: readObjects(here.remote),
    };
    expect(texts.store).toContain('Four'); // the queue is there
    for (const [where, text] of Object.entries(texts)) {
      expect(findsSecret(text, server().user, server().password), where).toEqual([]);
    }
  });

  test('that are wrong or missing are told in one line; what was asked waits until they are right', async () => {
    const here = place();
    const { clone: cwd, orc } = await beginBoard(here);
    await orc.close();
    const { env } = here;
    const wrong = 'wr0ng/Secret';
    const wrongUrl = here.url.replace(encodeURIComponent(server().password), encodeURIComponent(wrong));
    expect(wrongUrl).not.toBe(here.url);
    const cases = [
      { url: wrongUrl, words: /Authentication failed for 'http:\/\/127\.0\.0\.1:\d+\// },
      { url: server().plainUrl(here.repository), words: /could not read Username for 'http:\/\/127\.0\.0\.1:\d+'/ },
    ];
    const runs: OrcRun[] = [];
    for (const { url, words } of cases) {
      git(cwd, 'remote', 'set-url', 'origin', url);
      const added = await runOrc(['t', 'add', 'w', 'Task'], { cwd, env });
      expect(added.exitCode).toBe(5);
      expect(added.stderr).toMatch(/^not published: [^\n]+ — queued; orc sync publishes it\n$/);
      expect(added.stderr).toMatch(words);
      const joined = await runOrc(['init'], { cwd: makeRepository(url), env });
      expect(joined.exitCode).toBe(1);
      expect(joined.stderr).toMatch(/^error: [^\n]+\n(hint: [^\n]+\n)?$/);
      expect(joined.stderr).toMatch(words);
      const synced = await runOrc(['sync', '--json'], { cwd, env });
      expect(synced.exitCode).toBe(5);
      runs.push(added, joined, synced);
    }
    expect(findsSecret(said(runs), server().user, wrong)).toEqual([]);
    git(cwd, 'remote', 'set-url', 'origin', here.url);
    const synced = await runOrc(['sync'], { cwd, env });
    expect(synced.stdout).toContain('2 published, 0 rejected, 0 waiting');
  });
});

describeServer('http', 'on the way', (server, place) => {
  test('a proxy of the clone, of its remote, or of a URL is used', async () => {
    const here = place();
    const { orc } = await beginBoard(here);
    await orc.batch(
      Array.from({ length: 3 }, (_, i) => ({ kind: 'task.add', args: { workstream: 'w', title: `Task ${i}` } })),
    );
    await orc.close();
    const proxy = await startForwardProxy(server().port);
    onTestFinished(() => proxy.stop());
    // A host that does not exist: only the proxy knows the way.
    const url = here.url.replace(/127\.0\.0\.1:\d+/, 'boards.invalid');
    for (const setting of ['http.proxy', 'remote.origin.proxy', 'http.http://boards.invalid/.proxy']) {
      const before = proxy.asked.length;
      await using through = await openOrc({ cwd: makeRepository(url, [[setting, proxy.url]]), env: here.env });
      expect((await through.getNextTask('w', 'agent-1'))?.claim?.token).toEqual(expect.any(Number));
      const asked = proxy.asked.slice(before);
      expect(
        asked.some((target) => target.startsWith(`http://boards.invalid/${here.repository}/git-receive-pack`)),
      ).toBe(true);
      expect(asked.filter((target) => !target.startsWith('http://boards.invalid/'))).toEqual([]);
    }
  });

  test('10 MB of words from a hook do not drown the answer', { timeout: 120_000 }, async () => {
    const here = place();
    const { clone: cwd, orc } = await beginBoard(here);
    await orc.close();
    const { env } = here;
    const flood = `yes "$(printf 'flood \\033[2J\\033]0;title\\007 of words')" | head -c 10000000 >&2`;
    installHook(here.remote, 'pre-receive', flood);
    const taken = await runOrc(['t', 'add', 'w', 'Taken', '--json'], { cwd, env });
    expect([taken.exitCode, taken.stderr, taken.json().published]).toEqual([0, '', true]);
    installHook(here.remote, 'pre-receive', `${flood}\necho enough >&2\nexit 1`);
    const refused = await runOrc(['t', 'add', 'w', 'Refused'], { cwd, env });
    expect(refused.exitCode).toBe(1);
    expect(refused.stderr).toMatch(
      /^error: the upstream refused the push: \[remote rejected\] \(pre-receive hook declined\)/,
    );
    expect(refused.stderr.length).toBeLessThan(2000);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be there
    expect(refused.stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });
});
