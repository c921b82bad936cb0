/** From the choice of an upstream to a transport that reaches it. */
import { OrcError } from '../errors.ts';
import { redactUrl } from '../git/clean-text.ts';
import { type Host, headBranches } from '../git/host.ts';
import { nativeTransport } from '../git/native/native-transport.ts';
import type { GitStore } from '../git/store.ts';
import type { Transport } from '../git/transport.ts';
import type { Exclusion } from '../sync/ports.ts';
import { soleTransport } from '../sync/sole-transport.ts';
import type { UpstreamChoice } from './store-config.ts';
import type { Surroundings } from './surroundings.ts';

export interface TransportOptions {
  readonly surroundings: Surroundings;
  readonly store: GitStore;
  readonly storeLock: Exclusion;
  readonly branch: string;
  /** Hears of every process that is started. */
  readonly onStart?: ((args: readonly string[]) => void) | undefined;
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
  };
}

export function labelOf(upstream: UpstreamChoice, host: Host | null): string {
  switch (upstream.kind) {
    case 'remote':
      return upstream.remote;
    case 'url':
      return redactUrl(upstream.url);
    case 'host':
      return host?.bare === true ? 'this bare repository' : 'this repository';
    case 'none':
      return 'this store';
  }
}

async function connect(
  upstream: Exclude<UpstreamChoice, { kind: 'none' }>,
  options: TransportOptions,
): Promise<Transport> {
  const { surroundings, store, branch, onStart } = options;
  const { env, host } = surroundings;
  const ref = `refs/heads/${branch}`;
  const label = labelOf(upstream, host);
  // What was acknowledged must outlive a power cut: git itself syncs neither loose objects nor refs by default.
  const common = { label, ref, env, syncedUpstream: true, ...(onStart === undefined ? {} : { onStart }) };
  if (upstream.kind === 'host') {
    if (host === null) throw new OrcError('no-repository', 'the board belongs to a repository that is not here');
    return nativeTransport(store.path, { ...common, url: host.commonDir, quietHost: true });
  }
  const config = await surroundings.config();
  if (upstream.kind === 'url') {
    return nativeTransport(store.path, {
      ...common,
      url: config.resolveUrl(upstream.url, 'push'),
      config: config.forTransport(null),
    });
  }
  const remote = config.remotes().find(({ name }) => name === upstream.remote);
  if (remote === undefined) {
    throw new OrcError('unreachable', `the remote "${upstream.remote}" of this board is not configured any more`, {
      hint: `\`git remote add ${upstream.remote} URL\` brings it back; \`orc init --remote NAME\` takes the board to another one`,
    });
  }
  return nativeTransport(store.path, { ...common, url: remote.pushUrl, config: config.forTransport(remote.name) });
}

/** Pushing to a branch that is checked out would be refused, or (with `updateInstead`) change a work tree. */
function refuseCheckedOut(host: Host, branch: string): void {
  const ref = `refs/heads/${branch}`;
  const found = headBranches(host).find((each) => each.branch === ref && !each.missing);
  if (found === undefined) return;
  throw new OrcError('checked-out', `the branch ${branch} is checked out in ${found.workTree}`, {
    hint: `\`git -C ${found.workTree} switch -\` leaves it; look at the board with \`orc status\` or \`git log ${branch}\``,
    details: { workTree: found.workTree },
  });
}
