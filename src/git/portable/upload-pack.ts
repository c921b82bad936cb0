/** Asking for a branch, and fetching it: the client's half of git-upload-pack, in protocols 2 and 0. Pure. */
import { notSha1 } from '../foreign-format.ts';
import { isOid } from '../hash.ts';
import type { Oid } from '../store.ts';
import type { Advertisement } from '../wire/advertisement.ts';
import { agentName } from '../wire/agent-name.ts';
import { demultiplex, encodeMessage, type Packet, packetText, readPackets } from '../wire/pkt-line.ts';

export interface FetchRequest {
  /** At least one. */
  readonly wants: readonly Oid[];
  readonly haves: readonly Oid[];
  /** Commits whose parents this side has cut off. */
  readonly shallow: readonly Oid[];
  /** `null`: everything. */
  readonly depth: number | null;
}

export interface FetchedPack {
  readonly pack: Buffer;
  readonly shallow: readonly Oid[];
  readonly unshallow: readonly Oid[];
}

/** `prefixes`: of the refs that are asked for. */
export function encodeLsRefs({ capabilities }: Advertisement, prefixes: readonly string[]): Buffer {
  const asked = prefixes.map((prefix) => `ref-prefix ${prefix}\n`);
  return encodeMessage([...commandLines('ls-refs', capabilities), null, ...asked]);
}

/** The refs that were told of. A text is what is wrong with the answer, not cleaned. */
export function readLsRefs(body: Buffer): ReadonlyMap<string, Oid> | string {
  const { packets, isWhole } = readPackets(body);
  if (!isWhole || packets.at(-1) !== 'flush') return 'the answer is damaged or was cut off';
  const refs = new Map<string, Oid>();
  for (const packet of packets) {
    if (typeof packet === 'string') continue;
    const line = packetText(packet);
    if (line.startsWith('ERR ')) return line.slice('ERR '.length);
    const [oid = '', name] = line.split(' ');
    if (name === undefined || oid === 'unborn') continue;
    if (!isOid(oid, 'sha1')) return notSha1;
    refs.set(name, oid);
  }
  return refs;
}

export function encodeFetch({ version, capabilities }: Advertisement, request: FetchRequest): Buffer {
  const { wants, haves, shallow, depth } = request;
  const [first = '', ...more] = wants;
  const wanted = more.map((oid) => `want ${oid}\n`);
  const edges = [
    ...shallow.map((oid) => `shallow ${oid}\n`),
    ...(depth !== null && takesDepth(version, capabilities) ? [`deepen ${depth}\n`] : []),
  ];
  const known = haves.map((oid) => `have ${oid}\n`);
  if (version === 2) {
    const lines = [
      ...commandLines('fetch', capabilities),
      null,
      'thin-pack\n',
      'ofs-delta\n',
      'no-progress\n',
      `want ${first}\n`,
      ...wanted,
    ];
    return encodeMessage([...lines, ...edges, ...known, 'done\n']);
  }
  const asked = ['side-band-64k', 'thin-pack', 'ofs-delta', 'no-progress'].filter((name) => capabilities.has(name));
  const opening = `want ${first} ${[...asked, `agent=${agentName}`].join(' ')}\n`;
  const done = encodeMessage([...known, 'done\n']);
  return Buffer.concat([encodeMessage([opening, ...wanted, ...edges]), done.subarray(0, -4)]);
}

/** What a fetch brought. A text is what is wrong with the answer, not cleaned. */
export function readFetch(
  { version, capabilities }: Advertisement,
  body: Buffer,
  depth: number | null,
): FetchedPack | string {
  const shallow: Oid[] = [];
  const unshallow: Oid[] = [];
  /** True when the line was about edges. */
  const readEdge = (line: string): boolean => {
    const [word, oid = ''] = line.split(' ');
    if ((word !== 'shallow' && word !== 'unshallow') || !isOid(oid, 'sha1')) return false;
    (word === 'shallow' ? shallow : unshallow).push(oid);
    return true;
  };
  if (version === 0 && !capabilities.has('side-band-64k')) return 'the server is too old: it knows no side-band-64k';
  const { packets, isWhole } = readPackets(body);
  let index = 0;
  if (version === 2) {
    for (let line = ''; ; index++) {
      line = lineAt(packets, index);
      if (line.startsWith('ERR ')) return line.slice('ERR '.length);
      if (line === 'packfile') break;
      if (index >= packets.length || packets[index] === 'flush') return 'the answer holds no pack';
      readEdge(line);
    }
    index++;
  } else {
    // With a depth, the edges come first and end with a flush.
    while (readEdge(lineAt(packets, index))) index++;
    if (depth !== null && takesDepth(version, capabilities) && packets[index] === 'flush') index++;
    const line = lineAt(packets, index);
    if (line.startsWith('ERR ')) return line.slice('ERR '.length);
    if (line !== 'NAK' && !line.startsWith('ACK ')) return 'the answer holds no pack';
    index++;
  }
  const { data, failure, isEnded } = demultiplex(packets.slice(index));
  if (failure !== null) return failure;
  if (!isWhole || !isEnded) return 'the answer is damaged or was cut off';
  return { pack: data, shallow, unshallow };
}

function commandLines(command: string, capabilities: ReadonlyMap<string, string>): string[] {
  return [
    `command=${command}\n`,
    ...(capabilities.has('agent') ? [`agent=${agentName}\n`] : []),
    ...(capabilities.has('object-format') ? ['object-format=sha1\n'] : []),
  ];
}

function takesDepth(version: number, capabilities: ReadonlyMap<string, string>): boolean {
  return version === 2
    ? capabilities.get('fetch')?.split(' ').includes('shallow') === true
    : capabilities.has('shallow');
}

function lineAt(packets: readonly Packet[], index: number): string {
  const packet = packets[index];
  return packet === undefined || typeof packet === 'string' ? '' : packetText(packet);
}
