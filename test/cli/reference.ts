/** Writes docs/cli.md from the descriptions of the commands. */
import type { CommandSpec, Noun } from '../../src/cli/command.ts';
import { globalOptions } from '../../src/cli/globals.ts';
import { nouns } from '../../src/cli/nouns.ts';
import { shapes } from './shapes.ts';

export interface Described {
  /** `orc t add` */
  readonly path: string;
  readonly noun: Noun;
  readonly spec: CommandSpec;
}

export async function allCommands(): Promise<Described[]> {
  const described: Described[] = [];
  for (const noun of nouns) {
    const loaded = await noun.load();
    if (Array.isArray(loaded))
      for (const spec of (loaded as CommandSpec[]).filter(({ isHidden }) => isHidden !== true))
        described.push({ path: `orc ${noun.name} ${spec.name}`, noun, spec });
    else described.push({ path: `orc ${noun.name}`, noun, spec: loaded as CommandSpec });
  }
  return described;
}

export async function renderReference(): Promise<string> {
  const commands = await allCommands();
  const sections = nouns.map((noun) => {
    const own = commands.filter((each) => each.noun === noun);
    const names = [noun.name, ...noun.aliases].map((name) => `\`${name}\``).join(', ');
    return [`## ${names}: ${lowerFirst(noun.summary)}`, ...own.map(renderCommand)].join('\n\n');
  });
  return [introduction, optionTable(globalOptions), output, ...sections, shapesSection()].join('\n\n').concat('\n');
}

function renderCommand({ path, spec }: Described): string {
  const aliases = (spec.aliases ?? []).map((alias) => ` (or \`${alias}\`)`).join('');
  return [
    `### ${path}${aliases}`,
    `${spec.summary}.${spec.details === undefined ? '' : `\n${spec.details}`}`,
    `\`${`${path} ${spec.words}`.trim()}\``,
    code(spec.examples),
    ...(spec.options === undefined ? [] : [optionTable(spec.options)]),
    `Data: ${spec.data.startsWith('the ') || spec.data.includes(' or ') ? spec.data : `\`${spec.data}\``}`,
  ].join('\n\n');
}

function optionTable(options: readonly { readonly flags: string; readonly summary: string }[]): string {
  const rows = options.map(({ flags, summary }) => `| \`${flags.replaceAll('|', '\\|')}\` | ${summary} |`);
  return ['| option | |', '| --- | --- |', ...rows].join('\n');
}

function shapesSection(): string {
  const lines = Object.entries(shapes).map(
    ([name, fields]) =>
      `- \`${name}\`: ${fields.map((field) => (field === '…' ? 'and the data of its action' : `\`${field}\``)).join(', ')}`,
  );
  return [
    '## Shapes',
    'Times are ISO 8601 in UTC, lengths of time milliseconds. See docs/format.md for what each field means.',
    lines.join('\n'),
  ].join('\n\n');
}

function code(lines: readonly string[]): string {
  return ['```', ...lines, '```'].join('\n');
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

const introduction = `# The command line

This page is made from the program: \`UPDATE_DOCS=1 npx vitest run test/cli/reference.test.ts\` writes it anew, and the test fails
where it is not what the program says. \`orc <command> --help\` tells the same.

\`<x>\` is required, \`[x]\` may be left out. \`-\` in the place of a text reads it from standard input. Text that begins with \`-\` goes
after \`--\`. Options with several values take all words up to the next option, so put them last or repeat them.

Where the workstream may be left out (\`[workstream] <id>\`), the first of two words is the workstream when there is one of that name, or
when it cannot be a task's id. Ids may be shortened as long as they fit one task alone. \`[agent]\` may be left out where \`--agent\`,
\`ORC_AGENT\`, \`git config orc.agent\` or the name of the linked work tree says who acts.

## Options of every command

Before or after the words of the command.`;

const output = `## Output

For people by default: the first line is that of the original tool; text from the board is shown with control characters escaped
(\`\\x1b\`), in colour only on a terminal, never with \`NO_COLOR\`.

With \`--json\` one document on standard output: \`{"data": …, "published": true|false|null, "version": N}\`, for changes with \`state\`
(\`published\`, \`queued\`, \`unknown\`, \`none\`) and \`op\`, and with \`reason\` where it is not published. \`published: null\`: there was nothing
to publish. Errors on standard error: \`{"error":{"code":"…","message":"…","hint":"…","details":{…}}}\`.

| exit code | |
| --- | --- |
| 0 | done |
| 1 | failed |
| 2 | the command line or a value in it is not valid |
| 3 | refused by the board: not there, claimed, held, closed, conflict; the code of the error says which |
| 4 | nothing to do: \`next\` and \`brief\` found no task |
| 5 | committed here, not published: \`state\` is \`queued\` (\`orc sync\` publishes it) or \`unknown\` (ask again with \`--op\`) |
| 6 | the history upstream was rewritten |
| 130 | interrupted |

\`orc work\` and other commands that go on for a while print a line for each thing that happens, each in this form: [work.md](work.md#events).`;
