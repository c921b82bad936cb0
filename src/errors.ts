/**
 * Every way in which orc says no, spelled once.
 *
 * Expected outcomes inside the layers are values (`{ outcome: 'raced' }`); an `OrcError` is for what the caller
 * has to hear. A plain `Error` means a bug in orc.
 */

/** The closed set of codes. Surfaces map them to exit codes and HTTP statuses; nobody matches on messages. */
export const errorCodes = [
  // what was asked cannot be understood
  'usage',
  'invalid-argument',
  'too-large',
  'secret-found',
  // the board says no
  'not-found',
  'already-exists',
  'already-claimed',
  'not-ready',
  'not-holder',
  'stale-token',
  'closed',
  'not-closed',
  'archived',
  'paused',
  'lock-held',
  'conflict',
  'not-undoable',
  'compacted',
  'has-open-tasks',
  'unknown-dependency',
  'dependency-cycle',
  'lacks-capability',
  'batch-refused',
  'dropped',
  'checks-failed',
  // the place is not right
  'no-repository',
  'no-board',
  'ambiguous-remote',
  'ambiguous-id',
  'board-mismatch',
  'board-unreadable',
  'newer-format',
  'checked-out',
  'import-failed',
  'checks-not-allowed',
  // the upstream
  'unreachable',
  'not-published',
  'upstream-refused',
  'history-rewritten',
  'clock-off',
  // what a hook on the server says of a push
  'merge-commit',
  'wrong-version',
  'wrong-result',
  'foreign-file',
  'malformed-record',
  'manual-edit',
  // this machine
  'git-missing',
  'git-failed',
  'store-corrupt',
  'store-busy',
  'io',
  'unsupported',
] as const;

export type ErrorCode = (typeof errorCodes)[number];

export interface ErrorOptions {
  /** What to do next: one sentence, ideally a command. */
  readonly hint?: string;
  /** Facts for programs, for example `{ by: 'agent-2', until: '2026-01-01T00:00:00.000Z' }`. */
  readonly details?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
}

/** An error that is meant for the caller: a code of the closed set, a message, and what to do about it. */
export class OrcError extends Error {
  override readonly name = 'OrcError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>> | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
    this.details = options.details;
  }
}
