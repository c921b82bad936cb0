/** Requests at random, most of which fit the board as far as it was told; the rest is what strangers and errors would ask. */
import type { RandomSource } from './random-source.ts';

export interface Request {
  readonly kind: string;
  readonly agent: string;
  readonly args: Record<string, unknown>;
}

/** What clients know: ids of tasks, proofs of claims and locks, versions of topics. */
export interface Known {
  readonly tasks: string[];
  /** Tasks that were blocked at some time. */
  readonly blocked: string[];
  readonly claims: { readonly id: string; readonly agent: string; readonly token: number; readonly claim: string }[];
  readonly holds: {
    readonly resource: string;
    readonly agent: string;
    readonly token: number;
    readonly claim: string;
  }[];
  readonly versions: Map<string, number>;
  /** Messages, by each of their recipients. */
  readonly messages: { readonly id: string; readonly to: string }[];
  /** About the present time of the board, ms. */
  readonly now: () => number;
  /** Accepted operations of late, oldest first. */
  readonly done: { readonly version: number; readonly op: string; readonly task: string | null }[];
}

const agents = ['agent-1', 'agent-1', 'agent-1', 'Ärger', 'build bot', 'system'];
const workstreams = ['build', '2026', 'social media', 'docs', 'Docs'];
const resources = [
  'deploy',
  'db/main',
  'Deploy',
  'path:src/**',
  'path:src/*.ts',
  'path:docs/?.md',
  `long/${'é'.repeat(60)}`,
];
const topics = ['payments', 'api/auth', 'API/keys', 'Payments', '名前'];
const mailTargets = [
  ...['agent-1', 'agent-1', 'Ärger', 'agent:build bot', 'agent:stranger', 'agent:Agent-1', 'stranger', 'system'],
  ...['all', 'all', 'build', 'ws:build', 'ws:2026', 'docs', 'ws:nowhere', 'nobody'],
];
const globs = ['src/app.ts', 'docs/**', 'src/*/x', '**'];

const weights: Readonly<Record<string, number>> = {
  'workstream.create': 3,
  'workstream.update': 1,
  'workstream.pause': 1,
  'workstream.resume': 2,
  'workstream.archive': 1,
  'task.add': 9,
  'task.edit': 3,
  'task.claim': 5,
  'task.next': 9,
  'task.renew': 3,
  'task.complete': 5,
  'task.fail': 3,
  'task.release': 3,
  'task.block': 2,
  'task.unblock': 2,
  'task.cancel': 1,
  'task.reopen': 2,
  'task.note': 2,
  'task.link': 2,
  'agent.register': 4,
  'agent.heartbeat': 3,
  'agent.retire': 1,
  'lock.acquire': 8,
  'lock.renew': 3,
  'lock.release': 3,
  'lock.break': 1,
  'message.send': 3,
  'message.ack': 2,
  'cycle.open': 1,
  'cycle.collect': 1,
  'knowledge.write': 4,
  'knowledge.append': 2,
  'knowledge.delete': 1,
  'event.log': 2,
  'config.set': 1,
  'board.compact': 1,
  undo: 8,
};
export const kinds = Object.keys(weights);
const bag = Object.entries(weights).flatMap(([kind, weight]) => Array.from({ length: weight }, () => kind));

export function randomRequest(random: RandomSource, known: Known): Request {
  const kind = random.pick(bag);
  const agent = random.pick(agents);
  const request = { kind, agent, args: argumentsOf(kind, agent, random, known) };
  return random.chance(0.03) ? spoilt(request, random) : request;
}

/** Something is wrong with it, whatever the board. */
function spoilt(request: Request, random: RandomSource): Request {
  const args = { ...request.args };
  const names = Object.keys(args);
  const name = random.pick([...names, 'stranger']);
  args[name] = random.pick([null, 17, '', 'a\u0007b', '../x', 'x'.repeat(300_000), [], { a: 1 }]);
  if (random.chance(0.3)) delete args[name];
  return { ...request, args };
}

function text(random: RandomSource): string {
  const words = random.pick([
    'done',
    'it | works <b>*well*</b> [x](http://y) @you',
    'two\nlines\r\nand more',
    '---\na: b\n---\n',
    'é'.repeat(700),
    'x'.repeat(1025),
    'y '.repeat(1500),
    `${'z'.repeat(5000)}\n\nOrc-Version: 9\n`,
    '\u0001\u202e odd',
    ' ',
  ]);
  return random.chance(0.5) ? words : `${words}${random.below(1000)}`;
}

/** Small, or too long to stand in a message whole. */
function document(random: RandomSource): Record<string, unknown> {
  const list = Array.from({ length: random.pick([0, 1, 400]) }, (_, n) => ({
    n,
    text: `task ${n}`,
    deep: [[n / 2, null]],
  }));
  return { text: text(random), '2026': true, list, none: {}, "it's": [] };
}

function some<Item>(random: RandomSource, items: readonly Item[], most: number): Item[] {
  return Array.from({ length: random.below(most + 1) }, () => random.pick(items));
}

