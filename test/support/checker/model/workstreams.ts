import type { BoardModel } from './board.ts';
import { foldCase } from './names.ts';
import {
  type Call,
  type Decide,
  isRefused,
  optionalNumber,
  optionalText,
  type Refused,
  refuse,
  text,
} from './operation.ts';
import type { Workstream, WorkstreamStatus } from './records.ts';

export function findWorkstream(board: BoardModel, name: string): Workstream | Refused {
  return board.workstreams.get(name) ?? refuse('not-found', `there is no workstream ${name}`);
}

/** Names that differ by case alone would be one file on some systems. */
export function caseTwin(name: string, others: Iterable<string>): Refused | null {
  for (const other of others) {
    if (other !== name && foldCase(other) === foldCase(name))
      return refuse('invalid-argument', `${name} differs from ${other} by case alone`);
  }
  return null;
}

const create: Decide = (board, call) => {
  const name = text(call.args, 'name');
  if (board.workstreams.has(name)) return refuse('already-exists', `there is a workstream ${name}`);
  const twin = caseTwin(name, board.workstreams.keys());
  if (twin !== null) return twin;
  const workstream: Workstream = {
    name,
    description: text(call.args, 'description'),
    priority: optionalNumber(call.args, 'priority') ?? 5,
    status: 'active',
    created_version: call.version,
    created_index: 0,
    created_at: call.iso,
    updated_at: call.iso,
  };
  return accepted(workstream, 'workstream_created');
};

function accepted(workstream: Workstream, action: string, data?: Readonly<Record<string, unknown>>) {
  return {
    outcome: 'accepted' as const,
    changes: [{ what: 'workstream' as const, key: workstream.name, after: workstream }],
    event: { action, workstream: workstream.name, ...(data === undefined ? {} : { data }) },
    result: { workstream: workstream.name },
  };
}

const update: Decide = (board, call) => {
  const description = optionalText(call.args, 'description');
  const priority = optionalNumber(call.args, 'priority');
  if (description === null && priority === null) return refuse('invalid-argument', 'nothing to change');
  const workstream = findWorkstream(board, text(call.args, 'name'));
  if (isRefused(workstream)) return workstream;
  const changed = [...(description === null ? [] : ['description']), ...(priority === null ? [] : ['priority'])];
  const after = {
    ...workstream,
    description: description ?? workstream.description,
    priority: priority ?? workstream.priority,
    updated_at: call.iso,
  };
  return accepted(after, 'workstream_updated', { changed });
};

function withStatus(status: WorkstreamStatus, action: string) {
  return (board: BoardModel, call: Call) => {
    const workstream = findWorkstream(board, text(call.args, 'name'));
    if (isRefused(workstream)) return workstream;
    if (status === 'paused' && workstream.status === 'archived')
      return refuse('archived', `${workstream.name} is archived`);
    if (status === 'archived') {
      const { pending, in_progress, blocked } = board.countsOf(workstream.name);
      if (pending + in_progress + blocked > 0) return refuse('has-open-tasks', `${workstream.name} has open tasks`);
    }
    return accepted({ ...workstream, status, updated_at: call.iso }, action);
  };
}

export const workstreamOperations: Readonly<Record<string, Decide>> = {
  'workstream.create': create,
  'workstream.update': update,
  'workstream.pause': withStatus('paused', 'workstream_paused'),
  'workstream.resume': withStatus('active', 'workstream_resumed'),
  'workstream.archive': withStatus('archived', 'workstream_archived'),
};
