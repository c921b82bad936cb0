import type { WorkstreamSummary } from '../../app/status.ts';
import type { Look } from '../look.ts';

/** The original's two lines for each workstream. */
export function workstreamLines(workstreams: readonly WorkstreamSummary[], look: Look): string[] {
  if (workstreams.length === 0) return ['No workstreams.'];
  return workstreams.flatMap((workstream) => {
    const { name, description, priority, status } = workstream;
    const first = `[P${priority}] ${name}${description === '' ? '' : ` - ${description}`}${status === 'active' ? '' : ` (${status})`}`;
    return [look.line(first), look.style('dim', look.line(`  Tasks: ${countsText(workstream)}`))];
  });
}

export function workstreamDetails(workstream: WorkstreamSummary, look: Look): string[] {
  const { created_at, updated_at } = workstream;
  return [
    ...workstreamLines([workstream], look),
    look.style('dim', `  Created: ${created_at} | Changed: ${updated_at}`),
  ];
}

export function countsText(counts: WorkstreamSummary): string {
  const more = (['blocked', 'failed', 'cancelled'] as const).flatMap((status) =>
    counts[status] > 0 ? [`, ${counts[status]} ${status}`] : [],
  );
  return `${counts.pending} pending, ${counts.in_progress} active, ${counts.done} done${more.join('')}`;
}