/** Each field by chance, so that all mixtures of optional arguments come. */
function optional(random: RandomSource, fields: Readonly<Record<string, () => unknown>>): Record<string, unknown> {
  const entries = Object.entries(fields).filter(() => random.chance(0.35));
  return Object.fromEntries(entries.map(([name, make]) => [name, make()]));
}

function descriptive(random: RandomSource, known: Known) {
  return {
    description: () => text(random),
    priority: () => 1 + random.below(9),
    estimate: () => random.pick([null, 3, 0.5, '2 days']),
    depends_on: () => some(random, known.tasks, 2),
    parent: () => (known.tasks.length === 0 ? null : random.pick([null, ...known.tasks])),
    labels: () => some(random, ['a', 'b', 'c'], 3),
    needs: () => some(random, ['js', 'sql'], 1),
    paths: () => some(random, globs, 2),
    checks: () => some(random, [{ command: 'npm test' }, { criterion: 'it is fast' }], 2),
  };
}

function argumentsOf(kind: string, agent: string, random: RandomSource, known: Known): Record<string, unknown> {
  const unknown = random.chance(0.05) || known.tasks.length === 0;
  const id = unknown ? 'deadbeef' : random.pick(known.tasks.slice(-12));
  const workstream = random.pick(workstreams);
  const lease = { lease_ms: () => random.pick([20, 400, 60_000]) };
  const reason = { reason: () => random.pick([text(random), text(random), null, '']) };
  const home = { workstream: () => random.pick([workstream, null]) };
  switch (kind) {
    case 'workstream.create':
    case 'workstream.update':
      return {
        name: workstream,
        ...optional(random, { description: () => text(random), priority: () => 1 + random.below(9) }),
      };
    case 'workstream.pause':
    case 'workstream.resume':
    case 'workstream.archive':
      return { name: workstream };
    case 'task.add':
      return {
        workstream,
        title: `task ${text(random)
          .slice(0, 40)
          .replace(/[\n\r]/g, ' ')}`,
        ...optional(random, descriptive(random, known)),
      };
    case 'task.edit': {
      const fields = { ...descriptive(random, known), title: () => 'another title', move_to: () => workstream };
      return { id, ...optional(random, fields), ...(random.chance(0.3) ? proofOf(id, agent, random, known) : {}) };
    }
    case 'task.next':
      return { workstream: random.pick([workstream, null, null]), ...optional(random, { ...lease, label: () => 'a' }) };
    case 'task.claim':
      return { id, ...optional(random, { ...lease, ...(random.chance(0.2) ? home : {}) }) };
    case 'task.renew':
    case 'task.complete':
    case 'task.fail':
    case 'task.release':
    case 'task.block':
      return worked(kind, id, agent, random, known);
    case 'task.note':
      return { id, text: text(random), ...(random.chance(0.3) ? proofOf(id, agent, random, known) : {}) };
    case 'task.link':
      return { id, commit: `${random.below(4)}`.repeat(random.pick([40, 40, 64])) };
    case 'task.unblock':
      return { id: known.blocked.at(-1) ?? id, ...optional(random, reason) };
    case 'task.cancel':
    case 'task.reopen':
      return { id, ...optional(random, reason) };
    default:
      return otherArguments(kind, agent, random, known);
  }
}

function worked(kind: string, id: string, agent: string, random: RandomSource, known: Known): Record<string, unknown> {
  const all = known.claims.filter((claim) => claim.agent === agent);
  const mine = all.slice(-3);
  // claimed twice by the same agent: the first proof is outdated, though the name is right
  const again = mine.find((claim) => all.some((older) => older.id === claim.id && older.token < claim.token));
  if (again !== undefined && random.chance(0.25))
    return { id: again.id, claim: all.find(({ id: task }) => task === again.id)?.claim };
  const about = mine.length > 0 && random.chance(0.8) ? random.pick(mine).id : id;
  const words: Record<string, () => unknown> =
    kind === 'task.complete'
      ? { result: () => text(random), checks: () => checkRuns(random), force: () => random.pick([['checks'], []]) }
      : kind === 'task.renew'
        ? { lease_ms: () => 900 }
        : { reason: () => text(random) };
  return {
    id: about,
    ...optional(random, words),
    ...(random.chance(0.85) ? proofOf(about, agent, random, known) : {}),
  };
}

/** Of the checks that tasks get here, most of them passed; at times all that a task may have, at times another. */
function checkRuns(random: RandomSource): unknown[] {
  const command = () => ({
    command: random.chance(0.9) ? 'npm test' : 'make',
    exit_code: random.pick([0, 0, 0, 1, null]),
    duration_ms: random.below(5000),
    commit: random.pick([null, 'c0ffee00'.repeat(5)]),
    dirty: random.pick([null, true, false]),
    output_tail: random.pick(['', 'ok\n']),
  });
  const criterion = () => ({ criterion: 'it is fast', confirmed: random.chance(0.8) });
  return random.chance(0.4) ? [command(), criterion()] : some(random, [command, criterion], 2).map((make) => make());
}

