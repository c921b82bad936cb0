import type { Trail } from '../../app/history.ts';
import { escapeText } from '../escape.ts';
import type { Look } from '../look.ts';

/** As `git log` tells it: one line for each mutation, and its text below. */
export function historyLines({ entries, cut }: Trail, look: Look): string[] {
  const older = cut
    ? [look.style('dim', 'Older commits are not in this shallow store (`orc init --full` fetches them).')]
    : [];
  if (entries.length === 0) return ['No history.', ...older];
  const lines = entries.flatMap(({ version, commit, at, subject, body }) => {
    const where = `${version === null ? 'by hand' : `v${version}`} ${commit.slice(0, 10)} [${at}]`;
    const text = body
      ? escapeText(body)
          .split('\n')
          .map((line) => `    ${line}`)
      : [];
    return [`${look.style('dim', where)} ${look.line(subject, where.length + 1)}`, ...text];
  });
  return [...lines, ...older];
}
