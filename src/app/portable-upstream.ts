/** Upstreams without a git binary: http(s), with what the configuration and the environment say about it. */
import os from 'node:os';
import path from 'node:path';
import { OrcError } from '../errors.ts';
import type { Host } from '../git/host.ts';
import type { HostConfig } from '../git/host-config.ts';
import { httpSetting, parseUrl } from '../git/http-config.ts';
import { httpAccess } from '../git/http-credentials.ts';
import { findProxy } from '../git/http-proxy.ts';
import { isGitInstalled } from '../git/native/find-git.ts';
import { openRefFiles } from '../git/ref-files.ts';
import type { GitStore } from '../git/store.ts';
import type { Transport, Unreachable } from '../git/transport.ts';
import { checkRemoteUrl } from '../git/url-safety.ts';
import type { Clock } from '../sync/ports.ts';

export interface PortableUpstreamOptions {
  readonly store: GitStore;
  readonly ref: string;
  readonly label: string;
  readonly env: NodeJS.ProcessEnv;
  /** With which the upstream's is compared. */
  readonly clock: Clock;
  /** After `insteadOf`; `null`: the host repository itself. */
  readonly url: string | null;
  readonly host: Host | null;
  readonly config: HostConfig | null;
  /** Of a remote of the host, for its own proxy. */
  readonly remoteName: string | null;
  readonly isJoined: boolean;
  readonly isOwnUpstream: boolean;
}

/** @throws OrcError `invalid-argument` for a URL that is refused, or a token that would travel unencrypted */
export async function transportWithoutGit(options: PortableUpstreamOptions): Promise<Transport> {
  const { store, ref, label, env, clock, url, config, remoteName, isOwnUpstream } = options;
  if (url !== null) checkRemoteUrl(url);
  if (url === null || parseUrl(url) === null) return outOfReach(options);
  const entries = config?.entries ?? [];
  const setting = (name: string): string | null => httpSetting(entries, url, name);
  const { portableTransport } = await import('../git/portable/portable-transport.ts');
  return portableTransport(store, {
    access: httpAccess({ url, env, entries, isOwnUpstream }),
    label,
    ref,
    verifiesTls: !isSet(env.GIT_SSL_NO_VERIFY) && !isFalse(setting('sslverify')),
    caFile: expandHome(env.GIT_SSL_CAINFO || setting('sslcainfo'), env),
    proxy: findProxy({ url, entries, env, remoteName }),
    clock,
  });
}

/**
 * What needs git. A board that is there is told so at once; a place that is only asked for one counts as out of reach,
 * except that the host's own branch can be read from its file.
 */
function outOfReach({ env, label, url, host, ref, isJoined }: PortableUpstreamOptions): Transport {
  const isMissing = !isGitInstalled(env);
  const reason = isMissing
    ? 'without a git binary, orc reaches http(s) upstreams only'
    : 'with ORC_GIT=portable, orc reaches http(s) upstreams only';
  const refuse = (): OrcError =>
    new OrcError(isMissing ? 'git-missing' : 'unsupported', `${label} cannot be reached: ${reason}`, {
      hint: isMissing ? 'install git (2.31 or newer), or give the board an https:// upstream' : 'unset ORC_GIT',
    });
  const answer = async (): Promise<Unreachable> => {
    if (isJoined) throw refuse();
    return { outcome: 'unreachable', reason };
  };
  if (url !== null) return { label, readHead: answer, fetch: answer, push: answer };
  return {
    label,
    readHead: async () => {
      if (isJoined || host === null || host.refStorage !== 'files') return answer();
      return { outcome: 'read', head: openRefFiles(host.commonDir, host.objectFormat).read(ref) };
    },
    fetch: async () => {
      throw refuse();
    },
    push: async () => {
      throw refuse();
    },
  };
}

const isSet = (value: string | undefined): boolean => value !== undefined && value !== '' && !isFalse(value);
const isFalse = (value: string | null): boolean => value !== null && /^(?:false|no|off|0+|)$/i.test(value);

function expandHome(file: string | null, env: NodeJS.ProcessEnv): string | null {
  return file?.startsWith('~/') ? path.join(env.HOME ?? os.homedir(), file.slice(2)) : file;
}
