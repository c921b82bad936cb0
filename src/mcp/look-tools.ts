/** Tools that only read. */
import * as z from 'zod/mini';
import { code, fenced, plainOrCode } from '../app/brief-quote.ts';
import { checkLock } from '../app/check-lock.ts';
import { collectResults, outlinePlan } from '../app/cycle.ts';
import { readCycle } from '../app/cycle-board.ts';
import { collectText } from '../app/cycle-collect.ts';
import { historyKinds, readHistory } from '../app/history.ts';
import { knowledgeFor, listTopics, searchKnowledge } from '../app/knowledge-base.ts';
import { listLocks } from '../app/list-locks.ts';
import { listAgents, listTasks } from '../app/listing.ts';
import { readInbox } from '../app/mail.ts';
import { planText } from '../app/plan-text.ts';
import type { JsonSchema } from '../app/record-fields.ts';
import { missingTaskError, setAsideError } from '../app/set-aside.ts';
import { readStatus } from '../app/status.ts';
import { showTask, withObstacles } from '../app/task-views.ts';
import * as arg from '../core/arguments.ts';
import { taskStatuses } from '../core/records.ts';
import { OrcError } from '../errors.ts';
import type { Answer } from './answers.ts';
import type { Desk } from './desk.ts';
import { inputSchema, parseArguments } from './schemas.ts';
import * as shapes from './shapes.ts';
import * as texts from './texts.ts';
import type { Tool, ToolCall } from './tool.ts';

interface LookRow<Args> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly isDefault?: boolean;
  readonly takes: () => z.ZodMiniType<Args>;
  readonly gives: () => JsonSchema;
  /** Asks the upstream by itself. */
  readonly isFreshAnyway?: boolean;
  read(call: ToolCall, args: Args): Promise<{ readonly data: unknown; readonly lines: readonly string[] }>;
}

const workstream = () => z.optional(z.nullable(arg.name()));
const last = () => z.optional(z.int().check(z.gte(1), z.lte(500)));
/** Ids may be given by what they begin with. */
const id = () => z.string();
const none = () => z.strictObject({});

