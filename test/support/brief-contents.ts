/** Contents of a brief for tests: plain ones, and ones in which every text of others is what a test wants it to be. */
import type { BriefContents } from '../../src/app/cycle-brief.ts';
import type { Knowledge, Task } from '../../src/core/records.ts';

export const briefStart = '2026-03-01T10:00:00.000Z';

/** `text` is asked for every text of others; each kind of place has a name. */
export function briefContents(text: (place: string) => string): BriefContents {
  const task = (id: string, more: Partial<Task> = {}): Task => ({
    id,
    workstream: 'press',
    title: text('title'),
    description: text('description'),
    status: 'pending',
    priority: 5,
    estimate: text('estimate'),
    assigned_to: null,
    claim: null,
    attempts: 1,
    depends_on: [],
    parent: null,
    labels: [text('label')],
    needs: [text('need')],
    paths: ['src/**'],
    notes: [1, 2, 3].map(() => ({ at: briefStart, by: text('name'), text: text('note') })),
    result: text('result'),
    checks: [{ command: text('command') }, { criterion: text('criterion') }],
    created_by: text('name'),
    created_version: 1,
    created_index: 0,
    created_at: briefStart,
    updated_at: briefStart,
    ...more,
  });
  const knowledge = (): Knowledge => ({
    topic: text('topic'),
    title: text('knowledge title'),
    tags: [],
    paths: ['src/**'],
    updated_by: text('name'),
    updated_at: briefStart,
    version: 1,
    content: text('knowledge'),
  });
  const hold = { id: 'x', token: 1, acquired_at: briefStart, ttl_ms: 60_000, expires_at: briefStart };
  const other = task('22222222', { status: 'in_progress', assigned_to: text('name') });
  const event = { n: 1, v: 1, ts: briefStart, agent: text('name'), action: text('action'), data: text('event') };
  return {
    now: Date.parse(briefStart),
    agent: text('agent'),
    task: task('11111111'),
    workstream: { priority: 1, status: 'active', description: text('purpose') },
    place: {
      turn: { position: 1, of: 2 },
      dependents: [task('33333333')],
      unblocks: 1,
      chain: { position: 1, length: 2 },
    },
    dependencies: [{ task: task('44444444', { status: 'done' }), by: text('name') }],
    parent: task('55555555'),
    siblings: [task('66666666')],
    children: [task('77777777')],
    locks: [
      {
        lock: {
          resource: text('resource'),
          shared: false,
          holders: [{ ...hold, agent: text('name'), reason: text('reason') }],
        },
        isNear: true,
      },
    ],
    others: [{ task: other, isOver: true, isNear: true }],
    binding: [{ knowledge: knowledge(), globs: ['src/**'] }],
    relevant: [knowledge(), knowledge()],
    mail: [{ from: text('name'), at: briefStart, text: text('mail'), task: '11111111' }],
    events: [event, { ...event, n: 2 }],
  };
}
