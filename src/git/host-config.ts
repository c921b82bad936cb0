/**
 * The configuration that git would see in the host repository: from git itself, or, where none is installed, from the files.
 */
import os from 'node:os';
import path from 'node:path';
import { OrcError } from '../errors.ts';
import { readCommandConfig } from './command-config.ts';
import { lastValue, readConfigFile } from './config-file.ts';
import type { ConfigEntry } from './config-syntax.ts';
import { type Environment, type Host, isQuestionable } from './host.ts';
import { absoluteUrl, rewriteUrl } from './remote-url.ts';

export type ConfigScope = 'system' | 'global' | 'local' | 'worktree' | 'command';

export interface ScopedEntry {
  readonly scope: ConfigScope;
  /** In canonical case, for example `remote.Origin.pushurl`. */
  readonly key: string;
  readonly value: string;
}

/** A remote of the host. Its URLs are final: `insteadOf` and `pushInsteadOf` applied, local paths absolute. */
export interface Remote {
  readonly name: string;
  readonly fetchUrl: string;
  /** Where `git push <name>` goes first. May hold credentials, as any URL here: never print one. */
  readonly pushUrl: string;
  /** More than one: git would push to several places; orc uses the first. */
  readonly pushUrlCount: number;
}

export interface ReadHostConfigOptions {
  /** Runs the user's git with these arguments and gives its standard output; rejects when git fails. Absent: no git here. */
  readonly runGit?: (args: readonly string[]) => Promise<Uint8Array>;
}

export class HostConfig {
  readonly entries: readonly ScopedEntry[];
  /** The files were read without git and hold `includeIf`, which only git evaluates. */
  readonly isPartial: boolean;
  private readonly top: string | null;
  private readonly home: string | null;

  constructor(
    host: Host | null,
    entries: readonly ScopedEntry[],
    { isPartial = false, home = null }: { readonly isPartial?: boolean; readonly home?: string | null } = {},
  ) {
    this.entries = entries;
    this.isPartial = isPartial;
    this.home = home;
    this.top = host === null ? null : (host.workTree ?? host.gitDir);
  }

  /** Whether what the user or the system set depends on the repository (`includeIf`): a git that runs elsewhere may see less of it. */
  get hasConditions(): boolean {
    return this.entries.some((entry) => isShared(entry) && entry.key.startsWith('includeif.'));
  }

  /** The value that counts, or `null`. `key` in canonical case: section and name in lower case. */
  get(key: string): string | null {
    return this.entries.findLast((entry) => entry.key === key)?.value ?? null;
  }

  /** All values, in order. */
  getAll(key: string): readonly string[] {
    return this.entries.filter((entry) => entry.key === key).map(({ value }) => value);
  }

  /** The remotes that have a URL, in the order of the configuration. */
  remotes(): readonly Remote[] {
    const names = this.entries.flatMap(({ key }) => /^remote\.(.+)\.(?:push)?url$/s.exec(key)?.[1] ?? []);
    return [...new Set(names)].flatMap((name) => {
      const urls = this.urlList(`remote.${name}.url`);
      const pushUrls = this.urlList(`remote.${name}.pushurl`);
      const [fetchUrl = pushUrls[0]] = urls;
      if (fetchUrl === undefined) return [];
      // As git does: a pushurl is taken at its word, and `pushInsteadOf` applies only where there is none.
      const pushed =
        pushUrls[0] === undefined ? this.resolveUrl(fetchUrl, 'push') : this.resolveUrl(pushUrls[0], 'fetch');
      const pushUrlCount = (pushUrls.length === 0 ? urls : pushUrls).length;
      return [{ name, fetchUrl: this.resolveUrl(fetchUrl, 'fetch'), pushUrl: pushed, pushUrlCount }];
    });
  }

  /**
   * Where git goes when it is given this URL in the host. One rewriting, never chained: a result must not be handed to
   * git as it stands, which would rewrite it again (see `pinUrl`).
   */
  resolveUrl(url: string, purpose: 'fetch' | 'push'): string {
    return absoluteUrl(rewriteUrl(this.entries, url, purpose), this.top, this.home);
  }

