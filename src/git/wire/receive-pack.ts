/** Pushing one branch: the client's half of git-receive-pack. Pure. */
import type { Oid } from '../store.ts';
import type { PushOutcome } from '../transport.ts';
import type { Advertisement } from './advertisement.ts';
import { agentName } from './agent-name.ts';
import { demultiplex, encodeMessage, packetText, readPackets } from './pkt-line.ts';

const noOid = '0'.repeat(40);

export interface PushCommand {
  readonly ref: string;
  /** What the server said the branch is at: it takes the push only while that is so. `null`: there is no branch. */
  readonly from: Oid | null;
  readonly to: Oid;
}

export function encodePush({ capabilities }: Advertisement, { ref, from, to }: PushCommand, pack: Uint8Array): Buffer {
  const asked = ['report-status', 'side-band-64k', 'quiet'].filter((name) => capabilities.has(name));
  if (capabilities.has('object-format')) asked.push('object-format=sha1');
  const command = `${from ?? noOid} ${to} ${ref}\0 ${[...asked, `agent=${agentName}`].join(' ')}`;
  return Buffer.concat([encodeMessage([command]), pack]);
}

/**
 * The server's report on `ref`. Only one that came whole counts: whatever broke off may have been taken.
 * `summarize` makes one clean line of what a server says.
 */
export function readReport(
  { capabilities }: Advertisement,
  ref: string,
  body: Buffer,
  summarize: (text: string, fallback: string) => string,
): PushOutcome {
  const outer = readPackets(body);
  let { packets, isWhole } = outer;
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
  const refused = lines.find((line) => line === `ng ${ref}` || line.startsWith(`ng ${ref} `));
  if (refused !== undefined) {
    const reason = refused.slice(`ng ${ref} `.length);
    return rejected(unpack === undefined || unpack === 'ok' ? reason : `${reason}: ${unpack}`);
  }
  if (unpack === 'ok' && lines.includes(`ok ${ref}`)) return { outcome: 'taken' };
  return unknown('the report does not name the branch');
}