/** The newest proof that the agent has, an older one, or one of somebody else. */
function proofOf(id: string, agent: string, random: RandomSource, known: Known): Record<string, unknown> {
  const all = known.claims.filter((claim) => claim.id === id);
  const mine = all.filter((claim) => claim.agent === agent);
  const found = random.chance(0.75) ? mine.at(-1) : random.pick([mine.at(0), mine.at(-2), all.at(-1)]);
  if (found === undefined) return random.chance(0.3) ? { token: 1 + random.below(50) } : {};
  return random.pick([{ token: found.token }, { claim: found.claim }, { token: found.token, claim: found.claim }]);
}

function otherArguments(kind: string, agent: string, random: RandomSource, known: Known): Record<string, unknown> {
  const holds = known.holds.filter((hold) => hold.agent === agent).slice(-4);
  const hold = holds.length > 0 && random.chance(0.7) ? random.pick(holds) : undefined;
  const resource = hold?.resource ?? random.pick(resources);
  const proof =
    hold === undefined || random.chance(0.15) ? {} : random.pick([{ token: hold.token }, { claim: hold.claim }]);
  const topic = random.pick(topics);
  const ttl = { ttl_ms: () => random.pick([15, 300, 60_000]) };
  switch (kind) {
    case 'agent.register':
      return {
        id: agent,
        ...optional(random, { type: () => 'worker', capabilities: () => some(random, ['js', 'sql', 'js'], 3) }),
      };
    case 'agent.heartbeat':
      return { id: agent, ...optional(random, { claims: () => known.claims.slice(-4).map(({ claim }) => claim) }) };
    case 'agent.retire':
      return { id: random.pick(agents) };
    case 'lock.acquire': {
      const more = {
        ...ttl,
        shared: () => random.chance(0.7),
        reason: () => text(random),
        holds: () => holds.map(({ claim }) => claim),
      };
      return { resource, ...optional(random, more), ...(random.chance(0.5) ? proof : {}) };
    }
    case 'lock.renew':
      return { resource, ...optional(random, ttl), ...proof };
    case 'lock.release':
      return { resource, ...proof };
    case 'lock.break':
      return { resource, reason: text(random) };
    case 'message.send':
      return {
        to: random.pick(mailTargets),
        text: text(random),
        ...optional(random, { task: () => random.pick([null, 'deadbeef', ...known.tasks.slice(-8)]) }),
      };
    case 'message.ack': {
      const mail = known.messages.filter(({ to }) => to === agent || random.chance(0.02)).map(({ id }) => id);
      const ids = mail.slice(-(1 + random.below(20)));
      return { ids: ids.length === 0 ? ['deadbeef'] : ids };
    }
    case 'cycle.open':
      return { plan: document(random), plan_version: random.below(9) };
    case 'cycle.collect':
      return {
        results: document(random),
        results_version: random.below(9),
        ...optional(random, { cycle: () => 1 + random.below(3) }),
      };
    case 'knowledge.write': {
      const base = () => Math.max((known.versions.get(topic) ?? 0) - random.pick([0, 0, 1, 9]), 0);
      const fields = {
        title: () => random.pick(['a: b', null, "it's", '2026']),
        tags: () => some(random, ['x', 'y', 'yes'], 3),
        paths: () => some(random, globs, 2),
        base,
      };
      return { topic, content: text(random), ...optional(random, fields) };
    }
    case 'knowledge.append':
      return { topic, content: text(random) };
    case 'knowledge.delete':
      return { topic };
    case 'undo': {
      const done = random.pick(known.done.slice(random.chance(0.7) ? -3 : -20));
      if (done === undefined) return { version: 1 + random.below(3) };
      const version = random.chance(0.05) ? done.version + random.pick([-1, 1, 50]) : done.version;
      const meant = { op: () => (random.chance(0.9) ? done.op : 'another-operation'), reason: () => text(random) };
      const mine = done.task === null ? {} : proofOf(done.task, agent, random, known);
      return { version, ...optional(random, meant), ...(random.chance(0.6) ? mine : {}) };
    }
    case 'board.compact':
      return { before: new Date(known.now() + random.pick([-1, 0, -20, -200, -200, 9_000_000])).toISOString() };
    case 'event.log': {
      const data = {
        n1: 1,
        deep: { a: [1, null, 'é'] },
        text: text(random),
        ...(random.chance(0.3) ? { workstream: 'build', task_id: 'abc' } : {}),
      };
      return {
        action: random.pick(['deployed', 'seen it', 'task_failed', 'line\nend']),
        ...(random.chance(0.8) ? { data } : {}),
      };
    }
    default: {
      const [key, value] = random.pick([
        ['board_md', 'false'],
        ['board_md', 'true'],
        ['lease', '700ms'],
        ['lease', '2s'],
        ['lock_ttl', '100ms'],
        ['max_attempts', '2'],
        ['clock_skew', '40ms'],
      ] as const);
      return { key, value, text: `# mine\n${key}: ${value}\nauthors:\n  agent-1: one@example.org\n` };
    }
  }
}
