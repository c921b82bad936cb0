import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findHost } from '../../src/git/host.ts';
import { HostConfig, readHostConfig } from '../../src/git/host-config.ts';
import { absoluteUrl, PINNED_URL, pinUrl, rewriteUrl } from '../../src/git/remote-url.ts';

let root: string;
let repo: string;
beforeAll(() => {
  root = realpathSync(mkdtempSync(path.join(os.tmpdir(), 'orc-host-config-')));
  repo = at('repo');
  git(root, ['init', '--quiet', '--initial-branch=main', repo]);
  git(repo, ['-c', 'user.name=t', '-c', 'user.email=t@t', 'commit', '--quiet', '--allow-empty', '-m', 'first']);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const at = (...parts: string[]): string => path.join(root, ...parts);
const environment = () => ({ PATH: process.env.PATH, HOME: root, GIT_CONFIG_NOSYSTEM: '1' });

function git(cwd: string, args: readonly string[], env: Record<string, string> = {}): string {
  return execFileSync('git', args, {
    cwd,
    env: { ...environment(), ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

const runGit = async (args: readonly string[]): Promise<Uint8Array> => Buffer.from(git(root, args));

const entries = (...pairs: (readonly [string, string])[]) =>
  pairs.map(([key, value]) => ({ scope: 'local' as const, key, value }));

describe('readHostConfig', () => {
  it('gives the same with git and without', async () => {
    writeFileSync(at('.gitconfig'), '[user]\n\tname = Ä\n[include]\n\tpath = more\n[orc]\n\tagent = global\n');
    writeFileSync(at('more'), '[http]\n\tproxy = http://global\n\tsslVerify\n');
    mkdirSync(at('.config/git'), { recursive: true });
    writeFileSync(at('.config/git/config'), '[orc]\n\tagent = xdg\n');
    git(repo, ['config', 'extensions.worktreeConfig', 'true']);
    git(repo, ['config', '--worktree', 'orc.agent', 'wt']);
    git(repo, ['config', 'remote.Or.Igin.url', '../elsewhere']);
    const host = findHost(repo, {});
    const [native, own] = [
      await readHostConfig(host, environment(), { runGit }),
      await readHostConfig(host, environment()),
    ];
    expect(own.entries).toEqual(native.entries);
    expect(own.get('orc.agent')).toBe('wt');
    expect(own.getAll('orc.agent')).toEqual(['xdg', 'global', 'wt']);
    expect(own.get('http.sslverify')).toBe('true');
    expect(own.isPartial).toBe(false);
    expect((await readHostConfig(null, environment())).get('orc.agent')).toBe('global');
    expect((await readHostConfig(null, environment(), { runGit })).entries.map(({ scope }) => scope)).not.toContain(
      'local',
    );
  });

  it('honours GIT_CONFIG_GLOBAL and GIT_CONFIG_SYSTEM', async () => {
    writeFileSync(at('other'), '[orc]\n\tagent = other\n');
    const env = {
      ...environment(),
      GIT_CONFIG_NOSYSTEM: '0',
      GIT_CONFIG_SYSTEM: at('other'),
      GIT_CONFIG_GLOBAL: at('more'),
    };
    const config = await readHostConfig(null, env);
    expect(config.entries.map(({ scope, key }) => `${scope} ${key}`)).toEqual([
      'system orc.agent',
      'global http.proxy',
      'global http.sslverify',
    ]);
  });

  it('says that it is partial when only git can tell (includeIf)', async () => {
    const env = { ...environment(), GIT_CONFIG_GLOBAL: at('conditional') };
    writeFileSync(at('conditional'), '[includeIf "gitdir:/"]\n\tpath = more\n');
    expect((await readHostConfig(findHost(repo, {}), env)).isPartial).toBe(true);
  });

  it('reads the repository that was found, wherever its work tree is said to be', async () => {
    const folder = at('apart');
    git(root, ['init', '--quiet', folder]);
    mkdirSync(at('elsewhere-tree'));
    git(folder, ['config', 'core.worktree', at('elsewhere-tree')]);
    const host = findHost(folder, {});
    expect(host).toMatchObject({ workTree: at('elsewhere-tree'), foundAt: folder });
    expect((await readHostConfig(host, environment(), { runGit })).get('core.worktree')).toBe(at('elsewhere-tree'));
  });

  it('falls back to the files when git fails, and ignores what the runner itself sets', async () => {
    const host = findHost(repo, {});
    const failing = async () => Promise.reject(new Error('no such option --show-scope'));
    expect((await readHostConfig(host, environment(), { runGit: failing })).get('orc.agent')).toBe('wt');
    const config = await readHostConfig(host, environment(), {
      runGit: (args) => runGit(['-c', 'core.fsync=committed', ...args]),
    });
    expect(config.get('core.fsync')).toBeNull();
  });

  it('sees what the environment sets, as git does', async () => {
    const env = {
      GIT_CONFIG_COUNT: '2',
      GIT_CONFIG_KEY_0: 'HTTP.https://x/.extraHeader',
      GIT_CONFIG_VALUE_0: 'a: b\nc',
      GIT_CONFIG_KEY_1: 'not a key',
      GIT_CONFIG_VALUE_1: 'x',
    };
    const config = await readHostConfig(null, { ...environment(), ...env, GIT_CONFIG_GLOBAL: '' });
    expect(config.entries).toEqual([{ scope: 'command', key: 'http.https://x/.extraheader', value: 'a: b\nc' }]);
  });

  it("reads git's own GIT_CONFIG_PARAMETERS", async () => {
    const settings = ["a.b=it's", 'a.c', 'a.x=y.d=1 2!', 'a.e='];
    // An alias runs with the settings that git was given.
    git(repo, [...settings.flatMap((setting) => ['-c', setting]), 'show-it'], {
      GIT_CONFIG_COUNT: '1',
      GIT_CONFIG_KEY_0: 'alias.show-it',
      GIT_CONFIG_VALUE_0: `!printf %s "$GIT_CONFIG_PARAMETERS" > ${at('parameters')}`,
    });
    const env = {
      ...environment(),
      GIT_CONFIG_GLOBAL: '',
      GIT_CONFIG_PARAMETERS: readFileSync(at('parameters'), 'utf8'),
    };
    const config = await readHostConfig(null, env);
    const expected = [
      ['a.b', "it's"],
      ['a.c', 'true'],
      ['a.x', 'y.d=1 2!'],
      ['a.e', ''],
    ];
    expect(config.entries.map(({ key, value }) => [key, value])).toEqual(expected);
    const older = await readHostConfig(null, { ...env, GIT_CONFIG_PARAMETERS: "'a.b=c d' 'e.f'" });
    expect(older.entries.map(({ key, value }) => [key, value])).toEqual([
      ['a.b', 'c d'],
      ['e.f', 'true'],
    ]);
  });

  it('refuses a repository that git refuses', async () => {
    const host = findHost(repo, {});
    const distrusting = async () => Buffer.from('global\0user.name\nx\0');
    await expect(readHostConfig(host, environment(), { runGit: distrusting })).rejects.toMatchObject({
      code: 'no-repository',
    });
  });
});

describe.runIf(process.getuid?.() === 0)('a repository that belongs to somebody else', () => {
  it('is refused as git refuses it, until it is trusted', async () => {
    const theirs = at('theirs');
    git(root, ['init', '--quiet', theirs]);
    chownSync(theirs, 12_345, 12_345);
    chownSync(path.join(theirs, '.git'), 12_345, 12_345);
    const host = findHost(theirs, {});
    await expect(readHostConfig(host, environment(), { runGit })).rejects.toMatchObject({ code: 'no-repository' });
    git(root, ['config', '--global', 'safe.directory', theirs]);
    expect((await readHostConfig(host, environment(), { runGit })).get('core.bare')).toBe('false');
  });
});

describe('forTransport', () => {
  it('hands on what reaches the upstream, and only from the repository and the environment', () => {
    const config = new HostConfig(null, [
      { scope: 'global', key: 'http.proxy', value: 'global' },
      { scope: 'system', key: 'credential.helper', value: 'system' },
      ...entries(
        ['core.bare', 'false'],
        ['core.sshcommand', 'ssh -i key'],
        ['core.hookspath', 'evil'],
        ['http.https://x/.extraheader', 'token'],
        ['credential.helper', ''],
        ['url.https://x/.insteadof', 'x:'],
        ['remote.o.url', 'https://x/y'],
        ['remote.o.proxy', 'http://p'],
        ['remote.o.mirror', 'true'],
        ['remote.o.promisor', 'true'],
        ['remote.o.receivepack', 'rp'],
        ['remote.o.p.proxy', 'not this one'],
        ['remote.other.proxy', 'nor this'],
        ['protocol.version', '2'],
        ['gpg.format', 'ssh'],
        ['user.name', 'n'],
        ['push.gpgsign', 'true'],
      ),
      { scope: 'command', key: 'http.extraheader', value: 'from the environment' },
    ]);
    expect(config.forTransport('o')).toEqual([
      ['core.sshcommand', 'ssh -i key'],
      ['http.https://x/.extraheader', 'token'],
      ['credential.helper', ''],
      ['url.https://x/.insteadof', 'x:'],
      ['remote.o.proxy', 'http://p'],
      ['http.https://x/y.proxy', 'http://p'],
      ['remote.o.receivepack', 'rp'],
      ['protocol.version', '2'],
      ['gpg.format', 'ssh'],
      ['user.name', 'n'],
      ['http.extraheader', 'from the environment'],
    ]);
    expect(config.forTransport(null).filter(([key]) => key.startsWith('remote.'))).toEqual([]);
  });
});

describe('forTransport, where conditions hold in the clone alone', () => {
  it('hands on what the git elsewhere does not see, and nothing twice', () => {
    const shared = (key: string, value: string) => ({ scope: 'global' as const, key, value });
    const everywhere = [shared('http.extraheader', 'a: 1'), shared('core.sshcommand', 'ssh')];
    const config = new HostConfig(null, [
      shared('core.sshcommand', 'ssh -i early'),
      ...everywhere,
      shared('includeif.gitdir:/x/.git.path', 'more'),
      shared('http.extraheader', 'a: 1'),
      shared('http.proxy', 'http://p'),
      shared('core.pager', 'less'),
      ...entries(['protocol.version', '2']),
    ]);
    expect(config.hasConditions).toBe(true);
    expect(config.forTransport(null, everywhere)).toEqual([
      ['core.sshcommand', 'ssh'],
      ['http.extraheader', 'a: 1'],
      ['http.proxy', 'http://p'],
      ['protocol.version', '2'],
    ]);
    expect(config.forTransport(null)).toEqual([['protocol.version', '2']]);
    expect(new HostConfig(null, [...everywhere, ...entries(['includeif.gitdir:/x.path', 'y'])]).hasConditions).toBe(
      false,
    );
  });
});

describe('remotes', () => {
  it('prefers the push URL, makes local paths absolute and counts the URLs', () => {
    const config = new HostConfig(
      findHost(repo, {}),
      entries(
        ['remote.a.url', '../up.git'],
        ['remote.a.pushurl', 'git@host:x/y'],
        ['remote.b.c.url', 'https://one/'],
        ['remote.b.c.url', 'https://two/'],
        ['remote.none.fetch', '+refs/*:refs/*'],
        ['remote.reset.url', 'old'],
        ['remote.reset.url', ''],
        ['remote.reset.url', '/new'],
      ),
    );
    expect(config.remotes()).toEqual([
      { name: 'a', fetchUrl: at('up.git'), pushUrl: 'git@host:x/y', pushUrlCount: 1 },
      { name: 'b.c', fetchUrl: 'https://one/', pushUrl: 'https://one/', pushUrlCount: 2 },
      { name: 'reset', fetchUrl: '/new', pushUrl: '/new', pushUrlCount: 1 },
    ]);
  });
});

describe('remote URLs: what git does, by experiment', () => {
  const targets = ['one', 'two', 'three'];
  beforeAll(() => {
    for (const name of targets) git(root, ['init', '--quiet', '--bare', at(`${name}.git`)]);
  });

  /** Pushes with git, and gives the name of the repository in which the commit arrives. */
  function pushTo(where: string, settings: readonly (readonly [string, string])[]): string | null {
    const ref = `refs/heads/probe-${Math.random().toString(36).slice(2)}`;
    const env: Record<string, string> = { GIT_CONFIG_COUNT: String(settings.length), GIT_ALLOW_PROTOCOL: 'file' };
    for (const [index, [key, value]] of settings.entries()) {
      env[`GIT_CONFIG_KEY_${index}`] = key;
      env[`GIT_CONFIG_VALUE_${index}`] = value;
    }
    try {
      git(repo, ['push', '--quiet', where, `HEAD:${ref}`], env);
    } catch {
      return null;
    }
    return targets.find((name) => git(at(`${name}.git`), ['for-each-ref', ref]) !== '') ?? null;
  }

  const cases: readonly {
    title: string;
    url: string;
    settings: () => (readonly [string, string])[];
    arrives: string | null;
  }[] = [
    {
      title: '1. insteadOf applies to a URL on the command line',
      url: 'foo:one.git',
      settings: () => [[`url.${root}/.insteadOf`, 'foo:']],
      arrives: 'one',
    },
    {
      title: '1. so does pushInsteadOf',
      url: 'foo:one.git',
      settings: () => [[`url.${root}/.pushInsteadOf`, 'foo:']],
      arrives: 'one',
    },
    {
      title: '2. the longest prefix wins',
      url: 'foo:x/one.git',
      settings: () => [
        [`url.${root}/nowhere/.insteadOf`, 'foo:'],
        [`url.${root}/.insteadOf`, 'foo:x/'],
        [`url.${root}/nowhere2/.insteadOf`, 'fo'],
      ],
      arrives: 'one',
    },
    {
      title: '2. the result is not rewritten again',
      url: 'foo:one.git',
      settings: () => [
        ['url.bar:.insteadOf', 'foo:'],
        [`url.${root}/.insteadOf`, 'bar:'],
      ],
      arrives: null,
    },
    {
      title: '3. a shorter pushInsteadOf wins over a longer insteadOf',
      url: 'foo:.git',
      settings: () => [
        [`url.${root}/one.git.insteadOf`, 'foo:.git'],
        [`url.${root}/two.pushInsteadOf`, 'foo:'],
      ],
      arrives: 'two',
    },
    {
      title: '2. of two bases with the same prefix the one mentioned first wins',
      url: 'foo:x',
      settings: () => [
        [`url.${root}/one.git.insteadOf`, 'unrelated:'],
        [`url.${root}/two.git.insteadOf`, 'foo:x'],
        [`url.${root}/one.git.insteadOf`, 'foo:x'],
      ],
      arrives: 'one',
    },
  ];
  it.each(cases)('$title', ({ url, settings, arrives }) => {
    const pairs = settings();
    expect(pushTo(url, pairs)).toBe(arrives);
    const ours = rewriteUrl(
      pairs.map(([key, value]) => ({ key: key.replace(/[^.]*$/, (name) => name.toLowerCase()), value })),
      url,
      'push',
    );
    if (arrives !== null) expect(ours).toBe(at(`${arrives}.git`));
    else expect(ours).toBe('bar:one.git');
  });

  it('4. an explicit pushurl gets insteadOf only: our resolution, pinned, arrives where git push <name> does', () => {
    const settings: (readonly [string, string])[] = [
      ['remote.r.url', 'foo:three.git'],
      ['remote.r.pushurl', 'foo:one.git'],
      [`url.${root}/.insteadof`, 'foo:'],
      [`url.${root}/nowhere/.pushinsteadof`, 'foo:'],
      [`url.${root}/two.git.insteadof`, at('one.git')],
      [`url.${root}/two.git.pushinsteadof`, root],
    ];
    const [remote] = new HostConfig(findHost(repo, {}), entries(...settings)).remotes();
    expect(pushTo('r', settings)).toBe('one');
    expect(remote).toMatchObject({ pushUrl: at('one.git'), fetchUrl: at('three.git') });
    expect(pushTo(at('one.git'), settings)).not.toBe('one'); // a resolved URL is rewritten again …
    expect(pushTo(PINNED_URL, [...settings, pinUrl(at('one.git'))])).toBe('one'); // … unless it is pinned
  });

  it('fetches from the pinned URL too', () => {
    const [key, value] = pinUrl(at('one.git'));
    const env = { GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: key, GIT_CONFIG_VALUE_0: value };
    expect(git(repo, ['ls-remote', PINNED_URL], env)).toContain('refs/heads/probe-');
  });

  it('makes only local paths absolute', () => {
    expect(absoluteUrl('../x', '/a/b')).toBe('/a/x');
    expect(absoluteUrl('x/y:z', '/a')).toBe('/a/x/y:z');
    for (const url of ['host:x', 'https://h/x', '/abs', '-oProxyCommand=x', 'ext::sh -c x', '']) {
      expect(absoluteUrl(url, '/a')).toBe(url);
    }
    expect(absoluteUrl('../x', null)).toBe('../x');
    expect(absoluteUrl('~/x.git', '/a', '/home/me')).toBe('/home/me/x.git');
    expect(absoluteUrl('~/x.git', null, '/home/me')).toBe('/home/me/x.git');
    expect(absoluteUrl('~you/x.git', '/a', '/home/me')).toBe('~you/x.git');
    expect(absoluteUrl('~/x.git', '/a')).toBe('~/x.git');
    expect(absoluteUrl('./~/x.git', '/a', '/home/me')).toBe('/a/~/x.git');
  });
});
