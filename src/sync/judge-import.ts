/**
 * A large import. Its commit names what was brought by digests of whole lists, which nothing keeps; so it cannot be decided
 * again. It is judged by what it brought: every file in the form that orc writes, nothing but new records, made by this
 * very mutation, and the log, `state.json` and `BOARD.md` as they follow from them.
 */
import type { Change } from '../core/board.ts';
import { checkInvariants } from '../core/invariants.ts';
import { isSame } from '../core/is-same.ts';
import { faultInName } from '../core/names.ts';
import { type Accepted, type Refusal, refuse } from '../core/operation.ts';
import { isImportedLine } from '../core/operations/board-import.ts';
import type { BoardEvent, Knowledge, Lock } from '../core/records.ts';
import { fromIso, toIso } from '../core/time.ts';
import { parseSegment } from '../layout/events.ts';
import type { Trailers } from './commit-message.ts';
import { type Head, listSegments } from './head.ts';
import { type Evidence, explain, headAfter, isSameCommit, type Judged, redo, type Suspect } from './judge-parts.ts';
import { changesBetween } from './past.ts';

const hint = 'an import brings new records and changes none: `orc import` makes it';
/** The version of `board.init`: what still bears it is of the template, and may be replaced. */
const initVersion = 1;
const maxSubjectLength = 72;

export async function judgeImport(
  evidence: Evidence,
  head: Head,
  suspect: Suspect,
  trailers: Trailers,
): Promise<Judged> {
  const { board } = head.read;
  const { op, at } = trailers;
  const faultInAgent = faultInName(op.agent);
  if (faultInAgent !== null) return refuse('invalid-argument', `agent ${faultInAgent}`, hint);
  const changes = await changesBetween(evidence, head.tree, suspect.commit.tree);
  const fault = changes.map((change) => faultInChange(change, trailers)).find((each) => each !== null);
  if (fault !== undefined) return refuse('wrong-result', fault, hint);
  const events = await eventsOf(evidence, head, suspect);
  if ('outcome' in events) return events;
  const inLog = faultInEvents(events, head, trailers);
  if (inLog !== null) return refuse('wrong-result', inLog, hint);
  const brought = changes.filter(({ collection, before }) => collection === 'tasks' && before === null).length;
  const subject = `board.import by ${op.agent}`;
  const accepted: Accepted = {
    outcome: 'accepted',
    operation: op,
    version: trailers.version,
    at: fromIso(at),
    changes,
    events,
    result: { value: brought },
    subject: subject.length <= maxSubjectLength ? subject : `${subject.slice(0, maxSubjectLength - 1)}…`,
    body: undefined,
    boardId: undefined,
    settingsText: undefined,
  };
  const before = new Set(checkInvariants(board));
  const redone = await redo(evidence, head, accepted, suspect.commit, trailers);
  if (!isSameCommit(redone.bytes, suspect.bytes)) return explain(evidence, head, suspect, redone);
  const broken = checkInvariants(board).find((each) => !before.has(each));
  if (broken !== undefined) return refuse('wrong-result', broken, hint);
  return { outcome: 'honest', head: headAfter(head, redone, suspect) };
}

function faultInChange(change: Change, { version, at, op }: Trailers): string | null {
  const { collection, key, before, after } = change;
  const name = `${collection}/${key}`;
  if (collection === 'locks') return faultInLock(change, { version, at, op });
  if (collection === 'messages' || collection === 'cycles' || collection === 'files') return `it changes ${name}`;
  if (after === null) return `it removes ${name}`;
  if (collection === 'agents') {
    if (before === null) return null;
    const isSeen = key === op.agent && isSame(after, { ...before, last_seen: at });
    return isSeen ? null : `it changes ${name}`;
  }
  if (collection === 'knowledge') {
    if ((after as Knowledge).version !== version) return `${name} is not of this version`;
    return before === null || (before as Knowledge).version === initVersion ? null : `it changes ${name}`;
  }
  if (before !== null) return `it changes ${name}`;
  if (after.created_version !== version) return `${name} is not of this version`;
  return collection === 'tasks' && after.claim !== null ? `${name} has a claim that nobody made` : null;
}

/** Locks that run out go in passing; those that it brings are marked as brought. */
function faultInLock(
  { key, before, after }: Change,
  { version, at, op }: Pick<Trailers, 'version' | 'at' | 'op'>,
): string | null {
  const [old, young] = [before as Lock | null, after as Lock | null];
  const isKept = (id: string): boolean => young?.holders.some((hold) => hold.id === id) === true;
  const lost = old?.holders.find((hold) => !isKept(hold.id) && fromIso(hold.expires_at) > fromIso(at));
  if (lost !== undefined) return `it takes the lock ${key} from ${lost.agent}`;
  for (const hold of young?.holders ?? []) {
    const known = old?.holders.find(({ id, agent }) => id === hold.id && agent === hold.agent);
    if (
      known === undefined ? hold.imported !== true || hold.id !== op.id || hold.token !== version : !isSame(known, hold)
    )
      return `the lock ${key} has a hold that nobody made`;
  }
  return null;
}

/** The lines that it added to the log; a refusal where one of them is no event. */
async function eventsOf(evidence: Evidence, { tail }: Head, { commit }: Suspect): Promise<BoardEvent[] | Refusal> {
  const segments = (await listSegments(evidence, commit.tree)).filter(({ first }) => first >= tail.first);
  const objects = await evidence.readObjects(segments.map(({ oid }) => oid));
  const events: BoardEvent[] = [];
  for (const { path, first, oid } of segments) {
    const text = new TextDecoder().decode(objects.get(oid)?.bytes);
    const before = first === tail.first ? tail.text : '';
    // What stood there was changed: the comparison of the files says so.
    if (!text.startsWith(before)) return [];
    const added = parseSegment(path, text.slice(before.length));
    const fault = added.faults[0];
    if (fault !== undefined) return refuse('malformed-record', `${path}, of what it adds ${fault.reason}`, hint);
    events.push(...added.events);
  }
  return events;
}

function faultInEvents(events: readonly BoardEvent[], head: Head, { version, at, op }: Trailers): string | null {
  const own = events.at(-1);
  if (own === undefined || own.op !== op.id || own.action !== 'board_imported' || own.agent !== op.agent)
    return 'its own line is missing in the log';
  if (own.ts !== toIso(fromIso(at))) return 'its line in the log has another time';
  for (const [index, { n, v, op: id, ...line }] of events.entries()) {
    if (n !== head.read.board.meta.events + index + 1 || v !== version)
      return `event ${n} has a wrong number or version`;
    if (index === events.length - 1) break;
    if (id !== undefined) return `event ${n} passes for another operation`;
    if (!isImportedLine(line)) return `event ${n} is none that an import brings`;
  }
  return null;
}
