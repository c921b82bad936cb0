/** What a `git push --porcelain` said, as an outcome. Pure. */
import { summarizeServerText } from '../clean-text.ts';
import type { PushOutcome } from '../transport.ts';

export interface PushReport {
  /** `null` when git was killed. */
  readonly exitCode: number | null;
  readonly timedOut: boolean;
  readonly stdout: string;
  /** Cleaned. */
  readonly stderr: string;
}

/**
 * Git's own words for a connection that never came about: nothing can have been sent. Everything that is not in this
 * list counts as unknown, so a wording that a later git changes costs a fetch, never a wrong answer.
 */
const neverConnected: readonly RegExp[] = [
  /^fatal: '.*' does not appear to be a git repository$/m,
  /^fatal: repository '.*' (?:not found|does not exist)$/m,
  /^fatal: unable to access '.*': /m, // asking for the refs; the push itself fails with `RPC failed`
  /^fatal: Authentication failed for /m,
  /^fatal: could not read (?:Username|Password) for /m,
  /^fatal: unable to look up /m,
  /^fatal: unable to connect to /m,
  /^fatal: transport '.*' not allowed$/m,
  /^(?:fatal|git): .*remote-.*(?:is not a git command|aborted session)/m,
  /^fatal: [Uu]nable to find remote helper for /m,
  /^fatal: cannot run .*ssh.*: /m,
  /^error: cannot run .*ssh.*: /m,
  /^fatal: detected dubious ownership in repository /m,
  /^ssh: (?:connect to host|Could not resolve hostname) /m,
  /^Host key verification failed\.$/m,
  /^[^\n]*: Permission denied \([a-z,-]*(?:publickey|password|keyboard)[a-z,-]*\)\.$/m,
];

/** Classifies a push of one commit to `ref`. */
export function classifyPush(ref: string, report: PushReport): PushOutcome {
  const line = findStatusLine(ref, report.stdout);
  const fallback = line?.summary || `git push ended with ${report.exitCode ?? 'a signal'}`;
  // What git says while its time is up and it is killed with its children, it says of that.
  const reason = report.timedOut ? 'no answer in time' : summarizeServerText(report.stderr, fallback);
  // `=`: the upstream is there already, which is how a repeated push is taken.
  if (line !== null && ' *=+-'.includes(line.flag)) return { outcome: 'taken' };
  // `[remote failure]`: the connection ended before the upstream reported. It may have done the work.
  if (line?.flag === '!' && !line.summary.startsWith('[remote failure]')) {
    // Git's own words, said before anything was sent; the last where the branch is not at the base of the push.
    const said = /^\[rejected\] \((fetch first|non-fast-forward|stale info)\)/.exec(line.summary)?.[1];
    const reasons = joinReasons(line.summary, report.stderr);
    if (said === undefined) return { outcome: 'rejected', reason: reasons };
    return { outcome: 'rejected', reason: reasons, isBehind: true, ...(said === 'stale info' && { mayBeGone: true }) };
  }
  // What a server's hooks print comes after `remote: `, and cannot pass for git's own words.
  const own = report.stderr.replace(/^remote:.*$/gm, '');
  const proven =
    !report.timedOut && line === null && !/RPC failed/.test(own) && neverConnected.some((words) => words.test(own));
  return { outcome: proven ? 'unreachable' : 'unknown', reason };
}

/** Classifies a push of one commit to `ref` that removes other refs with it, all or nothing. */
export function classifyAtomicPush(ref: string, removed: ReadonlyMap<string, string>, report: PushReport): PushOutcome {
  const own = report.stderr.replace(/^remote:.*$/gm, '');
  if (/^fatal: the receiving end does not support --atomic push$/m.test(own))
    return { outcome: 'rejected', reason: 'the upstream cannot take several refs in one step', isUnable: true };
  const outcome = classifyPush(ref, report);
  const lines = [...removed].map(([name, full]) => ({ name, line: findStatusLine(full, report.stdout) }));
  if (outcome.outcome === 'unreachable') return outcome;
  const absent = lines
    .filter(({ line }) => line?.summary.startsWith('[rejected] (stale info)'))
    .map(({ name }) => name);
  if (absent.length > 0) return { outcome: 'rejected', reason: 'a deposit is not there', absent };
  const refused = lines.find(({ line }) => line?.flag === '!' && !line.summary.startsWith('[remote failure]'));
  if (outcome.outcome === 'taken' && refused !== undefined)
    return { outcome: 'rejected', reason: joinReasons(refused.line?.summary ?? '', report.stderr) };
  const isWhole = lines.every(({ line }) => line?.flag === '-');
  return outcome.outcome !== 'taken' || isWhole
    ? outcome
    : { outcome: 'unknown', reason: 'the report does not name every deposit' };
}

/** Whether the push made `ref`, as far as git knows: the upstream told of no such branch. */
export function createsBranch(ref: string, stdout: string): boolean {
  return findStatusLine(ref, stdout)?.flag === '*';
}

interface StatusLine {
  readonly flag: string;
  /** For example `[rejected] (fetch first)`. */
  readonly summary: string;
}

/** `<flag>\t<from>:<to>\t<summary>`; the server chooses part of the summary, never the tabs before it. */
function findStatusLine(ref: string, stdout: string): StatusLine | null {
  for (const text of stdout.split('\n')) {
    const match = /^(.)\t[^\t]*:([^\t:]+)\t(.*)$/.exec(text);
    if (match?.[2] === ref) return { flag: match[1] as string, summary: match[3] as string };
  }
  return null;
}

/** `[remote rejected] (pre-receive hook declined): what the hook printed`. */
function joinReasons(summary: string, stderr: string): string {
  const short = summarizeServerText(summary, 'rejected');
  const words = summarizeServerText(stderr.replace(/^(?!remote:|error:|fatal:).*$/gm, ''), '');
  return words === '' || short.includes(words) ? short : `${short}: ${words}`;
}
