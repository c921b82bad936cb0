import type { Knowledge } from '../../core/records.ts';
import { OrcError } from '../../errors.ts';
import type { Call } from '../call.ts';
import { type CommandSpec, defineCommand } from '../command.ts';
import { escapeText } from '../escape.ts';
import { textFrom } from '../text-words.ts';

const write = defineCommand<Knowledge>({
  name: 'write',
  words: '<topic> [content...]',
  summary: 'Write a topic of the knowledge base',
  details:
    'With - in the place of the content it is read from standard input. --base refuses to write over what somebody else wrote in the meantime.',
  options: [
    { flags: '--title <text>', summary: 'a title' },
    { flags: '--tag <names...>', summary: 'tags' },
    { flags: '--base <n>', summary: 'the version of the topic that this starts from; 0: there is none yet' },
  ],
  examples: [
    'orc kb write api-design "Use REST for external, events for internal"',
    'orc kb write api/auth - --title "How we sign in" < auth.md',
  ],
  data: 'Knowledge',
  async run(call) {
    const args = {
      topic: call.word(0),
      content: await contentOf(call),
      title: call.text('title'),
      tags: call.list('tag'),
      base: call.whole('base'),
    };
    return call.perform('knowledge.write', args);
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

const read = defineCommand<Knowledge>({
  name: 'read',
  words: '<topic>',
  summary: 'Print a topic',
  examples: ['orc kb read api-design', 'orc kb read api/auth > auth.md'],
  data: 'Knowledge',
  async run(call) {
    const topic = call.word(0);
    const orc = await call.openToRead();
    const found = await orc.knowledge(topic);
    if (found !== null) return call.answer(found);
    const { setAsideError } = await import('../../app/set-aside.ts');
    const setAside = await setAsideError(orc, 'knowledge', topic);
    if (setAside !== null) throw setAside;
    throw new OrcError('not-found', `no knowledge on "${topic}"`, { hint: '`orc kb list` shows what there is' });
  },
  // A file or a program gets it byte for byte, a terminal without what could harm it.
  view: ({ data }, look) => (look.isTty ? [escapeText(data.content).replace(/\n$/, '')] : []),
  raw: ({ data }, look) => (look.isTty ? '' : data.content),
  viewRefusal: ({ code }, look, call) =>
    code === 'not-found' ? look.line(`(no knowledge on "${call.word(0)}")`) : null,
});

const list = defineCommand<string[]>({
  name: 'list',
  aliases: ['ls'],
  words: '',
  summary: 'List the topics',
  examples: ['orc kb list'],
  data: 'string[]',
  async run(call) {
    return call.answer(await (await call.openToRead()).listKnowledge());
  },
  view: ({ data }, look) => (data.length === 0 ? ['(empty)'] : data.map((topic) => look.line(topic))),
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
  viewRefusal: ({ code }, look, call) =>
    code === 'not-found' ? look.line(`(no knowledge on "${call.word(0)}")`) : null,
});

async function contentOf(call: Call): Promise<string> {
  const content = await textFrom(call, call.words.slice(1));
  if (content !== undefined) return content;
  throw new OrcError('usage', 'give the content as words, or - to read it from standard input', {
    hint: `for example \`orc kb write ${call.word(0)} "what we found out"\``,
  });
}

export const knowledgeCommands: readonly CommandSpec[] = [write, read, list, append, remove];
