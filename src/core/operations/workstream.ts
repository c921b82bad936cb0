import * as z from 'zod/mini';
import * as arg from '../arguments.ts';
import type { Board, Change } from '../board.ts';
import { accept, type Call, defineOperation, lazily, type Refusal, refuse, type Verdict } from '../operation.ts';
import type { Workstream, WorkstreamStatus } from '../records.ts';
import { shellWord } from '../shell-word.ts';
import { findWorkstream, isRefusal, refuseCaseTwin } from './support.ts';

const createArguments = lazily(() =>
  z.strictObject({
    name: arg.name(),
    description: z._default(arg.text(), ''),
    priority: z._default(arg.priority(), 5),
  }),
);

export const workstreamCreate = defineOperation({
  kind: 'workstream.create',
  summary: 'Create a workstream',
  arguments: createArguments,
  actions: ['workstream_created'],
  decide(board, { name, description, priority }, call) {
    if (board.workstreams.get(name) !== undefined) {
      return refuse(
        'already-exists',
        `workstream "${name}" already exists`,
        `\`orc ws show ${shellWord(name)}\` shows it`,
      );
    }
    const twin = refuseCaseTwin(
      'workstream',
      name,
      [...board.workstreams.loaded()].map((workstream) => workstream.name),
    );
    if (twin !== null) return twin;
    const workstream: Workstream = {
      name,
      description,
      priority,
      status: 'active',
      created_version: call.version,
      created_index: 0,
      created_at: call.iso,
      updated_at: call.iso,
    };
    return accept({
      changes: [workstreamChange(null, workstream)],
      event: { action: 'workstream_created', workstream: name },
      result: { workstream: name },
    });
  },
});

const updateArguments = lazily(() =>
  z
    .strictObject({
      name: arg.name(),
      description: z.optional(arg.text()),
      priority: z.optional(arg.priority()),
    })
    .check(
      z.refine(
        (args) => args.description !== undefined || args.priority !== undefined,
        'say what to change: description or priority',
      ),
    ),
);

export const workstreamUpdate = defineOperation({
  kind: 'workstream.update',
  summary: 'Change the description or priority of a workstream',
  arguments: updateArguments,
  actions: ['workstream_updated'],
  decide(board, { name, ...changes }, call) {
    const found = findWorkstream(board, name);
    if (isRefusal(found)) return found;
    const after = {
      ...found,
      description: changes.description ?? found.description,
      priority: changes.priority ?? found.priority,
      updated_at: call.iso,
    };
    return accept({
      changes: [workstreamChange(found, after)],
      event: { action: 'workstream_updated', workstream: name, data: { changed: Object.keys(changes) } },
      result: { workstream: name },
    });
  },
});

const nameArguments = lazily(() => z.strictObject({ name: arg.name() }));

export const workstreamPause = defineOperation({
  kind: 'workstream.pause',
  summary: 'Pause a workstream: `next` skips it',
  arguments: nameArguments,
  actions: ['workstream_paused'],
  decide(board, { name }, call) {
    if (board.workstreams.get(name)?.status === 'archived') {
      return refuse(
        'archived',
        `workstream "${name}" is archived`,
        `\`orc ws resume ${shellWord(name)}\` makes it active again`,
      );
    }
    return setStatus(board, name, 'paused', call);
  },
});

export const workstreamResume = defineOperation({
  kind: 'workstream.resume',
  summary: 'Make a paused or archived workstream active again',
  arguments: nameArguments,
  actions: ['workstream_resumed'],
  decide: (board, { name }, call) => setStatus(board, name, 'active', call),
});

export const workstreamArchive = defineOperation({
  kind: 'workstream.archive',
  summary: 'Archive a workstream without open tasks: it takes no new ones',
  arguments: nameArguments,
  actions: ['workstream_archived'],
  decide(board, { name }, call) {
    const counts = board.countsOf(name);
    const open = counts.pending + counts.in_progress + counts.blocked;
    if (board.workstreams.get(name) !== undefined && open > 0) {
      const hint = `complete, cancel or move them first: \`orc t list ${shellWord(name)}\``;
      return refuse('has-open-tasks', `workstream "${name}" has ${open} open ${open === 1 ? 'task' : 'tasks'}`, hint, {
        open,
      });
    }
    return setStatus(board, name, 'archived', call);
  },
});

const actionOf: Readonly<Record<WorkstreamStatus, string>> = {
  active: 'workstream_resumed',
  paused: 'workstream_paused',
  archived: 'workstream_archived',
};

function setStatus(board: Board, name: string, status: WorkstreamStatus, call: Call): Verdict | Refusal {
  const found = findWorkstream(board, name);
  if (isRefusal(found)) return found;
  return accept({
    changes: [workstreamChange(found, { ...found, status, updated_at: call.iso })],
    event: { action: actionOf[status], workstream: name },
    result: { workstream: name },
  });
}

export function workstreamChange(before: Workstream | null, after: Workstream | null): Change {
  return { collection: 'workstreams', key: (after ?? (before as Workstream)).name, before, after };
}
