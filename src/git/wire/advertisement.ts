/** What a server says of itself before anything else: its capabilities, and in protocol 0 its refs. Pure. */
import { notSha1 } from '../foreign-format.ts';
import { isOid } from '../hash.ts';
import type { Oid } from '../store.ts';
import { packetText, readPackets } from './pkt-line.ts';

export interface Advertisement {
  readonly version: 0 | 2;
  /** By name; `''` for one without a value. Those that come several times keep the last. */
  readonly capabilities: ReadonlyMap<string, string>;
  /** Protocol 0 alone. */
  readonly refs: ReadonlyMap<string, Oid>;
  /** Where the history of an upstream that is shallow itself ends. Protocol 0 alone: in the other the answer to a fetch names them. */
  readonly shallow: readonly Oid[];
}

/** The advertisement, or in one line why it is none. */
export function readAdvertisement(body: Buffer, service: string): Advertisement | string {
  const { packets, isWhole } = readPackets(body);
  if (!isWhole || packets.at(-1) !== 'flush') return 'the answer is damaged or was cut off';
  const lines = packets.flatMap((packet) => (typeof packet === 'string' ? [] : [packetText(packet)]));
  const refused = lines.find((line) => line.startsWith('ERR '));
  if (refused !== undefined) return refused.slice('ERR '.length);
  if (lines[0] === `# service=${service}`) lines.shift();
  if (lines[0] === 'version 2') {
    return { version: 2, capabilities: readCapabilities(lines.slice(1)), refs: new Map(), shallow: [] };
  }
  if (lines[0] === 'version 1') lines.shift();
  const [first = ''] = lines;
  const zero = first.indexOf('\0');
  const capabilities = readCapabilities(zero < 0 ? [] : first.slice(zero + 1).split(' '));
  if (zero >= 0) lines[0] = first.slice(0, zero);
  if ((capabilities.get('object-format') ?? 'sha1') !== 'sha1') return notSha1;
  const refs = new Map<string, Oid>();
  const shallow: Oid[] = [];
  for (const line of lines) {
    const [oid = '', name = '', ...rest] = line.split(' ');
    if (oid === 'shallow' && isOid(name, 'sha1')) {
      shallow.push(name);
      continue;
    }
    if (!isOid(oid, 'sha1') || name === '' || rest.length > 0) return 'the answer is not that of a git server';
    if (name !== 'capabilities^{}') refs.set(name, oid);
  }
  return { version: 0, capabilities, refs, shallow };
}

function readCapabilities(items: readonly string[]): Map<string, string> {
  return new Map(
    items
      .filter((item) => item !== '')
      .map((item) => {
        const equals = item.indexOf('=');
        return equals < 0 ? [item, ''] : [item.slice(0, equals), item.slice(equals + 1)];
      }),
  );
}
