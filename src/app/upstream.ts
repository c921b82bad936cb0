/** From the choice of an upstream to a transport that reaches it. */
import { shellWord } from '../core/shell-word.ts';
import { OrcError } from '../errors.ts';
import type { ConfigEntry } from '../git/config-syntax.ts';
import { type Host, headBranches } from '../git/host.ts';
import { type HostConfig, listConfigElsewhere, type ScopedEntry } from '../git/host-config.ts';
import { parseUrl } from '../git/http-config.ts';
import { followsRedirects, nativeHttpConfig, stayingConfig, strangerConfig } from '../git/http-credentials.ts';
import { nativeTransport } from '../git/native/native-transport.ts';
import { redirectedTransport } from '../git/native/redirected-transport.ts';
import { type GitSettings, runGit } from '../git/native/run-git.ts';
import { isSameServer } from '../git/redirect.ts';
import type { GitStore } from '../git/store.ts';
import type { PushOutcome, Transport } from '../git/transport.ts';
import { isLocalUrl } from '../git/url-safety.ts';
import type { Clock, Exclusion } from '../sync/ports.ts';
import { soleTransport } from '../sync/sole-transport.ts';
import { transportWithoutGit } from './portable-upstream.ts';
import type { UpstreamChoice } from './store-config.ts';
import type { Surroundings } from './surroundings.ts';
import { labelOf } from './upstream-label.ts';

export interface TransportOptions {
  readonly surroundings: Surroundings;
  readonly store: GitStore;
  readonly storeLock: Exclusion;
  readonly branch: string;
  /** With which the upstream's is compared. */
  readonly clock: Clock;
  /** Whether the store has its board there; else this is one of several places that are asked. */
  readonly isJoined: boolean;
  /** Whether to do without a git binary. */
  readonly isPortable: boolean;
  /** Hears of every process that is started. */
  readonly onStart?: ((args: readonly string[]) => void) | undefined;
  readonly onReceived?: ((done: number, of: number) => void) | undefined;
}

/** A transport that finds out how to reach the upstream when it is first used: reading needs none of it. */
export function transportTo(upstream: UpstreamChoice, options: TransportOptions): Transport {
  if (upstream.kind === 'none') return soleTransport(options.store, options.storeLock);
  let made: Promise<Transport> | null = null;
  const inner = (): Promise<Transport> => {
    made ??= connect(upstream, options);
    return made;
  };
  return {
    label: labelOf(upstream, options.surroundings.host),
    readHead: async (call) => (await inner()).readHead(call),
    fetch: async (call) => (await inner()).fetch(call),
    push: async (oid, call) => {
      if (upstream.kind === 'host') refuseCheckedOut(options.surroundings.host as Host, options.branch);
      return (await inner()).push(oid, call);
    },
    ...(upstream.kind === 'host'
      ? {}
      : { deposit: async (name, oid, call) => (await inner()).deposit?.(name, oid, call) ?? unableToDeposit }),
    // As long as nobody was asked, nobody told.
    clockDifference: async (call) =>
      made === null && call?.ask !== true ? null : ((await (await inner()).clockDifference?.(call)) ?? null),
  };
}

const unableToDeposit: PushOutcome = { outcome: 'rejected', reason: 'this upstream has no inbox', isUnable: true };

/** Whether the upstream is on this machine, so that asking it is nobody else's load. */
export async function isNearby(upstream: UpstreamChoice, surroundings: Surroundings): Promise<boolean> {
  if (upstream.kind === 'host' || upstream.kind === 'none') return true;
  const config = await surroundings.config();
  if (upstream.kind === 'url') return isLocalUrl(config.resolveUrl(upstream.url, 'push'));
  const remote = config.remotes().find(({ name }) => name === upstream.remote);
  return remote !== undefined && isLocalUrl(remote.pushUrl);
}

