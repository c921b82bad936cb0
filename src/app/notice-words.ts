/** What a follower hears beside the changes, in a line for people. It holds text of others: whoever prints it escapes it. */
import type { WatchNotice } from './follow.ts';

export function noticeWords(notice: WatchNotice): string {
  switch (notice.kind) {
    case 'unreachable':
      return `the upstream cannot be reached: ${notice.reason}; asking again`;
    case 'reachable':
      return 'the upstream can be reached again';
    case 'lease-over': {
      const { id, workstream, title, assigned_to: agent } = notice.overdue.task;
      return `lease of ${agent} on ${workstream}/${id} ran out: ${title}`;
    }
  }
}
