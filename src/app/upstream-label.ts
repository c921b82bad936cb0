/** What an upstream is called for people. */
import { redactUrl } from '../git/clean-text.ts';
import type { Host } from '../git/host.ts';
import type { UpstreamChoice } from './store-config.ts';

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
