/** The board as it was: which commit a version, a commit's name or a time means. */
import { parseMoment, toIso } from '../core/time.ts';
import { OrcError } from '../errors.ts';
import type { GitStore } from '../git/store.ts';
import { type Head, loadHead } from '../sync/head.ts';
import { type LineCommit, type LineEnd, timeOf, walkLine } from '../sync/line.ts';

/** A board version; or as text: a version (`42`, `v42`), the beginning of a commit's id, a time in ISO 8601, or how long ago (`2h`). */
export type When = number | string | Date;

export interface PastHead {
  readonly head: Head;
  /** When that commit was made, ms: the present, as far as the board of then is concerned. */
  readonly at: number;
}

type Wanted =
  | { readonly kind: 'version'; readonly version: number; readonly text: string }
  | { readonly kind: 'commit'; readonly prefix: string }
  | { readonly kind: 'time'; readonly at: number };

/** Shorter ones are taken for lengths of time (`10d`) or are likely to fit several. */
const leastCommitDigits = 6;

/**
 * Looks through published history alone: what waits in the queue may never have been.
 * @throws OrcError `invalid-argument`, `not-found` (details.oldest, details.newest), `ambiguous-id`
 */
export async function headAt(store: GitStore, published: Head, when: When, now: number): Promise<PastHead> {
  const wanted = readWhen(when, now);
  const found =
    wanted.kind === 'commit' ? await findCommit(store, published, wanted.prefix) : await find(store, published, wanted);
  return { head: await loadHead(store, found.commit, published), at: timeOf(found) };
}

function readWhen(when: When, now: number): Wanted {
  if (when instanceof Date && !Number.isNaN(when.getTime())) return { kind: 'time', at: when.getTime() };
  const text = String(when).trim();
  if (/^v?\d{1,15}$/.test(text)) return { kind: 'version', version: Number(text.replace('v', '')), text };
  const at = parseMoment(text, now);
  if (at !== null) return { kind: 'time', at };
  if (new RegExp(`^[0-9a-f]{${leastCommitDigits},64}$`, 'i').test(text))
    return { kind: 'commit', prefix: text.toLowerCase() };
  throw new OrcError('invalid-argument', `"${text}" is no version, commit or time`, {
    hint: `for example 42, a commit's first ${leastCommitDigits} digits or more, 2026-01-31, 2026-01-31T12:00:00Z, or 2h for two hours ago`,
  });
}

async function find(
  store: GitStore,
  { commit, read }: Head,
  wanted: Exclude<Wanted, { kind: 'commit' }>,
): Promise<LineCommit> {
  const line = walkLine(store, commit);
  let last: LineCommit | null = null;
  let version: number | null = null;
  for (;;) {
    const step = await line.next();
    if (step.done === true) throw notFound(wanted, step.value, last, version, read.board.meta.version);
    const each = step.value;
    version = each.trailers?.version ?? version;
    if (wanted.kind === 'time' && timeOf(each) <= wanted.at) return each;
    if (wanted.kind === 'version' && each.trailers?.version === wanted.version) return each;
    if (wanted.kind === 'version' && version !== null && version < wanted.version) {
      // All digits: it may have been meant for a commit's name.
      const named = /^\d{7,}$/.test(wanted.text)
        ? await findCommit(store, { commit, read }, wanted.text).catch(() => null)
        : null;
      if (named !== null) return named;
      throw noSuchVersion(wanted.version, read.board.meta.version);
    }
    last = each;
  }
}

/** All of history is looked through, unless the whole id was given: another commit might begin with the same digits. */
async function findCommit(
  store: GitStore,
  { commit }: Pick<Head, 'commit' | 'read'>,
  prefix: string,
): Promise<LineCommit> {
  const isWhole = prefix.length === (store.objectFormat === 'sha1' ? 40 : 64);
  const line = walkLine(store, commit);
  const matches: LineCommit[] = [];
  for (;;) {
    const step = await line.next();
    if (step.done === true) {
      const [match, other] = matches;
      if (other !== undefined) {
        const ids = matches.slice(0, 4).map((each) => each.commit);
        throw new OrcError('ambiguous-id', `"${prefix}" may be any of ${ids.join(', ')}`, { hint: 'give more digits' });
      }
      if (match !== undefined) return match;
      const where = step.value === 'cut' ? ', as far as this shallow store has it' : '';
      throw new OrcError('not-found', `no commit of the board's history begins with ${prefix}${where}`, {
        hint: '`orc history --json` shows the commits; `orc sync` brings what others did',
      });
    }
    if (!step.value.commit.startsWith(prefix)) continue;
    if (isWhole) return step.value;
    matches.push(step.value);
  }
}

function noSuchVersion(version: number, newest: number): OrcError {
  const why =
    version > newest
      ? `the newest one here is ${newest}`
      : 'the versions around it are there; that one was skipped after a manual edit';
  return new OrcError('not-found', `there is no version ${version}: ${why}`, {
    hint: version > newest ? '`orc sync` brings what others did' : '`orc history` lists the versions',
    details: { newest },
  });
}

function notFound(
  wanted: Exclude<Wanted, { kind: 'commit' }>,
  end: LineEnd,
  last: LineCommit | null,
  oldest: number | null,
  newest: number,
): OrcError {
  const what = wanted.kind === 'version' ? `version ${wanted.version}` : toIso(wanted.at);
  const since = last === null ? '' : ` (version ${oldest ?? '?'}, ${toIso(timeOf(last))})`;
  const message =
    end === 'cut'
      ? `this store is shallow: it has nothing as old as ${what}, only what came since${since}`
      : `the board had not begun at ${what}: it began${since}`;
  return new OrcError('not-found', message, {
    hint:
      end === 'cut'
        ? 'a clone that joined with `orc init --full` has all of history'
        : '`orc history` lists the versions',
    details: { oldest, newest },
  });
}