async function connect(
  upstream: Exclude<UpstreamChoice, { kind: 'none' }>,
  options: TransportOptions,
): Promise<Transport> {
  const { surroundings, store, branch, clock, isJoined, isPortable, onStart, onReceived } = options;
  const { env, host } = surroundings;
  const ref = `refs/heads/${branch}`;
  const label = labelOf(upstream, host);
  if (upstream.kind === 'host' && host === null) {
    throw new OrcError('no-repository', 'the board belongs to a repository that is not here');
  }
  const config = upstream.kind === 'host' && !isPortable ? null : await surroundings.config();
  const url = upstream.kind === 'host' ? null : urlOf(upstream, config as HostConfig);
  const isOwnUpstream = url !== null && (isJoined || surroundings.board !== null || isMeant(url, config, env));
  const remoteName = upstream.kind === 'remote' ? upstream.remote : null;
  if (isPortable) {
    const place = { url, host, config, remoteName, isJoined, isOwnUpstream };
    return transportWithoutGit({ store, ref, label, env, clock, ...place });
  }
  // What was acknowledged must outlive a power cut: git itself syncs neither loose objects nor refs by default.
  const common = {
    label,
    ref,
    env,
    clock,
    syncedUpstream: true,
    ...(onStart && { onStart }),
    ...(onReceived && { onReceived }),
  };
  if (url === null || config === null) {
    return nativeTransport(store.path, { ...common, url: (host as Host).commonDir, quietHost: true });
  }
  // Of what may depend on conditions nothing counts on this machine.
  const elsewhere = config.hasConditions && !isLocalUrl(url) ? await configIn(store, common) : undefined;
  const settings = config.forTransport(remoteName, elsewhere);
  const { entries } = config;
  const configFor = (target: string): ConfigEntry[] => {
    const isThere = target === url || isSameServer(url, target);
    const access = nativeHttpConfig({ url: target, env, entries, isOwnUpstream: isOwnUpstream && isThere });
    const staying = stayingConfig(target, access, entries);
    return [...settings, ...(isThere ? [] : strangerConfig(url, target, entries)), ...access, ...staying];
  };
  const settingsFor = (target: string) => ({ ...common, url: target, config: configFor(target) });
  const open = (target: string): Transport => nativeTransport(store.path, settingsFor(target));
  if (parseUrl(url) === null || !followsRedirects(entries, url)) return open(url);
  return redirectedTransport({ storePath: store.path, url, settings: settingsFor, open });
}

/** What git sees in the store: conditions such as `gitdir` or `hasconfig` may hold in the clone, and not there. */
function configIn(store: GitStore, settings: GitSettings): Promise<readonly ScopedEntry[]> {
  return listConfigElsewhere(async (args) => {
    const { exitCode, stdout, stderr } = await runGit({ ...settings, args, gitDir: store.path });
    if (exitCode !== 0) throw new OrcError('git-failed', stderr || `git ${args[0]} failed`);
    return stdout;
  });
}

function urlOf(upstream: Exclude<UpstreamChoice, { kind: 'none' | 'host' }>, config: HostConfig): string {
  if (upstream.kind === 'url') return config.resolveUrl(upstream.url, 'push');
  const remote = config.remotes().find(({ name }) => name === upstream.remote);
  if (remote !== undefined) return remote.pushUrl;
  const name = shellWord(upstream.remote);
  throw new OrcError('unreachable', `the remote "${upstream.remote}" of this board is not configured any more`, {
    hint: `\`git remote add ${name} URL\` brings it back, \`git remote rename NAME ${name}\` does where it was renamed`,
  });
}

/**
 * Whether `ORC_AUTH_TOKEN` may go to a place that is asked for a board: to the host that `ORC_AUTH_HOST` names, else only
 * where all remotes over http(s) are on one host. Nobody's token goes to every fork that somebody added as a remote.
 */
function isMeant(url: string, config: HostConfig | null, env: NodeJS.ProcessEnv): boolean {
  const own = parseUrl(url);
  if (own === null) return false;
  if (env.ORC_AUTH_HOST) return own.host === env.ORC_AUTH_HOST || own.hostname === env.ORC_AUTH_HOST;
  return (config?.remotes() ?? []).every(({ pushUrl }) => (parseUrl(pushUrl)?.host ?? own.host) === own.host);
}

/** Pushing to a branch that is checked out would be refused, or (with `updateInstead`) change a work tree. */
function refuseCheckedOut(host: Host, branch: string): void {
  const ref = `refs/heads/${branch}`;
  const found = headBranches(host).find((each) => each.branch === ref);
  if (found === undefined) return;
  const { workTree, missing } = found;
  // Git keeps the branch for a work tree until it is told that this is gone.
  const leave = missing ? '`git worktree prune` forgets it' : `\`git -C ${shellWord(workTree)} switch -\` leaves it`;
  const where = missing ? `${workTree}, which is gone` : workTree;
  throw new OrcError('checked-out', `the branch ${branch} is checked out in ${where}`, {
    hint: `${leave}; look at the board with \`orc status\` or \`git log ${shellWord(branch)}\``,
    details: { workTree },
  });
}