  /**
   * What a git that runs elsewhere (in the board store) has to be told through GIT_CONFIG_COUNT to reach the upstream as the
   * host would: transport settings of the repository, the work tree, and GIT_CONFIG_* of the environment. System and
   * global settings are left out, since that git reads them itself and lists (`http.extraHeader`) would double; but for those
   * that it does not see, where `elsewhere` is what it sees.
   *
   * Of a remote only what shapes the connection is taken: with `mirror`, `push`, `promisor` git would do other things than asked.
   * A remote's proxy is repeated as `http.<url>.proxy`, since git looks up `remote.<name>.*` by name and orc hands it a URL.
   */
  forTransport(remoteName: string | null, elsewhere?: readonly ScopedEntry[]): readonly ConfigEntry[] {
    const unseen = elsewhere === undefined ? [] : this.unseenBy(elsewhere);
    const own = [...unseen, ...this.entries.filter((entry) => !isShared(entry))];
    const remote = this.remotes().find(({ name }) => name === remoteName);
    return own.flatMap(({ key, value }): ConfigEntry[] => {
      if (/^(http|credential|url|ssh|user|gpg|protocol)\./.test(key)) return [[key, value]];
      if (/^core\.(sshcommand|gitproxy|askpass)$/.test(key)) return [[key, value]];
      const setting = key.startsWith(`remote.${remoteName}.`) ? key.slice(key.lastIndexOf('.') + 1) : '';
      if (remote === undefined || key !== `remote.${remoteName}.${setting}`) return [];
      if (setting === 'proxy' || setting === 'proxyauthmethod')
        return [
          [key, value],
          [`http.${remote.pushUrl}.${setting}`, value],
        ];
      return setting === 'uploadpack' || setting === 'receivepack' ? [[key, value]] : [];
    });
  }

  /** In their order. Of what has one value that which counts here, lest an earlier one pass for it. */
  private unseenBy(elsewhere: readonly ScopedEntry[]): ScopedEntry[] {
    const shared = this.entries.filter(isShared);
    const seen = elsewhere.filter(isShared).map(({ key, value }) => `${key}\n${value}`);
    return shared.flatMap((entry): ScopedEntry[] => {
      const at = seen.indexOf(`${entry.key}\n${entry.value}`);
      if (at !== -1) {
        seen.splice(at, 1);
        return [];
      }
      const counts = shared.findLast(({ key }) => key === entry.key)?.value ?? entry.value;
      return [
        /\.(?:extraheader|helper|insteadof|pushinsteadof)$/.test(entry.key) ? entry : { ...entry, value: counts },
      ];
    });
  }

  /** An empty value empties the list, as with git's other lists. */
  private urlList(key: string): readonly string[] {
    const values = this.getAll(key);
    return values.slice(values.lastIndexOf('') + 1);
  }
}

/**
 * Reads the configuration as git would see it in `host` (`null`: outside of any repository). One run of git, where `runGit` is
 * given and succeeds; else the files.
 *
 * @throws OrcError `no-repository` where git refuses the repository because somebody else owns it; `git-failed` for a malformed file; `io`
 */
export async function readHostConfig(
  host: Host | null,
  env: Environment,
  options: ReadHostConfigOptions = {},
): Promise<HostConfig> {
  const listed = options.runGit === undefined ? null : await listWithGit(host, options.runGit);
  const files = listed ?? readFiles(host, env);
  // The runner drops inherited GIT_*; what it adds itself with -c is no business of the host.
  const settled = files.filter(
    ({ scope, key }) =>
      scope !== 'command' && (host !== null || (scope !== 'local' && scope !== 'worktree')) && key !== '',
  );
  const command = readCommandConfig(env).map(([key, value]): ScopedEntry => ({ scope: 'command', key, value }));
  const isPartial = listed === null && files.some(({ key }) => key.startsWith('includeif.'));
  return new HostConfig(host, [...settled, ...command], { isPartial, home: env.HOME || null });
}

