/** The one table from what happened to the process's exit code. */
import type { ErrorCode } from '../errors.ts';

export const exitCodes = {
  done: 0,
  failed: 1,
  usage: 2,
  refused: 3,
  nothingToDo: 4,
  notPublished: 5,
  historyRewritten: 6,
  /** As shells say it of a program that a SIGINT ended. */
  interrupted: 130,
} as const;

const { failed, usage, refused, notPublished, historyRewritten } = exitCodes;

export const exitCodeOf: Readonly<Record<ErrorCode, number>> = {
  usage,
  'invalid-argument': usage,
  'too-large': usage,
  'secret-found': usage,
  'ambiguous-id': usage,

  'not-found': refused,
  'already-exists': refused,
  'already-claimed': refused,
  'not-ready': refused,
  'not-holder': refused,
  'stale-token': refused,
  closed: refused,
  'not-closed': refused,
  archived: refused,
  paused: refused,
  'lock-held': refused,
  conflict: refused,
  'not-undoable': refused,
  compacted: refused,
  'has-open-tasks': refused,
  'unknown-dependency': refused,
  'dependency-cycle': refused,
  'lacks-capability': refused,
  'batch-refused': refused,
  dropped: refused,
  'clock-off': refused,
  'checks-failed': refused,

  'no-repository': failed,
  'no-board': failed,
  'ambiguous-remote': failed,
  'board-mismatch': failed,
  'board-unreadable': failed,
  'newer-format': failed,
  'checked-out': failed,
  'import-failed': failed,
  'checks-not-allowed': failed,

  unreachable: failed,
  'not-published': notPublished,
  'upstream-refused': failed,
  'history-rewritten': historyRewritten,

  'merge-commit': refused,
  'wrong-version': refused,
  'wrong-result': refused,
  'foreign-file': refused,
  'malformed-record': refused,
  'manual-edit': refused,

  'git-missing': failed,
  'git-failed': failed,
  'store-corrupt': failed,
  'store-busy': failed,
  io: failed,
  unsupported: failed,
};
