/** The arguments of every kind, as docs/operations.md has them: which are required, and what each may be. */
import { isGlob, isName, isNestedName, isResource } from './names.ts';
import { type Call, type Refused, refuse } from './operation.ts';

/** What is wrong with a value: its form, or its size. */
type Fault = 'invalid-argument' | 'too-large' | null;
type Check = (value: unknown) => Fault;

const maxText = 256 * 1024;
const maxKnowledge = 1024 * 1024;
const maxMail = 16 * 1024;
const maxDocument = 256 * 1024;
const maxDocumentDepth = 32;
const maxLease = 366 * 86_400_000;

const isForm = (is: (value: unknown) => boolean): Check => {
  return (value) => (is(value) ? null : 'invalid-argument');
};
const upTo = (bytes: number): Check => {
  return (value) => {
    if (typeof value !== 'string') return 'invalid-argument';
    return Buffer.byteLength(value) > bytes ? 'too-large' : null;
  };
};
const orNull = (check: Check): Check => {
  return (value) => (value === null ? null : check(value));
};
const list = (check: Check, most = 256): Check => {
  return (value) => {
    if (!Array.isArray(value) || value.length > most) return 'invalid-argument';
    return value.map(check).find((fault) => fault !== null) ?? null;
  };
};
const whole = (least: number, most: number): Check =>
  isForm((value) => Number.isSafeInteger(value) && (value as number) >= least && (value as number) <= most);

const name = isForm(isName);
const taskId = isForm((value) => typeof value === 'string' && /^[0-9a-f]{8,32}$/.test(value));
const topic = isForm((value) => isNestedName(value) && !value.split('/').some((part) => /\.md$/i.test(part)));
const resource = isForm(isResource);
const text = upTo(maxText);
const flag = isForm((value) => typeof value === 'boolean');
const lease = whole(1, maxLease);
/** ISO 8601; without a zone it is UTC. */
const time = isForm(
  (value) =>
    typeof value === 'string' &&
    /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?$/.test(value) &&
    !Number.isNaN(Date.parse(value)),
);
const anything: Check = () => null;
const title: Check = (value) => {
  if (typeof value !== 'string') return 'invalid-argument';
  if (value.length > 512) return 'too-large';
  return value.trim() === '' || /[\n\r\0]/.test(value) ? 'invalid-argument' : null;
};
const word: Check = (value) => {
  if (typeof value !== 'string') return 'invalid-argument';
  return value.length > 1024 ? 'too-large' : null;
};
const estimate: Check = (value) => {
  if (typeof value === 'string') return value.length > 64 ? 'invalid-argument' : null;
  return value === null || (typeof value === 'number' && value >= 0) ? null : 'invalid-argument';
};
const check: Check = (value) => {
  if (typeof value !== 'object' || value === null) return 'invalid-argument';
  const [[key, words] = [], ...more] = Object.entries(value);
  return more.length === 0 && (key === 'command' || key === 'criterion') && typeof words === 'string'
    ? null
    : 'invalid-argument';
};
const runFields: Readonly<Record<string, (value: unknown) => boolean>> = {
  command: (value) => typeof value === 'string' && value.length <= 4096,
  exit_code: (value) =>
    value === null || (Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32),
  duration_ms: (value) => Number.isSafeInteger(value) && (value as number) >= 0,
  commit: (value) => value === null || (typeof value === 'string' && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(value)),
  dirty: (value) => value === null || typeof value === 'boolean',
  output_tail: (value) => typeof value === 'string' && Buffer.byteLength(value) <= 2048,
};
const confirmationFields: typeof runFields = {
  criterion: (value) => typeof value === 'string' && value.length <= 4096,
  confirmed: (value) => typeof value === 'boolean',
};
const checkRun = isForm((value) => {
  if (typeof value !== 'object' || value === null) return false;
  const wanted = Object.hasOwn(value, 'criterion') ? confirmationFields : runFields;
  const given = value as Readonly<Record<string, unknown>>;
  return (
    Object.keys(given).every((field) => Object.hasOwn(wanted, field)) &&
    Object.entries(wanted).every(([field, is]) => is(given[field]))
  );
});
const forced = list(
  isForm((value) => value === 'checks'),
  1,
);
const settings = [
  'publish',
  'lease',
  'lock_ttl',
  'clock_skew',
  'max_attempts',
  'board_md',
  'manual_edits',
  'edit_locks',
];
const setting = isForm((value) => typeof value === 'string' && settings.includes(value));
const data = isForm((value) => typeof value === 'object' && value !== null && !Array.isArray(value));

const mailText: Check = (value) =>
  typeof value === 'string' && value.trim() === '' ? 'invalid-argument' : upTo(maxMail)(value);
const mailTarget = isForm(
  (value) => typeof value === 'string' && (value === 'all' || isName(value.replace(/^(ws|agent):/, ''))),
);
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && !Array.isArray(value);
const isJson = (value: unknown, depth: number): boolean => {
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return ['string', 'boolean', 'object'].includes(typeof value);
  return (
    depth > 0 && !Object.hasOwn(value, '__proto__') && Object.values(value).every((inner) => isJson(inner, depth - 1))
  );
};
const document: Check = (value) => {
  if (!isObject(value) || !isJson(value, maxDocumentDepth)) return 'invalid-argument';
  return Buffer.byteLength(JSON.stringify(value, null, 2)) > maxDocument ? 'too-large' : null;
};
const version = whole(0, Number.MAX_SAFE_INTEGER);

