/** How large a record may become. A file above the limit is set aside by whoever reads the branch (layout). */
import { isLongerThan } from './arguments.ts';
import type { Change } from './board.ts';
import { type Refusal, refuse } from './operation.ts';

/** Bytes of its JSON on the branch. Knowledge and other files have limits of their own, in the arguments. */
export const maxRecordBytes = 1024 * 1024;
/** Kept free in a record that somebody fills with text, so that it can still be claimed, completed and cancelled. */
const reservedBytes = 256 * 1024;
/** Growth in characters that is a matter of status, not of text. */
const smallGrowth = 4096;

/** Refuses (`too-large`) changes that would make a record unreadable: fifty long notes, a text made of control characters. */
export function refuseOversized(changes: readonly Change[]): Refusal | null {
  for (const { collection, key, before, after } of changes) {
    if (after === null || collection === 'knowledge' || collection === 'files') continue;
    const json = JSON.stringify(after, null, 2);
    if (json.length * 3 < maxRecordBytes - reservedBytes) continue;
    const growth = json.length - (before === null ? 0 : JSON.stringify(before, null, 2).length);
    const limit = growth > smallGrowth ? maxRecordBytes - reservedBytes : maxRecordBytes - 1;
    if (isLongerThan(json, limit)) {
      const hint = 'write long texts to the knowledge base and name the topic';
      return refuse('too-large', `${collection}/${key} would be longer than ${Math.round(limit / 1024)} KiB`, hint);
    }
  }
  return null;
}
