import type { Agent } from '../../core/records.ts';
import { formatDuration } from '../../core/time.ts';
import type { Look } from '../look.ts';
import { alignColumns } from '../width.ts';

export interface ListedAgent extends Agent {
  /** Not seen for five minutes. */
  readonly stale: boolean;
}

export function agentLines(agents: readonly ListedAgent[], look: Look): string[] {
  if (agents.length === 0) return ['No agents.'];
  const rows = agents.map(({ id, type, status, stale, last_seen, capabilities }) => [
    look.line(`${id} (${type}): ${status}${stale && status === 'active' ? ' [STALE]' : ''}`),
    `seen ${formatDuration(look.now - Date.parse(last_seen))} ago`,
    look.line(capabilities.join(', ')),
  ]);
  return alignColumns(rows);
}