export const lookTools: readonly Tool[] = [
  tool({
    name: 'status',
    title: 'Board at a glance',
    description: 'Who you are, workstreams, who works on what, locks, latest events, your unread mail.',
    isDefault: true,
    takes: none,
    gives: shapes.status,
    async read({ desk }) {
      const report = await readStatus(desk.orc);
      const lines = texts.statusLines(report, desk.agent, desk.orc.world.clock.now());
      return { data: { you: desk.agent, ...report }, lines };
    },
  }),
  tool({
    name: 'brief',
    title: 'Brief for a task',
    description:
      'What you have to know for a task, as Markdown: the task, results it depends on, locks, knowledge, mail, what to call. Without an id: the one you hold, else the next.',
    isDefault: true,
    takes: () =>
      z.strictObject({
        id: z.optional(id()),
        workstream: workstream(),
        max_chars: z.optional(z.int().check(z.gte(1))),
      }),
    gives: shapes.brief,
    async read({ desk, tools }, { id: task, workstream: from = null, max_chars: maxChars }) {
      const made = await desk.orc.brief(from, task, { agent: desk.agent, maxChars, reportWith: tools });
      return { data: made, lines: [made === null ? 'Nothing is ready.' : made.markdown] };
    },
  }),
  tool({
    name: 'knowledge_search',
    title: 'Search the knowledge base',
    description: 'Topics in which the words stand, best first.',
    isDefault: true,
    takes: () =>
      z.strictObject({
        words: z.string(),
        limit: last(),
        tags: z.optional(arg.names()),
        prefix: z.optional(z.string()),
      }),
    gives: shapes.knowledgeHits,
    async read({ desk }, { words, ...search }) {
      const hits = await searchKnowledge(desk.orc, words, search);
      return { data: hits, lines: texts.hitLines(hits) };
    },
  }),
  tool({
    name: 'knowledge_read',
    title: 'Read a topic',
    description: 'A topic of the knowledge base, with its version.',
    takes: () => z.strictObject({ topic: arg.topic() }),
    gives: shapes.knowledge,
    async read({ desk }, { topic }) {
      const found = await readTopic(desk, topic);
      return { data: found, lines: texts.knowledgeText(found) };
    },
  }),
  tool({
    name: 'knowledge_list',
    title: 'List topics',
    description: 'The topics of the knowledge base.',
    takes: () => z.strictObject({ prefix: z.optional(z.string()), tags: z.optional(arg.names()) }),
    gives: shapes.names,
    async read({ desk }, filter) {
      const topics = await listTopics(desk.orc, filter);
      return { data: topics, lines: texts.nameList(topics, 'No topics.') };
    },
  }),
  tool({
    name: 'knowledge_for',
    title: 'Knowledge that binds files',
    description: 'Topics that bind these files, the most specific first.',
    takes: () => z.strictObject({ paths: z.array(z.string()).check(z.minLength(1), z.maxLength(arg.maxListLength)) }),
    gives: shapes.objects,
    async read({ desk }, { paths }) {
      const found = await knowledgeFor(desk.orc, paths);
      return { data: found, lines: texts.boundLines(found) };
    },
  }),
  tool({
    name: 'task_list',
    title: 'List tasks',
    description: 'Tasks in the order in which they are given out, with what keeps each from being claimed.',
    takes: () =>
      z.strictObject({
        workstream: workstream(),
        status: z.optional(z.enum(taskStatuses as readonly [string, ...string[]])),
        label: z.optional(arg.name()),
        ready: z.optional(arg.flag()),
        mine: z.optional(arg.flag()),
        with_closed: z.optional(arg.flag()),
      }),
    gives: shapes.objects,
    async read({ desk }, { workstream: from, status, label, ready, mine, with_closed: withClosed }) {
      const { orc, agent } = desk;
      const tasks = await listTasks(orc, {
        workstream: from ?? undefined,
        status: status as (typeof taskStatuses)[number] | undefined,
        label,
        withClosed,
        assignedTo: mine === true ? agent : undefined,
        readyFor: ready === true ? agent : undefined,
      });
      const listed = await withObstacles(orc, tasks, agent);
      return { data: listed, lines: texts.taskList(listed) };
    },
  }),
  tool({
    name: 'task_show',
    title: 'Show a task',
    description: 'A task with notes, result, and what keeps it from being claimed.',
    takes: () => z.strictObject({ id: id() }),
    gives: () => shapes.record('task'),
    async read({ desk }, { id: given }) {
      const task = await readTask(desk, given);
      return { data: task, lines: texts.taskText(task) };
    },
  }),
  tool({
    name: 'workstream_list',
    title: 'List workstreams',
    description: 'Workstreams by priority, with the counts of their tasks.',
    takes: none,
    gives: shapes.objects,
    async read({ desk }) {
      const found = await desk.orc.listWorkstreams();
      return {
        data: found,
        lines: texts.listed(
          found,
          'No workstreams.',
          ({ name, status, pending, in_progress: active, done }) =>
            `${plainOrCode(name)}: ${status}, ${pending} pending, ${active} in progress, ${done} done`,
        ),
      };
    },
  }),
  tool({
    name: 'agent_list',
    title: 'List agents',
    description: 'Agents that are registered, and whether they were seen lately.',
    takes: none,
    gives: shapes.objects,
    async read({ desk }) {
      const agents = await listAgents(desk.orc);
      return {
        data: agents,
        lines: texts.listed(
          agents,
          'No agents.',
          ({ id: name, type, stale, last_seen: seen }) =>
            `${plainOrCode(name)} (${plainOrCode(type)}): seen ${seen}${stale ? ', stale' : ''}`,
        ),
      };
    },
  }),
  tool({
    name: 'lock_list',
    title: 'List locks',
    description: 'Locks that are held, by whom and until when.',
    takes: none,
    gives: shapes.objects,
    async read({ desk }) {
      const locks = await listLocks(desk.orc);
      return { data: locks, lines: texts.lockList(locks) };
    },
  }),
  tool({
    name: 'lock_check',
    title: 'Check a lock',
    description: 'Whether a resource is free, yours, or held. Fails when the upstream cannot be asked.',
    takes: () => z.strictObject({ resource: arg.resource() }),
    gives: shapes.someObject,
    isFreshAnyway: true,
    async read({ desk }, { resource }) {
      const check = await checkLock(desk.orc, resource, { agent: desk.agent });
      const holders = check.holders.map((hold) => `${plainOrCode(hold.agent)} until ${hold.expires_at}`);
      const by = holders.length === 0 ? '' : ` (${holders.join('; ')})`;
      return { data: check, lines: [`${code(resource)}: ${check.state}${by}`] };
    },
  }),
  tool({
    name: 'message_inbox',
    title: 'Read your mail',
    description: 'Your unread messages, oldest first.',
    takes: () => z.strictObject({ with_read: z.optional(arg.flag()) }),
    gives: () => shapes.records('message'),
    async read({ desk }, { with_read: all = false }) {
      const mail = await readInbox(desk.orc, desk.agent, { all });
      return { data: mail, lines: mail.length === 0 ? ['No mail.'] : texts.mailLines(mail) };
    },
  }),
  tool({
    name: 'events',
    title: 'Read the event log',
    description: 'Events in the order of the log; by default the last 20.',
    takes: () =>
      z.strictObject({
        last: last(),
        after: z.optional(arg.count()),
        agent: z.optional(arg.name()),
        action: z.optional(arg.word()),
        task: z.optional(id()),
        workstream: z.optional(arg.name()),
        since: z.optional(z.string()),
      }),
    gives: shapes.objects,
    async read({ desk }, { task, ...filter }) {
      const { orc } = desk;
      const about = task === undefined ? undefined : await orc.resolveTaskId(task);
      const events = await orc.events({ last: 20, ...filter, task: about });
      return { data: events, lines: texts.eventList(events) };
    },
  }),
  tool({
    name: 'history',
    title: 'Audit trail',
    description:
      'Who changed what, from git: of the board, or of one task, agent, lock, topic (kb), workstream (ws) or cycle.',
    takes: () => z.strictObject({ kind: z.optional(z.enum(historyKinds)), name: z.optional(z.string()), last: last() }),
    gives: shapes.objects,
    async read({ desk }, { kind, name, last: most = 20 }) {
      const entries = await readHistory(desk.orc, { about: kind, id: name, last: most });
      const lines = entries.map(({ version, at, agent, subject }) => `${version} ${at} ${agent}: ${subject}`);
      return { data: entries, lines: lines.length === 0 ? ['Nothing.'] : fenced({ text: lines.join('\n') }) };
    },
  }),
  tool({
    name: 'plan',
    title: 'Plan of work',
    description: 'What can be worked on next and by whom, what has to wait and why.',
    takes: none,
    gives: shapes.someObject,
    async read({ desk }) {
      const plan = await outlinePlan(desk.orc, await desk.orc.head());
      return { data: plan, lines: fenced({ text: planText(plan) }) };
    },
  }),
  tool({
    name: 'collect',
    title: 'What came of it',
    description: 'What was completed, failed, begun and learnt since the open cycle began, or since a time.',
    takes: () => z.strictObject({ since: z.optional(z.string()) }),
    gives: shapes.someObject,
    async read({ desk }, options) {
      const results = await collectResults(desk.orc, options);
      return { data: results, lines: fenced({ text: collectText(results) }) };
    },
  }),
  tool({
    name: 'cycle_list',
    title: 'List cycles',
    description: 'Cycles of work, newest first.',
    takes: () => z.strictObject({ last: last() }),
    gives: shapes.objects,
    async read({ desk }, { last: most }) {
      const cycles = await desk.orc.listCycles(most === undefined ? {} : { last: most });
      const lines = texts.listed(
        cycles,
        'No cycles.',
        ({ number, opened_at: at, collected_at: end }) =>
          `Cycle ${number}: opened ${at}, ${end === null ? 'open' : `collected ${end}`}`,
      );
      return { data: cycles, lines };
    },
  }),
  tool({
    name: 'cycle_show',
    title: 'Show a cycle',
    description: 'A cycle with its plan and results; by default the newest.',
    takes: () => z.strictObject({ number: z.optional(z.int().check(z.gte(1))) }),
    gives: () => shapes.record('cycle'),
    async read({ desk }, { number }) {
      const cycle = await readCycle(desk.orc, number);
      return { data: cycle, lines: texts.cycleLine(cycle) };
    },
  }),
];

