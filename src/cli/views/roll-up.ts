/** What the parts of a task come to, in words. */
import { formatWork } from '../../core/estimate.ts';
import type { RollUp } from '../../core/task-tree.ts';

/** `3 of 5 done, 60%` */
export function shortSum({ done, total, cancelled, percent }: RollUp): string {
  return `${done} of ${total - cancelled} done, ${percent}%`;
}

/** The same with what the others are, and how much work it is. */
export function longSum(sum: RollUp): string {
  const others = (['in_progress', 'pending', 'blocked', 'failed', 'cancelled'] as const)
    .filter((status) => sum[status] > 0)
    .map((status) => `${sum[status]} ${status.replace('_', ' ')}`);
  const { work } = sum;
  const missing = work === null || work.unestimated === 0 ? '' : `, ${work.unestimated} without an estimate`;
  const amount =
    work === null
      ? []
      : [`${formatWork(work.total, work.unit)}, ${formatWork(work.open, work.unit)} of it open${missing}`];
  return [[shortSum(sum), ...others].join(', '), ...amount].join(' | ');
}
