/** A clone whose remote is a proxy in front of a server, so that the connection can be spoilt. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { realWorld } from '../../../src/app/connect.ts';
import { type Orc, openOrc, type Performed } from '../../../src/index.ts';
import { type CutProxy, startCutProxy } from '../cut-proxy.ts';
import { git } from '../git-fixtures.ts';
import { makeTempDir } from '../temp-dir.ts';
import type { GitServer } from './git-server.ts';
import type { Place } from './in-tests.ts';

/** The real world, but pauses between tries are short: they are not what is tested. */
export const hastyWorld = {
  ...realWorld,
  clock: { ...realWorld.clock, sleep: (ms: number) => realWorld.clock.sleep(Math.min(ms, 2)) },
};

export interface Proxied {
  readonly orc: Orc;
  readonly cwd: string;
  readonly proxy: CutProxy;
  readonly place: Place;
}

/** Begins a board through the proxy, with the workstream `w`. Gone after the test. */
export async function beginThroughProxy(server: GitServer, place: Place): Promise<Proxied> {
  const proxy = await startCutProxy(server.port);
  onTestFinished(() => proxy.stop());
  const cwd = path.join(makeTempDir(), 'repo');
  git('/', 'init', '--quiet', cwd);
  git(cwd, 'remote', 'add', 'origin', place.url.replace(`127.0.0.1:${server.port}`, `127.0.0.1:${proxy.port}`));
  const orc = await openOrc({ cwd, env: place.env, create: true, world: hastyWorld, timeoutMs: 20_000 });
  onTestFinished(() => orc.close());
  await orc.createWorkstream('w');
  return { orc, cwd, proxy, place };
}

export function addTask(
  { orc }: Proxied,
  title: string,
  options: { readonly op?: string; readonly timeoutMs?: number } = {},
): Promise<Performed> {
  return orc.perform('task.add', { workstream: 'w', title }, options);
}

/** The board's head as the server's own files have it. */
export function upstreamHead({ place }: Proxied): string {
  return readFileSync(path.join(place.remote, 'refs/heads/orc'), 'utf8').trim();
}

/** What the server says during a push that nobody disturbs: adds the task `undisturbed`. */
export async function listenToPush(proxied: Proxied): Promise<Buffer> {
  proxied.proxy.arm({ afterBytes: Number.POSITIVE_INFINITY, action: { do: 'cut' }, afterwards: 'open' });
  const { published } = await addTask(proxied, 'undisturbed');
  if (published !== true) throw new Error('a push that nobody disturbed was not taken');
  const { transcript } = proxied.proxy;
  proxied.proxy.open();
  return transcript;
}