function tool<Args>(row: LookRow<Args>): Tool {
  const { name, title, description, isDefault = false, takes, gives, isFreshAnyway = false } = row;
  return {
    name,
    title,
    description,
    isDefault,
    kind: null,
    annotations: { readOnlyHint: true, openWorldHint: false },
    input: () => inputSchema(takes() as z.ZodMiniType),
    output: gives,
    async run(call): Promise<Answer> {
      const args = parseArguments(takes(), call.args);
      const { isFresh, reason } = isFreshAnyway ? { isFresh: true, reason: null } : await call.desk.refresher.refresh();
      const { data, lines } = await row.read(call, args);
      const { version } = (await call.desk.orc.head()).read.board.meta;
      const old = isFresh
        ? []
        : [`The upstream could not be asked (${reason}): this is the board as it was known last.`];
      return { data, published: null, version, lines: [...lines, ...old], fresh: isFresh };
    },
  };
}

/** @throws OrcError `not-found`, `board-unreadable` */
export async function readTopic({ orc }: Desk, topic: string) {
  const found = await orc.knowledge(topic);
  if (found !== null) return found;
  throw (
    (await setAsideError(orc, 'knowledge', topic)) ??
    new OrcError('not-found', `no knowledge on "${topic}"`, { hint: '`status` lists the topics' })
  );
}

/** @throws OrcError `not-found`, `ambiguous-id`, `board-unreadable` */
export async function readTask({ orc, agent }: Desk, given: string) {
  const task = await showTask(orc, given, agent);
  if (task !== null) return task;
  const error = new OrcError('not-found', `task "${given}" not found`, { hint: '`status` shows what there is' });
  throw await missingTaskError(orc, given, error);
}