const proof = { token: whole(1, Number.MAX_SAFE_INTEGER), claim: word };
const about = { id: taskId, workstream: orNull(name) };
const fields = {
  title,
  description: text,
  priority: whole(1, 9),
  estimate,
  depends_on: list(taskId),
  parent: orNull(taskId),
  labels: list(name),
  needs: list(name),
  paths: list(isForm(isGlob)),
  checks: list(check, 32),
};
const commit = isForm((value) => typeof value === 'string' && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(value));
const reason = { reason: orNull(text) };

interface Shape {
  readonly needs: readonly string[];
  readonly may: Readonly<Record<string, Check>>;
}

const shapes: Readonly<Record<string, Shape>> = {
  'workstream.create': { needs: ['name'], may: { name, description: text, priority: whole(1, 9) } },
  'workstream.update': { needs: ['name'], may: { name, description: text, priority: whole(1, 9) } },
  'workstream.pause': { needs: ['name'], may: { name } },
  'workstream.resume': { needs: ['name'], may: { name } },
  'workstream.archive': { needs: ['name'], may: { name } },
  'task.add': { needs: ['workstream', 'title'], may: { workstream: name, ...fields } },
  'task.edit': { needs: ['id'], may: { ...about, move_to: name, ...fields, ...proof } },
  'task.claim': { needs: ['id'], may: { ...about, lease_ms: lease } },
  'task.next': { needs: ['workstream'], may: { workstream: orNull(name), label: name, lease_ms: lease } },
  'task.renew': { needs: ['id'], may: { ...about, lease_ms: lease, ...proof } },
  'task.complete': {
    needs: ['id'],
    may: { ...about, result: orNull(text), checks: list(checkRun, 32), force: forced, ...proof },
  },
  'task.fail': { needs: ['id'], may: { ...about, ...reason, ...proof } },
  'task.release': { needs: ['id'], may: { ...about, ...reason, ...proof } },
  'task.block': { needs: ['id'], may: { ...about, ...reason, ...proof } },
  'task.unblock': { needs: ['id'], may: { ...about, ...reason } },
  'task.cancel': { needs: ['id'], may: { ...about, ...reason } },
  'task.reopen': { needs: ['id'], may: { ...about, ...reason } },
  'task.note': { needs: ['id', 'text'], may: { ...about, text, ...proof } },
  'task.link': { needs: ['id', 'commit'], may: { ...about, commit } },
  'agent.register': { needs: ['id'], may: { id: name, type: name, capabilities: list(name) } },
  'agent.heartbeat': { needs: ['id'], may: { id: name, claims: list(word) } },
  'agent.retire': { needs: ['id'], may: { id: name } },
  'lock.acquire': {
    needs: ['resource'],
    may: { resource, ttl_ms: lease, shared: flag, holds: list(word), ...reason, ...proof },
  },
  'lock.renew': { needs: ['resource'], may: { resource, ttl_ms: lease, ...proof } },
  'lock.release': { needs: ['resource'], may: { resource, ...proof } },
  'lock.break': { needs: ['resource', 'reason'], may: { resource, reason: text } },
  'knowledge.write': {
    needs: ['topic', 'content'],
    may: {
      topic,
      content: upTo(maxKnowledge),
      title: orNull(title),
      tags: list(name),
      paths: list(isForm(isGlob)),
      base: whole(0, Number.MAX_SAFE_INTEGER),
      merged: isForm((value) => value === true),
    },
  },
  'knowledge.append': { needs: ['topic', 'content'], may: { topic, content: upTo(maxKnowledge) } },
  'knowledge.delete': { needs: ['topic'], may: { topic } },
  'message.send': { needs: ['to', 'text'], may: { to: mailTarget, text: mailText, task: orNull(taskId) } },
  'message.ack': {
    needs: ['ids'],
    may: { ids: (value) => (Array.isArray(value) && value.length === 0 ? 'invalid-argument' : list(taskId)(value)) },
  },
  'cycle.open': { needs: ['plan', 'plan_version'], may: { plan: document, plan_version: version } },
  'cycle.collect': {
    needs: ['results', 'results_version'],
    may: { cycle: version, results: document, results_version: version },
  },
  'board.compact': { needs: ['before'], may: { before: time } },
  'event.log': { needs: ['action'], may: { action: name, data } },
  undo: { needs: ['version'], may: { version: whole(1, Number.MAX_SAFE_INTEGER), op: word, ...reason, ...proof } },
  'config.set': { needs: ['key', 'value', 'text'], may: { key: setting, value: word, text, base: text } },
  'board.init': {
    needs: ['board', 'settings'],
    may: { board: word, settings: text, files: anything, knowledge: anything },
  },
};

/** Says nothing of secrets: what looks like one is not documented. */
export function wrongArguments(call: Pick<Call, 'id' | 'kind' | 'agent' | 'args'>): Refused | null {
  const shape = Object.hasOwn(shapes, call.kind) ? shapes[call.kind] : undefined;
  if (shape === undefined) return null;
  if (!/^[A-Za-z0-9._-]{8,64}$/.test(call.id)) return refuse('invalid-argument', 'the id of the operation');
  if (!isName(call.agent)) return refuse('invalid-argument', 'the agent');
  const missing = shape.needs.find((argument) => call.args[argument] === undefined);
  if (missing !== undefined) return refuse('invalid-argument', `${missing} is missing`);
  for (const [argument, value] of Object.entries(call.args)) {
    if (argument === 'allow_secret' || value === undefined) continue;
    const fault = Object.hasOwn(shape.may, argument) ? shape.may[argument]?.(value) : 'invalid-argument';
    if (fault !== null && fault !== undefined) return refuse(fault, `${argument} is wrong`);
  }
  const mustSay = call.kind === 'task.note' ? 'text' : call.kind === 'lock.break' ? 'reason' : null;
  if (mustSay !== null && call.args[mustSay] === '') return refuse('invalid-argument', `${mustSay} is empty`);
  return null;
}
