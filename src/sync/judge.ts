/**
 * Whether a commit that somebody else made is what orc itself would have made of its operation: decided again on the board
 * of its parent, by what the commit records (operation, time, base), and held against its bytes. For a hook on the server,
 * which believes no client.
 */
import { apply } from '../core/apply.ts';
import { MissingArchive } from '../core/archive.ts';
import { type Context, type Decision, MissingPast, type Operation, type Refusal, refuse } from '../core/operation.ts';
import { MissingRecord } from '../core/shelf.ts';
import { fromIso, toIso } from '../core/time.ts';
import type { Oid } from '../git/store.ts';
import type { WriteBlock } from '../layout/read-board.ts';
import { readArchive } from './archive.ts';
import { parseTrailers, type Trailers } from './commit-message.ts';
import { type Head, provideRecord } from './head.ts';
import { judgeEdit } from './judge-edit.ts';
import { judgeImport } from './judge-import.ts';
import {
  type Evidence,
  explain,
  headAfter,
  isSameCommit,
  type Judged,
  type Redone,
  redo,
  type Suspect,
  updateHint,
} from './judge-parts.ts';
import { faultInSetting } from './judge-settings.ts';
import { findMutation } from './past.ts';
import { namesNowhere, restoreArguments } from './restore-arguments.ts';
import type { SeenOperations } from './seen-operations.ts';
import { hasQuotes } from './unquote.ts';

/** How the client may have seen expiry: with which margin, and whether its clock could be trusted. No commit tells. */
export type View = Pick<Context, 'clockSkewMs' | 'clockOffMs'>;

export interface JudgeOptions {
  /** The ways in which it may have been decided, the likeliest first. */
  readonly views: (skewMs: number) => readonly View[];
  /** Times beyond this, ms since the epoch, are of a clock that is wrong. */
  readonly latest: number;
  readonly seen: SeenOperations;
  /** A board anew: deciding uses one up. */
  readonly reload: (commit: Oid) => Promise<Head>;
}

/** Judges one commit on top of its only parent. `head` is the parent's, and is used up. */
export async function judgeCommit(
  evidence: Evidence,
  head: Head,
  suspect: Suspect,
  options: JudgeOptions,
): Promise<Judged> {
  const { commit } = suspect;
  const trailers = parseTrailers(commit.message);
  if (trailers === null) {
    if (/^Orc-(?:Version|Op): /m.test(lastParagraph(commit.message)))
      return refuse('malformed-record', 'its trailers are not those of an operation', 'make changes with orc');
    return judgeEdit(evidence, head, suspect);
  }
  const { version } = head.read.board.meta;
  const fault = faultInTrailers(trailers, head, options.latest);
  if (fault !== null) return fault;
  const { writeBlock } = head.read;
  if (writeBlock !== null) return refuseWriting(writeBlock);
  if (await options.seen.has(trailers.op.id, Math.min(trailers.base, version)))
    return refuse(
      'already-exists',
      `the operation ${trailers.op.id} is in already`,
      '`orc sync` brings what was published',
    );
  const judged = await judgeOperation(evidence, head, suspect, trailers, options);
  if (judged.outcome === 'honest') options.seen.add(trailers.op.id);
  return judged;
}

function faultInTrailers({ version, base, at }: Trailers, head: Head, latest: number): Refusal | null {
  const next = head.read.board.meta.version + 1;
  if (version !== next) {
    const what = version < next ? 'goes back' : 'skips';
    return refuse(
      'wrong-version',
      `its version ${version} ${what}: after ${next - 1} comes ${next}`,
      'make changes with orc',
    );
  }
  const ms = fromIso(at);
  const isTime = !Number.isNaN(ms) && toIso(ms) === at;
  if (!isTime || !Number.isSafeInteger(base) || base < 0)
    return refuse('malformed-record', 'its trailers are not those of an operation', 'make changes with orc');
  if (ms <= latest) return null;
  return refuse(
    'clock-off',
    `its time, ${at}, is ahead of the clock of this server`,
    'set the clock of the machine that made it',
  );
}

/** It is the server's orc that cannot, not that of whoever pushes. */
function refuseWriting({ code, message, hint }: WriteBlock): Refusal {
  return refuse(code, message, code === 'newer-format' ? updateHint : hint);
}

function lastParagraph(message: string): string {
  return (
    message
      .trimEnd()
      .split(/\n{2,}/)
      .at(-1) ?? ''
  );
}

async function judgeOperation(
  evidence: Evidence,
  head: Head,
  suspect: Suspect,
  trailers: Trailers,
  { views, reload }: JudgeOptions,
): Promise<Judged> {
  const hashText = (text: string): Oid => evidence.hashObject('blob', encoder.encode(text));
  const given = trailers.op;
  const args = await restoreArguments(evidence, head, suspect.commit, given, hashText);
  const operation: Operation = { ...given, args };
  const hasQuote = hasQuotes(args);
  if (hasQuote && given.kind === 'board.import') return judgeImport(evidence, head, suspect, trailers);
  let first: Redone | Refusal | null = null;
  let parent = head;
  for (const view of views(head.read.board.settings.clock_skew_ms)) {
    const decision = await decide(evidence, parent, operation, trailers, view);
    if (decision.outcome === 'unchanged')
      first ??= refuse('wrong-result', 'there was nothing to do for it', 'such an operation makes no commit');
    else if (decision.outcome === 'refused')
      first ??= hasQuote && decision.code === 'invalid-argument' ? namesNowhere() : decision;
    else {
      const fault = await faultInSetting(operation, parent.read.board.settings);
      if (fault !== null) return fault;
      const redone = await redo(evidence, parent, { ...decision, operation: given }, suspect.commit, trailers);
      if (isSameCommit(redone.bytes, suspect.bytes))
        return { outcome: 'honest', head: headAfter(parent, redone, suspect) };
      first ??= redone;
      // The board went on with it.
      if (head.commit === null) break;
      parent = await reload(head.commit);
    }
  }
  if (first === null) throw new Error('no view was given');
  return 'outcome' in first ? first : explain(evidence, head, suspect, first);
}

async function decide(
  evidence: Evidence,
  head: Head,
  operation: Operation,
  trailers: Trailers,
  view: View,
): Promise<Decision> {
  const { board } = head.read;
  const { version } = trailers;
  let past: Context['past'];
  let archive: Context['archive'];
  for (;;) {
    try {
      const known = { ...(past === undefined ? {} : { past }), ...(archive === undefined ? {} : { archive }) };
      const context = { at: fromIso(trailers.at), version, ...view, ...known };
      return apply(board, operation, context);
    } catch (error) {
      if (error instanceof MissingPast) past = await findMutation(evidence, head.commit, error.version);
      else if (error instanceof MissingRecord) await provideRecord(evidence, head.tree, board, error);
      else if (error instanceof MissingArchive)
        archive = await readArchive(evidence, head.tree, { format: board.meta.format });
      else throw error;
    }
  }
}

const encoder = new TextEncoder();
