/** The upstream is reached as git in the clone reaches it. */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { openOrc } from '../../src/app/orc.ts';
import { fakeGitServer } from '../support/fake-git-server.ts';
import { git, installHook, makeBareRemote, makeClone } from '../support/git-fixtures.ts';
import { makeTempDir } from '../support/temp-dir.ts';

test('a remote below the home folder (`~/`) is where git finds it, with its own hooks', async () => {
  const home = makeTempDir();
  const remote = makeBareRemote();
  const [one, two] = [makeClone(remote), makeClone(remote)];
  renameSync(remote, path.join(home, 'board of mine.git'));
  installHook(path.join(home, 'board of mine.git'), 'post-receive', `touch '${home}/received'`);
  for (const clone of [one, two]) git(clone, 'remote', 'set-url', 'origin', '~/board of mine.git');
  const env = { ...process.env, HOME: home };
  await using first = await openOrc({ cwd: one, env, create: true });
  await first.createWorkstream('w');
  await using second = await openOrc({ cwd: two, env });
  expect((await second.addTask('w', { title: 'Seen' })).title).toBe('Seen');
  expect((await first.sync()).reachable).toBe(true);
  expect(existsSync(path.join(home, 'received'))).toBe(true);
});

test('settings that hold for the clone alone (`includeIf`) are those with which its upstream is reached', async () => {
  const folder = makeTempDir();
  const remote = makeBareRemote();
  const clone = makeClone(remote);
  const [denying, working] = ['denying', 'working'].map((name) => path.join(folder, name));
  writeFileSync(String(denying), `#!/bin/sh\necho denied >&2\nexit 255\n`, { mode: 0o755 });
  // What ssh is asked to run over there comes last.
  const there = `#!/bin/sh\necho used >> '${folder}/uses'\nfor last; do :; done\nexec sh -c "$last"\n`;
  writeFileSync(String(working), there, { mode: 0o755 });
  git(clone, 'remote', 'set-url', 'origin', `ssh://host.invalid${remote}`);
  mkdirSync(path.join(folder, 'settings'));
  writeFileSync(path.join(folder, 'settings/work'), `[core]\n\tsshCommand = ${working}\n`);
  const env = { ...process.env, GIT_CONFIG_GLOBAL: path.join(folder, 'settings/global') };
  const condition = `[includeIf "gitdir:${path.join(clone, '.git')}"]\n\tpath = work\n`;
  writeFileSync(env.GIT_CONFIG_GLOBAL, `[core]\n\tsshCommand = ${denying}\n${condition}`);
  await using orc = await openOrc({ cwd: clone, env, create: true });
  await orc.createWorkstream('w');
  expect(readFileSync(path.join(folder, 'uses'), 'utf8')).toContain('used');
  expect(git(remote, 'branch', '--list', 'orc')).toContain('orc');
});

describe('a redirect', () => {
  const header = `Authorization: Basic ${Buffer.from('user:hunter22').toString('base64')}`;
  const cases = [
    { title: 'the token of the environment', env: { ORC_AUTH_TOKEN: 'own-token' }, settings: [] },
    { title: 'a header that is configured', env: {}, settings: [['http.extraHeader', header]] },
  ] as const;

  test.each(cases)('to another server: $title stays behind', async ({ env, settings }) => {
    const remote = makeBareRemote();
    const target = await fakeGitServer(remote);
    const server = await fakeGitServer(makeBareRemote(), {
      onRequest: ({ url = '' }, response) => {
        response.writeHead(302, { location: target.url() + url.slice(url.indexOf('/info/refs')) }).end();
        return true;
      },
    });
    const clone = makeClone(remote);
    git(clone, 'remote', 'set-url', 'origin', server.url());
    for (const [key, value] of settings) git(clone, 'config', key, value);
    await using orc = await openOrc({ cwd: clone, env: { ...process.env, ...env }, create: true });
    await orc.createWorkstream('w');
    expect(git(remote, 'rev-list', '--count', 'orc')).toBe('2');
    expect(server.seen.every(({ headers }) => headers.authorization !== undefined)).toBe(true);
    // Another port is another server.
    expect(target.seen.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
    expect(target.seen.some(({ method }) => method === 'POST')).toBe(true);
  });

  test('is not followed where git is told not to follow any', async () => {
    const remote = makeBareRemote();
    const target = await fakeGitServer(remote);
    const server = await fakeGitServer(remote, {
      onRequest: ({ url = '' }, response) => {
        response.writeHead(302, { location: target.url() + url.slice(url.indexOf('/info/refs')) }).end();
        return true;
      },
    });
    const clone = makeClone(remote);
    git(clone, 'remote', 'set-url', 'origin', server.url());
    git(clone, 'config', 'http.followRedirects', 'false');
    const opening = openOrc({ cwd: clone, create: { upstream: 'origin' } });
    await expect(opening).rejects.toMatchObject({ code: 'unreachable', message: expect.stringMatching(/ 302$/) });
    expect(target.seen).toEqual([]);
  });

  test('on one server keeps the credentials; one that leads to no repository is told', async () => {
    const remote = makeBareRemote();
    let to = '';
    const server = await fakeGitServer(remote, {
      credentials: 'x-access-token:own-token',
      onRequest: ({ url = '' }, response) => {
        if (!url.startsWith('/old/')) return false;
        response.writeHead(301, { location: to + url.slice('/old'.length) }).end();
        return true;
      },
    });
    const clone = makeClone(remote);
    git(clone, 'remote', 'set-url', 'origin', server.url().replace(/(?<=\d)\//, '/old/'));
    const env = { ...process.env, ORC_AUTH_TOKEN: 'own-token' };
    await using orc = await openOrc({ cwd: clone, env, create: true });
    await orc.createWorkstream('w');
    expect(git(remote, 'rev-list', '--count', 'orc')).toBe('2');
    to = 'ftp://elsewhere.invalid';
    await using again = await openOrc({ cwd: clone, env });
    expect(await again.sync()).toMatchObject({ reachable: false, reason: expect.stringContaining('redirects') });
  });
});
