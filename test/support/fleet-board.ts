/**
 * A board for a fleet of agents, out of a seed: 200 tasks in 5 workstreams that wait for one another, six deep. Pure: what
 * comes out is a batch, as `orc batch` takes it, one request a line.
 */
import { randomSource } from '../checker/random-source.ts';

/** One line of a batch; later lines may call its record by `name`. */
export interface FleetRequest {
  readonly kind: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly name?: string;
}

export interface FleetOptions {
  /** Default 200; no fewer than `fleetDepth`. */
  readonly tasks?: number;
  /** Whether some tasks need capabilities; default true. Each is one that somebody of `fleetAgents` has. */
  readonly hasNeeds?: boolean;
  /** Whether most tasks name the files that they touch; default true. */
  readonly hasPaths?: boolean;
  /** Whether `fleetAgents` are registered first; default true. */
  readonly hasAgents?: boolean;
}

/** The longest chain of tasks that wait for one another has so many tasks. */
export const fleetDepth = 6;

/** By name; the priorities tie once, so that age has to decide. */
export const fleetWorkstreams = [
  { name: 'api', description: 'The service', priority: 1 },
  { name: 'web', description: 'The pages', priority: 2 },
  { name: 'data', description: 'Storage and reports', priority: 2 },
  { name: 'ops', description: 'Builds and releases', priority: 4 },
  { name: 'docs', description: 'Guides', priority: 6 },
] as const;

export const fleetAgents: readonly { readonly id: string; readonly capabilities: readonly string[] }[] = [
  { id: 'ada', capabilities: ['typescript', 'sql'] },
  { id: 'bob', capabilities: ['typescript'] },
  { id: 'cyd', capabilities: ['typescript', 'css'] },
  { id: 'dan', capabilities: ['sql', 'docker'] },
  { id: 'eve', capabilities: ['docker'] },
  { id: 'fay', capabilities: ['english'] },
  { id: 'gus', capabilities: [] },
  { id: 'hal', capabilities: ['typescript', 'sql', 'css', 'docker', 'english'] },
];

const usual: Readonly<Record<string, { readonly needs: readonly string[]; readonly folders: readonly string[] }>> = {
  api: { needs: ['typescript', 'sql'], folders: ['src/api/users', 'src/api/orders', 'src/api/auth', 'src/shared'] },
  web: { needs: ['typescript', 'css'], folders: ['web/pages', 'web/styles', 'web/cart', 'src/shared'] },
  data: { needs: ['sql'], folders: ['db/migrations', 'db/reports', 'src/shared'] },
  ops: { needs: ['docker'], folders: ['deploy', 'ci', '.github/workflows'] },
  docs: { needs: ['english'], folders: ['docs', 'docs/guide', 'examples'] },
};
const verbs = ['Add', 'Split', 'Measure', 'Rename', 'Test', 'Document', 'Speed up', 'Remove', 'Review', 'Port'];
const things = ['the login', 'the search', 'invoices', 'the cache', 'exports', 'the index', 'webhooks', 'limits'];
const estimates = [null, null, null, 1, 2, 3, '30m', '2h', '4h', '1d'];

/** The same seed and options give the same requests. */
export function fleetBoard(seed: number, options: FleetOptions = {}): FleetRequest[] {
  const { tasks = 200, hasAgents = true } = options;
  return [
    ...fleetWorkstreams.map((args) => ({ kind: 'workstream.create', args })),
    ...(hasAgents ? fleetAgents.map((args) => ({ kind: 'agent.register', args: { ...args, type: 'worker' } })) : []),
    ...fleetTasks(seed, tasks, options),
  ];
}

interface Made {
  readonly name: string;
  readonly workstream: string;
  readonly level: number;
}

function fleetTasks(seed: number, count: number, { hasNeeds = true, hasPaths = true }: FleetOptions): FleetRequest[] {
  const random = randomSource(seed);
  const made: Made[] = [];
  const some = <T>(items: readonly T[], most: number): T[] =>
    Array.from({ length: Math.min(most, items.length) }, () => random.pick(items));
  return Array.from({ length: count }, (_, index) => {
    // The first ones are a chain, so that the depth is what it is said to be; all others have a level of their own.
    const level = index < fleetDepth ? index : Math.min(random.below(fleetDepth), random.below(fleetDepth + 1));
    const workstream = fleetWorkstreams[index % fleetWorkstreams.length]?.name ?? 'api';
    const { needs, folders } = usual[workstream] ?? { needs: [], folders: [] };
    const before = made.filter((each) => each.level === level - 1);
    const others = made.filter((each) => each.level < level && (each.workstream === workstream || random.chance(0.2)));
    const dependencies = [...some(before, 1), ...some(others, random.below(3))].map(({ name }) => name);
    const parents = made.filter((each) => each.workstream === workstream && each.level >= level);
    const name = `$t${index}`;
    made.push({ name, workstream, level });
    const args = {
      workstream,
      title: `${random.pick(verbs)} ${random.pick(things)} (${index})`,
      priority: 1 + random.below(9),
      estimate: random.pick(estimates),
      depends_on: [...new Set(dependencies)],
      parent: parents.length > 0 && random.chance(0.15) ? random.pick(parents).name : null,
      labels: random.chance(0.3) ? [random.pick(['soon', 'debt', 'customer'])] : [],
      needs: hasNeeds && random.chance(0.5) ? [...new Set(some(needs, 1 + random.below(2)))] : [],
      paths: hasPaths && random.chance(0.7) ? pathsIn(folders) : [],
    };
    return { kind: 'task.add', args, name };
  });

  /** Mostly single files, at times a whole folder. */
  function pathsIn(folders: readonly string[]): string[] {
    const paths = some(folders, 1 + random.below(2)).map((folder) =>
      random.chance(0.15) ? `${folder}/**` : `${folder}/${random.pick(['a', 'b', 'c', 'd', 'e', 'f'])}.ts`,
    );
    return [...new Set(paths)];
  }
}