async function listWithGit(
  host: Host | null,
  runGit: NonNullable<ReadHostConfigOptions['runGit']>,
): Promise<readonly ScopedEntry[] | null> {
  // Git finds the repository itself (`-C`), so that it checks its owner: the configuration of somebody else's repository
  // names commands (`core.sshCommand`) that we would run.
  const place = host === null ? [] : host.explicit ? [`--git-dir=${host.gitDir}`] : ['-C', host.foundAt];
  let output: Uint8Array;
  try {
    output = await runGit([...place, ...listArguments]);
  } catch {
    return null; // older than 2.26, or a configuration that git refuses: then our reader says what is wrong with it
  }
  const entries = parseList(output);
  const isUnseen = host !== null && !entries.some(({ scope }) => scope === 'local');
  if (isUnseen && !(await isTrustedEmpty(host, runGit))) {
    const folder = host.foundAt;
    throw new OrcError('no-repository', `git does not trust ${folder}: it belongs to another user`, {
      hint: `if you trust it: git config --global --add safe.directory ${folder}`,
    });
  }
  return entries;
}

/** Whether git shows nothing of the repository's own configuration because there is nothing in it. */
async function isTrustedEmpty(host: Host, runGit: NonNullable<ReadHostConfigOptions['runGit']>): Promise<boolean> {
  if (readConfigFile(path.join(host.commonDir, 'config'), { includes: false }).length > 0) return false;
  if (!isQuestionable(host)) return true;
  return runGit(['-C', host.foundAt, 'rev-parse', '--git-dir']).then(
    () => true,
    () => false,
  );
}

const listArguments = ['config', '--list', '-z', '--show-scope'];

function parseList(output: Uint8Array): ScopedEntry[] {
  const fields = Buffer.from(output).toString('utf8').split('\0');
  const entries: ScopedEntry[] = [];
  for (let index = 0; index + 1 < fields.length; index += 2) {
    const [scope = '', entry = ''] = [fields[index], fields[index + 1]];
    const end = entry.indexOf('\n');
    const [key, value] = end === -1 ? [entry, 'true'] : [entry.slice(0, end), entry.slice(end + 1)];
    entries.push({ scope: isScope(scope) ? scope : 'command', key, value });
  }
  return entries;
}

/** What git sees that `runGit` runs elsewhere. */
export async function listConfigElsewhere(
  runGit: NonNullable<ReadHostConfigOptions['runGit']>,
): Promise<readonly ScopedEntry[]> {
  return parseList(await runGit(listArguments));
}

const isShared = ({ scope }: ScopedEntry): boolean => scope === 'system' || scope === 'global';

const scopes: readonly string[] = ['system', 'global', 'local', 'worktree', 'command'] satisfies ConfigScope[];
const isScope = (text: string): text is ConfigScope => scopes.includes(text);

function readFiles(host: Host | null, env: Environment): readonly ScopedEntry[] {
  const home = env.HOME ?? os.homedir();
  const read = (scope: ConfigScope, file: string) =>
    readConfigFile(file, { home }).map(([key, value]): ScopedEntry => ({ scope, key, value }));
  const entries: ScopedEntry[] = [];
  if (!/^(true|yes|on|[1-9]\d*)$/i.test(env.GIT_CONFIG_NOSYSTEM ?? ''))
    entries.push(...read('system', env.GIT_CONFIG_SYSTEM ?? '/etc/gitconfig'));
  if (env.GIT_CONFIG_GLOBAL !== undefined) {
    if (env.GIT_CONFIG_GLOBAL !== '') entries.push(...read('global', env.GIT_CONFIG_GLOBAL));
  } else {
    entries.push(...read('global', path.join(env.XDG_CONFIG_HOME || path.join(home, '.config'), 'git/config')));
    entries.push(...read('global', path.join(home, '.gitconfig')));
  }
  if (host === null) return entries;
  const local = readConfigFile(path.join(host.commonDir, 'config'), { home });
  entries.push(...local.map(([key, value]): ScopedEntry => ({ scope: 'local', key, value })));
  if (/^(true|yes|on|1)$/i.test(lastValue(local, 'extensions.worktreeconfig') ?? '')) {
    entries.push(...read('worktree', path.join(host.gitDir, 'config.worktree')));
  }
  return entries;
}
