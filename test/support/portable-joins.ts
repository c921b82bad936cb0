/** Stores with a portable transport to an address. */
import { join } from 'node:path';
import { httpAccess } from '../../src/git/http-credentials.ts';
import { createPortableStore } from '../../src/git/portable/portable-store.ts';
import { type PortableTransportOptions, portableTransport } from '../../src/git/portable/portable-transport.ts';
import type { GitStore } from '../../src/git/store.ts';
import type { Transport } from '../../src/git/transport.ts';
import { makeTempDir } from './temp-dir.ts';

export async function joinOver(
  url: string,
  options: Partial<PortableTransportOptions> = {},
): Promise<{ readonly store: GitStore; readonly transport: Transport }> {
  const store = await createPortableStore(join(makeTempDir(), 'board.git'), { objectFormat: 'sha1' });
  return { store, transport: portableTo(store, url, options) };
}

export function portableTo(store: GitStore, url: string, options: Partial<PortableTransportOptions> = {}): Transport {
  const access = httpAccess({ url, env: {}, entries: [], isOwnUpstream: true });
  return portableTransport(store, { access, label: 'origin', ref: 'refs/heads/orc', ...options });
}
