/** Pushing one branch, and the deposits in its inbox: the client's half of git-receive-pack. Pure. */
import type { Oid } from '../store.ts';
import { depositNameOf, inboxPrefix, type PushOutcome } from '../transport.ts';
import type { Advertisement } from './advertisement.ts';
import { agentName } from './agent-name.ts';
import { demultiplex, encodeMessage, packetText, readPackets } from './pkt-line.ts';

const noOid = '0'.repeat(40);

export interface PushCommand {
  readonly ref: string;
  /** What the server said the ref is at: it takes the push only while that is so. `null`: there is no such ref. */
  readonly from: Oid | null;
  /** `null`: remove it. */
  readonly to: Oid | null;
}

/** Several commands are done whole or not at all: only where `canRemove` says that the server can do that. */
export function encodePush(
  { capabilities }: Advertisement,
  commands: readonly PushCommand[],
  pack: Uint8Array,
): Buffer {
  const asked = ['report-status', 'side-band-64k', 'quiet'].filter((name) => capabilities.has(name));
  if (commands.length > 1) asked.push('atomic');
  if (capabilities.has('object-format')) asked.push('object-format=sha1');
  const lines = commands.map(({ ref, from, to }) => `${from ?? noOid} ${to ?? noOid} ${ref}`);
  const [first = '', ...rest] = lines;
  return Buffer.concat([encodeMessage([`${first}\0 ${[...asked, `agent=${agentName}`].join(' ')}`, ...rest]), pack]);
}

/** Whether the server can remove refs in one step with a push, as far as it says. */
export function canRemove({ capabilities }: Advertisement): boolean {
  return ['report-status', 'atomic', 'delete-refs'].every((name) => capabilities.has(name));
}

export const unableToRemove: PushOutcome = {
  outcome: 'rejected',
  reason: 'the upstream cannot take several refs in one step',
  isUnable: true,
};

/** Said to a push that builds on the branch, where there is none: only the first push of a board makes it. */
export const branchGone: PushOutcome = { outcome: 'rejected', reason: 'the branch is not there any more' };

/** The commands that remove deposits of a branch, or why they cannot be removed. */
export function removalCommands(
  advertisement: Advertisement,
  branchRef: string,
  remove: ReadonlyMap<string, Oid>,
): readonly PushCommand[] | PushOutcome {
  if (remove.size === 0) return [];
  if (!canRemove(advertisement)) return unableToRemove;
  const commands = [...remove].map(([name, from]) => ({
    ref: `${inboxPrefix(branchRef)}${name}`,
    from,
    to: null,
    name,
  }));
  const absent = commands.filter(({ ref, from }) => advertisement.refs.get(ref) !== from).map(({ name }) => name);
  return absent.length === 0 ? commands : { outcome: 'rejected', reason: 'a deposit is not there', absent };
}

/** Whether the server told of deposits for the branch beside these. */
export function tellsOfDeposits({ refs }: Advertisement, branchRef: string, but: ReadonlyMap<string, Oid>): boolean {
  return [...refs.keys()].some((ref) => {
    const name = depositNameOf(branchRef, ref);
    return name !== null && !but.has(name);
  });
}

/**
 * The server's report on refs, of which the first is that of the push. Only one that came whole counts: whatever broke off may have been taken.
 * `summarize` makes one clean line of what a server says.
 */
export function readReport(
  { capabilities }: Advertisement,
  refs: readonly string[],
  body: Buffer,
  summarize: (text: string, fallback: string) => string,
): PushOutcome {
  const outer = readPackets(body);
  let { packets, isWhole } = outer;
  const [first] = packets;
  if (Buffer.isBuffer(first) && first.toString('latin1', 0, 4) === 'ERR ') {
    // In the place of a report: the server gave up, and does not say after how much of its work.
    return { outcome: 'unknown', reason: summarize(packetText(first.subarray(4)), 'the upstream gave up') };
  }
  let said = '';
  if (capabilities.has('side-band-64k')) {
    const { data, messages, failure, isEnded } = demultiplex(outer.packets);
    said = summarize(`${messages}\n${failure ?? ''}`, '');
    ({ packets, isWhole } = readPackets(data));
    isWhole = isWhole && outer.isWhole && isEnded && failure === null;
  }
  const unknown = (reason: string): PushOutcome => ({ outcome: 'unknown', reason: said === '' ? reason : said });
  if (!isWhole || packets.at(-1) !== 'flush') return unknown('the report was cut off');
  const rejected = (reason: string): PushOutcome => {
    const short = summarize(reason, 'rejected');
    const isSaid = said === '' || short.includes(said);
    return { outcome: 'rejected', reason: `[remote rejected] (${short})${isSaid ? '' : `: ${said}`}` };
  };
  const lines = packets.flatMap((packet) => (typeof packet === 'string' ? [] : [packetText(packet)]));
  const unpack = lines.find((line) => line.startsWith('unpack '))?.slice('unpack '.length);
  const refused = lines.find((line) => refs.some((ref) => line === `ng ${ref}` || line.startsWith(`ng ${ref} `)));
  if (refused !== undefined) {
    const reason = refused.split(' ').slice(2).join(' ');
    return rejected(unpack === undefined || unpack === 'ok' ? reason : `${reason}: ${unpack}`);
  }
  if (unpack === 'ok' && refs.every((ref) => lines.includes(`ok ${ref}`))) return { outcome: 'taken' };
  return unknown('the report does not name the branch');
}
