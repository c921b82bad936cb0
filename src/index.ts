/** The npm package: `import { openOrc } from 'git-orc'`. */

export type { Brief, BriefOptions } from './app/brief.ts';
export type { Compacted, CompactOptions } from './app/compact.ts';
export { drawPlan, makePlan, type Plan } from './app/cycle.ts';
export type { CycleSummary } from './app/cycle-board.ts';
export type { WatchNotice } from './app/follow.ts';
export type { When } from './app/head-at.ts';
export type {
  BoundKnowledge,
  KnowledgeFilter,
  KnowledgeHit,
  KnowledgeSearch,
} from './app/knowledge-base.ts';
export type { KnowledgeChange, KnowledgeTrail } from './app/knowledge-history.ts';
export { listTasks, type TaskFilter } from './app/listing.ts';
export type { SentMessage, UnreadMail } from './app/mail.ts';
export { Orc, type OrcView, openOrc } from './app/orc.ts';
export type { OpenOptions, SyncResult } from './app/orc-core.ts';
export type {
  CompleteOptions,
  KnowledgeOptions,
  LeaseOptions,
  LockOptions,
  NewTask,
  NewWorkstream,
} from './app/orc-options.ts';
export type { MutationOptions } from './app/perform.ts';
export type { Performed } from './app/performed.ts';
export type { HeldLock, Prime, PrimeOptions } from './app/prime.ts';
export type { EventFilter } from './app/reading.ts';
export type { RunChecksOptions } from './app/run-checks.ts';
export type { SingleFileState, SingleFileTask } from './app/single-file.ts';
export type { Snippet } from './app/snippets.ts';
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
export type { Undone, UndoOptions } from './app/undo.ts';
export type { LockAttempt, LockWaiting } from './app/wait-for-lock.ts';
export type { EventStream, WatchOptions } from './app/watch.ts';
export type { HandlerContext, WorkHandler, WorkOptions } from './app/work.ts';
export type { WorkEvent, WorkSummary } from './app/worker-ports.ts';
export type { Overdue } from './core/lease-watch.ts';
export type {
  Agent,
  BoardEvent,
  Check,
  CheckResults,
  CheckRun,
  Claim,
  CommandRun,
  Confirmation,
  Cycle,
  CycleResults,
  Hold,
  JsonDocument,
  Knowledge,
  LinkedCommit,
  Lock,
  Message,
  Note,
  PublishMode,
  Task,
  TaskStatus,
  Workstream,
} from './core/records.ts';
export { type ErrorCode, errorCodes, OrcError } from './errors.ts';
