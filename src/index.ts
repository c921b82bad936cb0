/** The npm package: `import { openOrc } from 'git-orc'`. */

export {
  type CompleteOptions,
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
export type { RunChecksOptions } from './app/run-checks.ts';
export type { SingleFileState, SingleFileTask } from './app/single-file.ts';
export type { StatusReport, WorkstreamSummary } from './app/status.ts';
export type { HandlerContext, WorkHandler, WorkOptions } from './app/work.ts';
export type { WorkEvent, WorkSummary } from './app/worker-ports.ts';
export type {
  Agent,
  BoardEvent,
  Check,
  CheckResults,
  CheckRun,
  Claim,
  CommandRun,
  Confirmation,
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
