import type { BoundKnowledge, KnowledgeHit } from '../../app/knowledge-base.ts';
import type { KnowledgeTrail } from '../../app/knowledge-history.ts';
import type { Orc } from '../../app/orc.ts';
import type { Knowledge } from '../../core/records.ts';
import { shellWord } from '../../core/shell-word.ts';
import { OrcError } from '../../errors.ts';
import type { Call } from '../call.ts';
import { type CommandResult, type CommandSpec, defineCommand } from '../command.ts';
import { escapeText } from '../escape.ts';
import { exitCodes } from '../exit-codes.ts';
import type { Look } from '../look.ts';
import { listToSet, textFrom, textToSet } from '../text-words.ts';
import { boundLines, hitLines, knowledgeTrailLines } from '../views/knowledge.ts';

const write = defineCommand<Knowledge>({
  name: 'write',
  words: '<topic> [content...]',
  summary: 'Write a topic of the knowledge base',
  details: [
    'With - in the place of the content it is read from standard input, which must not be empty; with --editor it is written in VISUAL or EDITOR.',
    '--base refuses to write over what somebody else wrote in the meantime; so does --editor.',
    'Title, tags and paths stay as they are where none are given; --title "", --tag "" and --path "" take them away.',
  ].join(' '),
  options: [
    { flags: '--title <text>', summary: 'a title' },
    { flags: '--tag <names...>', summary: 'tags' },
    { flags: '--path <globs...>', summary: 'the files that it binds: whoever works on them has to know it' },
    { flags: '--base <n>', summary: 'the version of the topic that this starts from; 0: there is none yet' },
    { flags: '--editor', summary: 'write the text in an editor, from what stands there now' },
  ],
  examples: [
    'orc kb write api-design "Use REST for external, events for internal"',
    'orc kb write api/auth - --title "How we sign in" --tag api --path "src/auth/**" < auth.md',
    'orc kb write api/auth --editor',
  ],
  data: 'Knowledge',
  async run(call) {
    const fields = {
      topic: call.word(0),
      title: textToSet(call, 'title'),
      tags: listToSet(call, 'tag'),
      paths: listToSet(call, 'path'),
    };
    const base = call.whole('base');
    if (call.flag('editor')) return writeInEditor(call, fields);
    const content = await contentOf(call);
    if (content === '' && call.words[1] === '-') throw nothingCame(call);
    return call.perform('knowledge.write', { ...fields, content, base });
  },
  view: ({ data }, look) => [look.line(`Wrote knowledge: ${data.topic}`)],
});

const append = defineCommand<Knowledge>({
  name: 'append',
  words: '<topic> [content...]',
  summary: 'Add text at the end of a topic; makes it when there is none',
  examples: ['orc kb append decisions "2026-01-31: we use USDC"', 'git diff --stat | orc kb append changes -'],
  data: 'Knowledge',
  async run(call) {
    return call.perform('knowledge.append', { topic: call.word(0), content: await contentOf(call) });
  },
  view: ({ data }, look) => [look.line(`Wrote knowledge: ${data.topic}`)],
});

/** Readers see what this clone knows: somebody else may have written it since. */
const broughtBySync = '`orc sync` brings what others wrote';

const read = defineCommand<Knowledge>({
  name: 'read',
  words: '<topic>',
  summary: 'Print a topic',
  details:
    'With --at as it was, at a version of the board, a commit or a time; `orc kb history` tells when it was written.',
  examples: ['orc kb read api-design', 'orc kb read api/auth > auth.md', 'orc kb read api/auth --at 42'],
  data: 'Knowledge',
  async run(call) {
    const topic = call.word(0);
    const orc = await call.openToRead();
    const found = await readTopic(orc, topic);
    if (found !== null) return call.answer(found);
    throw new OrcError('not-found', `no knowledge on "${topic}"`, {
      hint: `\`orc kb list\` shows what there is, \`orc kb history ${shellWord(topic)}\` whether it was deleted; ${broughtBySync}`,
    });
  },
  // A file or a program gets it byte for byte, a terminal without what could harm it.
  view: ({ data }, look) => (look.isTty ? [escapeText(data.content).replace(/\n$/, '')] : []),
  raw: ({ data }, look) => (look.isTty ? '' : data.content),
  viewRefusal: notThere,
});

const list = defineCommand<string[]>({
  name: 'list',
  aliases: ['ls'],
  words: '',
  summary: 'List the topics',
  options: [
    { flags: '--tag <names...>', summary: 'only those that have all of these tags' },
    { flags: '--prefix <text>', summary: 'only those that begin so: api/' },
  ],
  examples: ['orc kb list', 'orc kb list --prefix api/ --tag security'],
  data: 'string[]',
  async run(call) {
    const orc = await call.openToRead();
    return call.answer(await orc.listKnowledge({ tags: call.list('tag'), prefix: call.text('prefix') }));
  },
  view: ({ data }, look) => (data.length === 0 ? ['(empty)'] : data.map((topic) => look.line(topic))),
});

const search = defineCommand<KnowledgeHit[]>({
  name: 'search',
  aliases: ['find'],
  words: '<words...>',
  summary: 'Find topics by words that stand in them, the best first',
  details:
    'Words count that begin like the given ones or differ from them by a letter, if less. Exit code 4: nothing was found.',
  options: [
    { flags: '--tag <names...>', summary: 'only topics that have all of these tags' },
    { flags: '--prefix <text>', summary: 'only topics that begin so: api/' },
    { flags: '--limit <n>', summary: 'at most so many (default: 10)' },
  ],
  examples: ['orc kb search token refresh', 'orc kb search deploy --tag ops --limit 3'],
  data: 'KnowledgeHit[]',
  async run(call) {
    const limit = call.whole('limit', 1);
    const filter = { tags: call.list('tag'), prefix: call.text('prefix'), limit };
    const hits = await (await call.openToRead()).searchKnowledge(call.words.join(' '), filter);
    return call.answer(hits, hits.length === 0 ? exitCodes.nothingToDo : undefined);
  },
  view: ({ data }, look) => hitLines(data, look),
});

