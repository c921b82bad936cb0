/**
 * What the board of this clone has to offer for a word that is being typed: ids, names, topics, with a word about each. It reads
 * the local store alone, starts no process, takes no lock, and writes nothing but what local-cache.ts keeps. Records are taken as they come, unchecked: what is
 * read here is shown, and decides nothing.
 */
import path from 'node:path';
import { OrcError } from '../errors.ts';
import { findHost } from '../git/host.ts';
import { readHostConfig } from '../git/host-config.ts';
import { readJsonFolder } from '../git/json-folder.ts';
import { type LocalReader, openLocalReader } from '../git/local-reader.ts';
import { decodeCommit } from '../git/objects.ts';
import type { Oid } from '../git/store.ts';
import { listFiles, readPath, readTrees } from '../git/trees.ts';
import { localRef } from '../sync/refs.ts';
import { LocalCache } from './local-cache.ts';
import { type LocalTask, orderTasks, type TaskPurpose, toLocalTask } from './local-tasks.ts';
import { findSurroundings, type Surroundings, type SurroundingsOptions } from './surroundings.ts';

export type { TaskPurpose } from './local-tasks.ts';

export type ValueKind =
  | 'workstream'
  | 'task'
  | 'agent'
  | 'resource'
  | 'topic'
  | 'label'
  | 'capability'
  | 'cycle'
  | 'message'
  | 'recipient'
  | 'rejected';

export interface LocalValue {
  readonly value: string;
  /** As it stands on the board: to be escaped before it is shown. */
  readonly description: string;
}

export interface ValueQuery {
  readonly kind: ValueKind;
  /** What the value begins with. */
  readonly prefix: string;
  readonly purpose?: TaskPurpose | undefined;
  readonly workstream?: string | null | undefined;
  /** Who acts, where the line says. */
  readonly agent?: string | undefined;
}

type Fields = Readonly<Record<string, unknown>>;

/** Records read for one answer: more would take longer than somebody waits for a TAB. */
const maxRead = 2000;
/** Events looked through for what was closed lately. */
const recentlyClosed = 50;

export class LocalValues {
  readonly #surroundings: Surroundings;
  readonly #reader: LocalReader;
  readonly #commit: Oid;
  readonly #cache: LocalCache;

  private constructor(surroundings: Surroundings, reader: LocalReader, commit: Oid) {
    this.#surroundings = surroundings;
    this.#reader = reader;
    this.#commit = commit;
    this.#cache = new LocalCache(surroundings.storePath, commit);
  }

  /** `null` where nothing is known of a board. @throws OrcError, or whatever the disk says, where it cannot be read */
  static async open(options: SurroundingsOptions): Promise<LocalValues | null> {
    const surroundings = findSurroundings(options);
    const reader = openLocalReader(surroundings.storePath);
    const commit = reader.readRef(localRef);
    return commit === null ? null : new LocalValues(surroundings, reader, commit);
  }

  async find(query: ValueQuery): Promise<readonly LocalValue[]> {
    const all = await this.#all(query);
    return all.filter(({ value }) => value.startsWith(query.prefix));
  }

