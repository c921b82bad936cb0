/** The table of all operations. A new one is added here and nowhere else. */
import type { OperationDefinition } from '../operation.ts';
import { agentHeartbeat, agentRegister, agentRetire } from './agent.ts';
import { boardInit, configSet } from './board.ts';
import { boardCompact } from './board-compact.ts';
import { boardImport } from './board-import.ts';
import { cycleCollect, cycleOpen } from './cycle.ts';
import { defineEventLog } from './event.ts';
import { knowledgeAppend, knowledgeDelete, knowledgeWrite } from './knowledge.ts';
import { lockAcquire, lockBreak, lockRelease, lockRenew } from './lock.ts';
import { messageAck, messageSend } from './message.ts';
import { taskAdd, taskBlock, taskCancel, taskEdit, taskNote, taskReopen, taskUnblock } from './task.ts';
import { taskClaim, taskComplete, taskFail, taskNext, taskRelease, taskRenew } from './task-claim.ts';
import { taskLink } from './task-link.ts';
import { undo } from './undo.ts';
import {
  workstreamArchive,
  workstreamCreate,
  workstreamPause,
  workstreamResume,
  workstreamUpdate,
} from './workstream.ts';

const recordOperations = [
  boardInit,
  boardImport,
  boardCompact,
  configSet,
  workstreamCreate,
  workstreamUpdate,
  workstreamPause,
  workstreamResume,
  workstreamArchive,
  taskAdd,
  taskEdit,
  taskClaim,
  taskNext,
  taskRenew,
  taskComplete,
  taskFail,
  taskRelease,
  taskBlock,
  taskUnblock,
  taskCancel,
  taskReopen,
  taskNote,
  taskLink,
  agentRegister,
  agentHeartbeat,
  agentRetire,
  lockAcquire,
  lockRenew,
  lockRelease,
  lockBreak,
  knowledgeWrite,
  knowledgeAppend,
  knowledgeDelete,
  messageSend,
  messageAck,
  cycleOpen,
  cycleCollect,
  undo,
] as unknown as readonly OperationDefinition[];

const reservedActions: ReadonlySet<string> = new Set(recordOperations.flatMap(({ actions }) => actions));

export const operations: readonly OperationDefinition[] = [
  ...recordOperations,
  defineEventLog((action) => reservedActions.has(action)) as unknown as OperationDefinition,
];

const operationsByKind: ReadonlyMap<string, OperationDefinition> = new Map(operations.map((each) => [each.kind, each]));

export function findOperation(kind: string): OperationDefinition | undefined {
  return operationsByKind.get(kind);
}