const forPaths = defineCommand<BoundKnowledge[]>({
  name: 'for',
  words: '<path...>',
  summary: 'List the topics that bind these files, the most specific first',
  details: [
    'Paths count from the root of the repository; src/ is all that lies in src, and globs such as "src/**/*.ts" are taken too.',
    'Exit code 4: nothing binds them.',
  ].join(' '),
  examples: ['orc kb for src/auth/login.ts', 'orc kb for src/ "docs/**/*.md"'],
  data: 'BoundKnowledge[]',
  async run(call) {
    const topics = await (await call.openToRead()).knowledgeFor(call.words);
    return call.answer(topics, topics.length === 0 ? exitCodes.nothingToDo : undefined);
  },
  view: ({ data }, look) => boundLines(data, look),
});

const history = defineCommand<KnowledgeTrail>({
  name: 'history',
  words: '<topic>',
  summary: 'Show when a topic was written or deleted, by whom, and how much changed',
  details: 'Also of a topic that is gone. `orc kb read <topic> --at <version>` prints what it said.',
  options: [{ flags: '--last <n>', summary: 'the last so many (default: 20)' }],
  examples: ['orc kb history api-design', 'orc kb history api/auth --last 3 --json'],
  data: 'KnowledgeChange[]',
  async run(call) {
    const topic = call.word(0);
    const last = call.whole('last', 1) ?? 20;
    const trail = await (await call.openToRead()).knowledgeHistory(topic, { last });
    if (trail.changes.length > 0 || trail.cut) return call.answer(trail);
    throw new OrcError('not-found', `there never was knowledge on "${topic}", as far as is known here`, {
      hint: `\`orc kb list\` shows what there is; ${broughtBySync}`,
    });
  },
  toJson: ({ changes }) => changes,
  view: ({ data }, look) => knowledgeTrailLines(data, look),
});

const remove = defineCommand<boolean>({
  name: 'delete',
  aliases: ['rm'],
  words: '<topic>',
  summary: 'Delete a topic; the history keeps it',
  examples: ['orc kb delete api-design'],
  data: 'true',
  toJson: () => true,
  run: (call) => call.perform('knowledge.delete', { topic: call.word(0) }),
  view: (_, look, call) => [look.line(`Deleted knowledge: ${call.word(0)}`)],
  viewRefusal: notThere,
});

/** As the original says it. Something else that is not there, such as the version to look at, is told as any other error. */
function notThere({ code, message }: OrcError, look: Look, call: Call): string | null {
  const words = `no knowledge on "${call.word(0)}"`;
  return code === 'not-found' && message.startsWith(words) ? look.line(`(${words})`) : null;
}

/** @throws OrcError `board-unreadable` for a text that is there, and cannot be read */
async function readTopic(orc: Orc, topic: string): Promise<Knowledge | null> {
  const found = await orc.knowledge(topic);
  if (found !== null) return found;
  const { setAsideError } = await import('../../app/set-aside.ts');
  const setAside = await setAsideError(orc, 'knowledge', topic);
  if (setAside !== null) throw setAside;
  return null;
}

/** The version that was opened is the base: what somebody else writes meanwhile is not written over. */
async function writeInEditor(call: Call, fields: { readonly topic: string }): Promise<CommandResult<Knowledge>> {
  if (call.words.length > 1 || call.text('base') !== undefined) {
    throw new OrcError('usage', '--editor goes with neither content nor --base', {
      hint: 'the editor opens what stands there now, and its version is the base',
    });
  }
  const { topic } = fields;
  await call.check('knowledge.write', { ...fields, content: '' });
  const orc = await call.openToRead();
  const before = await readTopic(orc, topic);
  const { editText } = await import('../edit-text.ts');
  const name = `${topic.replaceAll('/', '-')}.md`;
  const { env, lendTerminal = (work) => work() } = call.io;
  const edited = await lendTerminal(() => editText(before?.content ?? '', name, env));
  try {
    const args = { ...fields, content: edited.text, base: before?.version ?? 0 };
    const done = await call.perform<Knowledge>('knowledge.write', args);
    await edited.discard();
    return done;
  } catch (error) {
    if (!(error instanceof OrcError)) throw error;
    const { code, message, details } = error;
    const hint = `${error.hint === undefined ? '' : `${error.hint}; `}what was written is kept in ${edited.file}`;
    throw new OrcError(code, message, { hint, cause: error, ...(details === undefined ? {} : { details }) });
  }
}

/** More often the program before it failed than that somebody wants the topic empty. */
function nothingCame(call: Call): OrcError {
  return new OrcError('invalid-argument', 'nothing came on standard input: the topic stays as it is', {
    hint: `\`orc kb write ${shellWord(call.word(0))} ""\` empties it, \`orc kb delete\` takes it away`,
  });
}

async function contentOf(call: Call): Promise<string> {
  const content = await textFrom(call, call.words.slice(1));
  if (content !== undefined) return content;
  throw new OrcError('usage', 'give the content as words, or - to read it from standard input', {
    hint: `for example \`orc kb write ${shellWord(call.word(0))} "what we found out"\``,
  });
}

export const knowledgeCommands: readonly CommandSpec[] = [write, read, list, search, forPaths, append, remove, history];
