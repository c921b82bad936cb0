/** The npm package: `import { openOrc } from 'git-orc'`. */

export { drawPlan, makePlan, type Plan } from './app/cycle.ts';
export { listTasks, type TaskFilter } from './app/listing.ts';
export {
  type LeaseOptions,
  type LockAttempt,
  type LockOptions,
  type NewTask,
  type NewWorkstream,
  Orc,
  openOrc,
} from './app/orc.ts';
export type { OpenOptions, SyncResult } from './app/orc-core.ts';
export type { MutationOptions, Performed } from './app/perform.ts';
export type { EventFilter } from './app/reading.ts';
export type { SingleFileState, SingleFileTask } from './app/single-file.ts';
export type { StatusReport, WorkstreamSummary } from './app/status.ts';
export {
  type ListedTask,
  readGraph,
  readTree,
  type ShownTask,
  showTask,
  type TreeEntry,
  withObstacles,
} from './app/task-views.ts';
export type {
  Agent,
  BoardEvent,
  Claim,
  Hold,
  Knowledge,
  Lock,
  Note,
  PublishMode,
  Task,
  TaskStatus,
  Workstream,
} from './core/records.ts';
export { type ErrorCode, errorCodes, OrcError } from './errors.ts';
