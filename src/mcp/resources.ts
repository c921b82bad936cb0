/** The board, its tasks, its knowledge, and briefs, as resources. */
import { type McpServer, ProtocolError, ProtocolErrorCode, ResourceTemplate } from '@modelcontextprotocol/server';
import { readBoardMarkdown } from '../app/board-markdown.ts';
import { readStatus } from '../app/status.ts';
import { OrcError } from '../errors.ts';
import { errorLine, tellError } from './answers.ts';
import type { Desk } from './desk.ts';
import { readTask, readTopic } from './look-tools.ts';
import {
  boardMdUri,
  boardUri,
  briefTemplate,
  knowledgeTemplate,
  type Place,
  placeOf,
  taskTemplate,
  uriOf,
} from './resource-uris.ts';
import { knowledgeText } from './texts.ts';

const json = 'application/json';
const markdown = 'text/markdown';
/** Open tasks of which a list names no more: the board itself counts them all. */
const maxListed = 1000;

export interface ResourceSettings {
  readonly desk: Desk;
  readonly tools: ReadonlySet<string>;
  /** A client that lists is interested in what comes and goes. */
  readonly onListed: () => void;
}

interface Listed {
  readonly uri: string;
  readonly name: string;
  readonly mimeType: string;
}

export function registerResources(server: McpServer, settings: ResourceSettings): void {
  const { desk, tools, onListed } = settings;
  const read = (uri: URL) => readResource(settings, uri.toString());
  const list = (make: () => Promise<Listed[]>) => async () => {
    onListed();
    await desk.refresher.refresh().catch((error: unknown) => fail(error, tools));
    return { resources: await make() };
  };
  const complete = (make: () => Promise<string[]>) => async (begun: string) =>
    (await make()).filter((each) => each.startsWith(begun)).sort();
  server.registerResource('board', boardUri, { title: 'The board', mimeType: json }, read);
  server.registerResource('BOARD.md', boardMdUri, { title: 'The board as a page', mimeType: markdown }, read);
  const ofTask = { workstream: complete(() => workstreams(desk)), id: complete(() => openIds(desk)) };
  server.registerResource(
    'task',
    new ResourceTemplate(taskTemplate, { list: list(() => listTasks(desk, 'task', json)), complete: ofTask }),
    { title: 'A task', mimeType: json },
    read,
  );
  server.registerResource(
    'brief',
    new ResourceTemplate(briefTemplate, { list: list(() => listTasks(desk, 'brief', markdown)), complete: ofTask }),
    { title: 'What an agent has to know for a task', mimeType: markdown },
    read,
  );
  const topics = { topic: complete(() => desk.orc.listKnowledge()) };
  server.registerResource(
    'knowledge',
    new ResourceTemplate(knowledgeTemplate, { list: list(() => listTopics(desk)), complete: topics }),
    { title: 'A topic of the knowledge base', mimeType: markdown },
    read,
  );
}

async function workstreams({ orc }: Desk): Promise<string[]> {
  return (await orc.listWorkstreams()).map(({ name }) => name);
}

async function openIds({ orc }: Desk): Promise<string[]> {
  return orc.ask((board) => [...board.openTasks()].map(({ id }) => id));
}

async function listTasks({ orc }: Desk, what: 'task' | 'brief', mimeType: string): Promise<Listed[]> {
  const open = await orc.ask((board) => [...board.openTasks()].sort((a, b) => (a.id < b.id ? -1 : 1)));
  return open.slice(0, maxListed).map(({ workstream, id }) => {
    const place = `${workstream}/${id}`;
    return { uri: uriOf({ what, workstream, id }), name: what === 'task' ? place : `brief of ${place}`, mimeType };
  });
}

async function listTopics({ orc }: Desk): Promise<Listed[]> {
  const topics = await orc.listKnowledge();
  return topics.map((topic) => ({ uri: uriOf({ what: 'knowledge', topic }), name: topic, mimeType: markdown }));
}

async function readResource(settings: ResourceSettings, uri: string) {
  try {
    const place = placeOf(uri);
    if (place === null) throw new OrcError('not-found', `there is no resource ${uri}`);
    await settings.desk.refresher.refresh();
    return { contents: [{ uri, ...(await contentsOf(settings, place)) }] };
  } catch (error) {
    return fail(error, settings.tools, uri);
  }
}

async function contentsOf(
  { desk, tools }: ResourceSettings,
  place: Place,
): Promise<{ readonly mimeType: string; readonly text: string }> {
  const { orc, agent } = desk;
  switch (place.what) {
    case 'board':
      return { mimeType: json, text: JSON.stringify({ you: agent, ...(await readStatus(orc)) }) };
    case 'board.md':
      return { mimeType: markdown, text: await readBoardMarkdown(orc) };
    case 'knowledge':
      return { mimeType: markdown, text: knowledgeText(await readTopic(desk, place.topic)).join('\n') };
    case 'brief': {
      const made = await orc.brief(place.workstream, place.id, { agent, reportWith: tools });
      return { mimeType: markdown, text: made?.markdown ?? '' };
    }
    case 'task': {
      const task = await readTask(desk, place.id);
      if (task.workstream !== place.workstream)
        throw new OrcError('not-found', `task ${task.id} is in workstream "${task.workstream}"`);
      return { mimeType: json, text: JSON.stringify(task) };
    }
  }
}

/** Errors of the protocol bear code and hint in their data. @throws ProtocolError */
export function fail(error: unknown, tools: ReadonlySet<string>, uri?: string): never {
  const told = tellError(error, tools);
  const code = told.code === 'bug' ? ProtocolErrorCode.InternalError : ProtocolErrorCode.InvalidParams;
  throw new ProtocolError(code, errorLine(told), { ...told, ...(uri === undefined ? {} : { uri }) });
}