  async isWorkstream(name: string): Promise<boolean> {
    return Object.hasOwn(await this.#workstreams(), name);
  }

  close(): void {
    this.#cache.keep();
    this.#reader.close();
  }

  async #all(query: ValueQuery): Promise<readonly LocalValue[]> {
    switch (query.kind) {
      case 'workstream':
        return this.#workstreamValues();
      case 'task':
        return this.#tasks(query);
      case 'agent':
        return this.#agents();
      case 'recipient':
        return [
          { value: 'all', description: 'every agent' },
          ...(await this.#agents()),
          ...(await this.#workstreamValues()).map(({ value }) => ({
            value: `ws:${value}`,
            description: 'who works there',
          })),
        ];
      case 'resource':
        return this.#resources();
      case 'topic':
        return (await this.#cache.answer('topics', () => this.#names('knowledge', '.md'))).map((value) => ({
          value,
          description: '',
        }));
      case 'label':
        return counted((await this.#openTasks('')).flatMap(({ labels }) => labels));
      case 'capability': {
        const ofAgents = (await this.#cached('agents')).flatMap(({ record }) => texts(record.capabilities));
        return counted(ofAgents);
      }
      case 'cycle':
        return (await this.#names('cycles', '.json'))
          .sort((a, b) => Number(b) - Number(a))
          .map((value) => ({ value, description: '' }));
      case 'message':
        return this.#messages(query);
      default:
        return readJsonFolder(path.join(this.#surroundings.storePath, 'rejected')).map(({ name, value }) => ({
          value: name,
          description: `${text(fields(fields(value).operation).kind)}: ${text(fields(fields(value).refusal).message)}`,
        }));
    }
  }

  #workstreams(): Promise<Fields> {
    return this.#cache.answer('workstreams', async () => {
      const entry = await readPath(this.#reader, await this.#tree(), 'state.json');
      return fields((await this.#json(entry?.oid)).workstreams);
    });
  }

  async #workstreamValues(): Promise<LocalValue[]> {
    return Object.entries(await this.#workstreams()).map(([value, each]) => {
      const { status, pending, in_progress: begun } = fields(each);
      const counts = `${Number(pending)} pending, ${Number(begun)} in progress`;
      return { value, description: status === 'active' ? counts : `${text(status)}, ${counts}` };
    });
  }

  async #agents(): Promise<LocalValue[]> {
    const records = await this.#cached('agents');
    return records
      .filter(({ record }) => record.status !== 'retired')
      .map(({ record }) => ({
        value: text(record.id),
        description: [text(record.type), ...texts(record.capabilities)].filter((each) => each !== '').join(', '),
      }));
  }

  async #resources(): Promise<LocalValue[]> {
    return (await this.#cached('locks')).map(({ record }) => ({
      value: text(record.resource),
      description: list(record.holders)
        .map((each) => text(fields(each).agent))
        .join(', '),
    }));
  }

  async #messages({ agent }: ValueQuery): Promise<LocalValue[]> {
    const actor = await this.#actor(agent);
    if (actor === null) return [];
    const mail = await this.#records(`messages/${actor}`);
    return mail
      .filter(({ record }) => record.read_at === null)
      .map(({ record }) => ({ value: text(record.id), description: `${text(record.from)}: ${text(record.text)}` }));
  }

  async #tasks({ prefix, purpose = 'any', workstream = null, agent }: ValueQuery): Promise<LocalValue[]> {
    const actor = await this.#actor(agent);
    const open = purpose === 'closed' ? [] : await this.#openTasks(prefix);
    const closed = purpose === 'closed' || purpose === 'known' ? await this.#closedLately(prefix) : [];
    const ids = new Set(open.map(({ id }) => id));
    const paused = purpose === 'claim' ? await this.#restingWorkstreams() : new Set<string>();
    const ordered = orderTasks([...open, ...closed], {
      purpose,
      agent: actor,
      isOpen: (id) => ids.has(id),
      isResting: (ws) => paused.has(ws),
    });
    return ordered
      .filter((task) => workstream === null || task.workstream === workstream)
      .map(({ id, title }) => ({ value: id, description: title }));
  }

  async #openTasks(prefix: string): Promise<readonly LocalTask[]> {
    if (!/^[0-9a-f]*$/.test(prefix)) return [];
    if (await this.#hasManyTasks()) return tasksIn(await this.#records(openFolder(prefix), prefix));
    return this.#cache.answer('tasks', async () => {
      const folder = await readPath(this.#reader, await this.#tree(), openFolder(''));
      const parts = folder === null ? [] : ((await readTrees(this.#reader, [folder.oid])).get(folder.oid) ?? []);
      const read = parts.map(({ name, oid }) =>
        this.#cache.folder(oid, async () => tasksIn(await this.#records(openFolder(name)))),
      );
      return (await Promise.all(read)).flat();
    });
  }

  /** Then not all of them can be read: an id that has begun says which. */
  async #hasManyTasks(): Promise<boolean> {
    const counts = Object.values(await this.#workstreams()).map(fields);
    const open = counts.map(({ pending, in_progress: begun, blocked }) => [pending, begun, blocked].map(Number));
    return open.flat().reduce((sum, each) => sum + each, 0) > maxRead;
  }

  async #restingWorkstreams(): Promise<ReadonlySet<string>> {
    const all = Object.entries(await this.#workstreams());
    return new Set(all.filter(([, each]) => fields(each).status !== 'active').map(([name]) => name));
  }

  async #tree(): Promise<Oid> {
    const bytes = (await this.#reader.readObjects([this.#commit])).get(this.#commit)?.bytes;
    if (bytes === undefined) throw new OrcError('store-corrupt', `object ${this.#commit} is missing`);
    return decodeCommit(bytes).tree;
  }

  /** The archive may be long: what the newest events tell of is what somebody comes back to. */
  async #closedLately(prefix: string): Promise<LocalTask[]> {
    const newest = [...(await listFiles(this.#reader, await this.#tree(), { under: 'events' }))].sort().at(-1)?.[1].oid;
    const lines = newest === undefined ? [] : (await this.#text(newest)).split('\n').reverse();
    const ids = new Set<string>();
    for (const line of lines) {
      const id = /"action":"task_(?:completed|failed|cancelled)".*?"task_id":"([0-9a-f]{8,32})"/.exec(line)?.[1];
      if (id?.startsWith(prefix)) ids.add(id);
      if (ids.size === recentlyClosed) break;
    }
    const found = [...ids].map(async (id) => {
      const entry = await readPath(this.#reader, await this.#tree(), `tasks/closed/${id[0]}/${id[1]}/${id}.json`);
      return entry === null ? [] : [toLocalTask(await this.#json(entry.oid)) ?? []].flat();
    });
    return (await Promise.all(found)).flat();
  }

  /** Who acts, as far as it can be known without asking git; `null`: nobody in particular. */
  async #actor(named: string | undefined): Promise<string | null> {
    const { env, host } = this.#surroundings;
    if (named !== undefined || env.ORC_AGENT) return named ?? env.ORC_AGENT ?? null;
    return (await readHostConfig(host, env)).get('orc.agent') ?? host?.worktreeName ?? null;
  }

  #cached(under: 'agents' | 'locks'): Promise<{ readonly record: Fields }[]> {
    return this.#cache.answer(under, () => this.#records(under));
  }

  async #names(under: string, ending: string): Promise<string[]> {
    const files = [...(await listFiles(this.#reader, await this.#tree(), { under })).keys()];
    return files
      .filter((file) => file.endsWith(ending))
      .map((file) => file.slice(under.length + 1, -ending.length))
      .sort();
  }

  async #records(under: string, prefix = ''): Promise<{ readonly record: Fields }[]> {
    const files = [...(await listFiles(this.#reader, await this.#tree(), { under }))]
      .filter(([file, { mode }]) => mode === '100644' && path.posix.basename(file).startsWith(prefix))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, maxRead);
    const objects = await this.#reader.readObjects(files.map(([, { oid }]) => oid));
    return files.map(([, { oid }]) => ({ record: parse(objects.get(oid)?.bytes) }));
  }

  async #json(oid: Oid | undefined): Promise<Fields> {
    return oid === undefined ? {} : parse((await this.#reader.readObjects([oid])).get(oid)?.bytes);
  }

  async #text(oid: Oid): Promise<string> {
    return Buffer.from((await this.#reader.readObjects([oid])).get(oid)?.bytes ?? []).toString('utf8');
  }
}

/** Remotes can be named where there is no board yet. */
export async function findRemotes(options: SurroundingsOptions): Promise<readonly LocalValue[]> {
  const config = await readHostConfig(findHost(options.cwd, options.env), options.env);
  return [
    ...config.remotes().map(({ name }) => ({ value: name, description: 'a remote of this clone' })),
    { value: 'host', description: 'this repository alone' },
    { value: 'none', description: 'nowhere: the board stands alone' },
  ];
}

/** `tasks/open/a/b` for an id that begins with `ab`. */
function openFolder(prefix: string): string {
  return ['tasks/open', ...prefix.slice(0, 2)].join('/');
}

function tasksIn(records: readonly { readonly record: Fields }[]): LocalTask[] {
  return records.flatMap(({ record }) => toLocalTask(record) ?? []);
}

function counted(all: readonly string[]): LocalValue[] {
  const counts = new Map<string, number>();
  for (const each of all) counts.set(each, (counts.get(each) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a).map(([value, count]) => ({ value, description: `${count} ×` }));
}

function parse(bytes: Uint8Array | undefined): Fields {
  if (bytes === undefined) return {};
  try {
    return fields(JSON.parse(Buffer.from(bytes).toString('utf8')));
  } catch {
    return {}; // set aside, as everywhere: the others are there
  }
}

function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}

function list(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function texts(value: unknown): readonly string[] {
  return list(value).map(text);
}
