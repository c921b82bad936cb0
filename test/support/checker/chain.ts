/** A branch as a list of commits, and what orc's trailers say in each. */
import { decodeText } from './objects.ts';
import type {
  BatchPlace,
  Chain,
  ChainCommit,
  GitObject,
  ObjectSource,
  Person,
  RecordedOperation,
  Trailers,
} from './types.ts';

export function objectsOf(objects: ReadonlyMap<string, GitObject>): ObjectSource {
  return { read: (oid) => objects.get(oid) ?? null };
}

/** The chain that ends at `head`, along first parents. A missing commit ends it with an error. */
export function readChain(objects: ObjectSource, head: string): Chain {
  const commits: ChainCommit[] = [];
  for (let oid: string | undefined = head; oid !== undefined; ) {
    const object = objects.read(oid);
    if (object?.type !== 'commit') throw new Error(`the commit ${oid} is missing`);
    const commit = parseCommit(oid, object.bytes);
    commits.push(commit);
    oid = commit.parents[0];
  }
  return { commits: commits.reverse(), objects };
}

function parseCommit(oid: string, bytes: Uint8Array): ChainCommit {
  const text = decodeText(bytes) ?? Buffer.from(bytes).toString('latin1');
  const end = text.indexOf('\n\n');
  const head = end < 0 ? text : text.slice(0, end);
  const message = end < 0 ? '' : text.slice(end + 2);
  const parents: string[] = [];
  const values = new Map<string, string>();
  for (const line of head.split('\n')) {
    const space = line.indexOf(' ');
    if (space <= 0) continue; // the lines of a signature
    const [field, value] = [line.slice(0, space), line.slice(space + 1)];
    if (field === 'parent') parents.push(value);
    else values.set(field, value);
  }
  return {
    oid,
    tree: values.get('tree') ?? '',
    parents,
    author: parsePerson(values.get('author') ?? ''),
    committer: parsePerson(values.get('committer') ?? ''),
    message,
    trailers: parseTrailers(message),
  };
}

function parsePerson(line: string): Person {
  const [, name = '', email = '', time = '0', zone = ''] = /^(.*?) ?<(.*)> (-?\d+) (\S+)$/.exec(line) ?? [];
  return { name, email, time: Number(time), zone };
}

const known = ['Version', 'Base', 'At', 'Op', 'Task', 'Token', 'Result', 'Batch'].map((name) => `Orc-${name}`);

/** The last paragraph: `null` when it bears no `Orc-Op`, a text when it does and something about it is wrong. */
export function parseTrailers(message: string): Trailers | string | null {
  const paragraph =
    message
      .trimEnd()
      .split(/\n{2,}/)
      .at(-1) ?? '';
  const values = new Map<string, string>();
  const problems: string[] = [];
  for (const line of paragraph.split('\n')) {
    const colon = line.indexOf(': ');
    const field = line.slice(0, Math.max(colon, 0));
    if (!known.includes(field)) problems.push(`a line that is no trailer of orc's: ${line.slice(0, 60)}`);
    else if (values.has(field)) problems.push(`${field} twice`);
    else values.set(field, line.slice(colon + 2));
  }
  if (!values.has('Orc-Op') && !values.has('Orc-Version')) return null;
  const operation = parseOperation(values.get('Orc-Op'));
  const version = parseNumber(values.get('Orc-Version'));
  const base = parseNumber(values.get('Orc-Base'));
  const at = values.get('Orc-At') ?? '';
  const token = values.has('Orc-Token') ? parseNumber(values.get('Orc-Token')) : null;
  const batch = values.has('Orc-Batch') ? parseBatch(values.get('Orc-Batch') ?? '') : null;
  const result = parseJson(values.get('Orc-Result'));
  if (operation === undefined) problems.push('Orc-Op is no operation');
  if (version === undefined) problems.push('Orc-Version is no version');
  if (base === undefined) problems.push('Orc-Base is no version');
  if (Number.isNaN(Date.parse(at)) || new Date(at).toISOString() !== at) problems.push('Orc-At is no time');
  if (token === undefined) problems.push('Orc-Token is no version');
  if (batch === undefined) problems.push('Orc-Batch is no place in a batch');
  if (values.has('Orc-Result') && result === undefined) problems.push('Orc-Result is no JSON');
  if (problems.length > 0 || operation === undefined || version === undefined || base === undefined)
    return problems.join('; ');
  return {
    version,
    base,
    at,
    operation,
    task: values.get('Orc-Task') ?? null,
    token: token ?? null,
    result,
    batch: batch ?? null,
  };
}

function parseOperation(text: string | undefined): RecordedOperation | undefined {
  const value = parseJson(text) as Partial<RecordedOperation> | null | undefined;
  if (typeof value !== 'object' || value === null || Object.keys(value).join() !== 'id,kind,agent,args')
    return undefined;
  const { id, kind, agent, args } = value;
  const texts = typeof id === 'string' && typeof kind === 'string' && typeof agent === 'string';
  return texts && typeof args === 'object' && args !== null ? { id, kind, agent, args } : undefined;
}

function parseBatch(text: string): BatchPlace | undefined {
  const [, id, k, n] = /^(\S+) (\d+)\/(\d+)$/.exec(text) ?? [];
  return id === undefined ? undefined : { id, k: Number(k), n: Number(n) };
}

function parseNumber(text: string | undefined): number | undefined {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

function parseJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
