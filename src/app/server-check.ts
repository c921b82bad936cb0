/** What a hook on the server does with a push to a board: judges it, and says in one line why it is not let in. */
import path from 'node:path';
import { parseDuration } from '../core/time.ts';
import type { ErrorCode } from '../errors.ts';
import { OrcError } from '../errors.ts';
import { cleanServerText } from '../git/clean-text.ts';
import { lastValue, readConfigFile } from '../git/config-file.ts';
import { openNativeStore } from '../git/native/native-store.ts';
import type { Oid } from '../git/store.ts';
import { judgePush, type PushVerdict } from '../sync/judge-push.ts';
import { fileIds } from '../sync/seen-operations.ts';
import { fileSnapshots } from '../sync/snapshot.ts';
import { packageVersion } from './package-info.ts';

export interface ReceivedPush {
  readonly cwd: string;
  /** That of the hook: it says where git keeps the objects of the push. */
  readonly env: NodeJS.ProcessEnv;
  /** The branch. */
  readonly ref: string;
  /** Ids as git names them; zeros stand for nothing. */
  readonly from: string;
  readonly to: string;
  /** ms since the epoch. */
  readonly now: number;
}

/** `line`: for the pusher; `null` where there is nothing to say. */
export interface ReceiveAnswer {
  readonly outcome: 'let-in' | 'refused' | 'failed';
  readonly line: string | null;
}

/** Characters: clients show so much of what a server says. */
const maxLine = 440;
const defaultAheadMs = 10 * 60_000;

/** Never throws: what fails is said in a line, and the shell around it decides what becomes of the push. */
export async function receivePush(push: ReceivedPush): Promise<ReceiveAnswer> {
  const gitDir = path.resolve(push.cwd, push.env.GIT_DIR ?? '.');
  try {
    const settings = readHookSettings(gitDir);
    const store = await openNativeStore(gitDir, { env: push.env, readsIncoming: true });
    try {
      const ids = { from: toOid(push.from), to: toOid(push.to) };
      const kept = path.join(hookFolder(gitDir), encodeURIComponent(push.ref));
      const objects = path.join(gitDir, 'objects');
      const verdict = await judgePush(store, ids, {
        now: push.now,
        aheadMs: settings.aheadMs,
        snapshots: fileSnapshots(kept, packageVersion(), objects),
        ids: fileIds(`${kept}.ids`, objects),
      });
      if (verdict.outcome === 'honest') return { outcome: 'let-in', line: null };
      const line = refusalLine(verdict, settings.isWarning ? 'would be refused' : 'refused');
      return { outcome: settings.isWarning ? 'let-in' : 'refused', line };
    } finally {
      // Its end is not waited for: nothing depends on it, and a push does on us.
      void store.close();
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const bug = error instanceof OrcError ? '' : 'a bug in orc: ';
    return { outcome: 'failed', line: oneLine(`orc: the hook that guards the board failed: ${bug}${reason}`) };
  }
}

/** Where the hook keeps the boards that it judged last: a cache, and safe to delete. */
export function hookFolder(gitDir: string): string {
  return path.join(gitDir, 'orc-hook');
}

/** @throws OrcError `invalid-argument` */
export function readHookSettings(gitDir: string): { readonly isWarning: boolean; readonly aheadMs: number } {
  const entries = readConfigFile(path.join(gitDir, 'config'), { includes: false });
  const mode = lastValue(entries, 'orc.hookmode') ?? 'enforce';
  if (mode !== 'enforce' && mode !== 'warn')
    throw new OrcError('invalid-argument', `orc.hookMode must be enforce or warn, not ${mode}`);
  const ahead = lastValue(entries, 'orc.hookahead');
  const aheadMs = ahead === null ? defaultAheadMs : parseDuration(ahead, null);
  if (aheadMs === null)
    throw new OrcError(
      'invalid-argument',
      `orc.hookAhead must be a length of time with its unit, such as 10m, not ${ahead}`,
    );
  return { isWarning: mode === 'warn', aheadMs };
}

function refusalLine({ commit, refusal }: Extract<PushVerdict, { outcome: 'refused' }>, verb: string): string {
  const { code, message, hint = hintByCode[code] } = refusal;
  const subject = commit?.commit.message.split('\n')[0]?.slice(0, 72);
  const which = commit === null ? '' : `${commit.oid.slice(0, 8)} (${subject}): `;
  const version = code === 'wrong-result' || code === 'usage' ? `; this is orc ${packageVersion()}` : '';
  return oneLine(`orc: ${verb} (${code}): ${which}${message}${hint === undefined ? '' : `; ${hint}`}${version}`);
}

const hintByCode: Partial<Record<ErrorCode, string>> = { usage: 'update orc on the server' };

function oneLine(text: string): string {
  const line = cleanServerText(text).replace(/\s+/g, ' ');
  return line.length <= maxLine ? line : `${line.slice(0, maxLine - 1)}…`;
}

function toOid(text: string): Oid | null {
  if (!/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text))
    throw new OrcError('usage', `git would have given object ids, not ${JSON.stringify(text.slice(0, 80))}`);
  return /^0+$/.test(text) ? null : (text as Oid);
}
