import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { withoutTool } from '../../src/mcp/change-tools.ts';
import { outputSchema } from '../../src/mcp/schemas.ts';
import type { Tool } from '../../src/mcp/tool.ts';
import { allTools, selectTools } from '../../src/mcp/tools.ts';
import { projectRoot } from '../support/bundle.ts';

const file = path.join(projectRoot, 'docs/mcp.md');

test('docs/mcp.md lists the tools, and what the sets cost', () => {
  const page = readFileSync(file, 'utf8');
  const [before, , after] = page.split(/(?<=<!-- tools:start -->\n)|(?=<!-- tools:end -->)/);
  expect(after).toMatch(/^<!-- tools:end -->\n/);
  const rendered = `${before}${section()}${after}`;
  if (process.env.UPDATE_DOCS) writeFileSync(file, rendered);
  expect(readFileSync(file, 'utf8')).toBe(rendered);
});

function section(): string {
  const rows = allTools.map((tool) => {
    const { properties, required = [] } = tool.input() as { properties: object; required?: string[] };
    const names = Object.keys(properties)
      .filter((name) => name !== 'op')
      .map((name) => (required.includes(name) ? `\`${name}\`` : `[\`${name}\`]`));
    const what = tool.description.replace(/\.$/, '');
    return `| \`${tool.name}\` | ${tool.isDefault ? 'yes' : ''} | ${what} | ${names.join(', ')} | ${hintsOf(tool)} |`;
  });
  const left = Object.entries(withoutTool).map(([kind, why]) => `- \`${kind}\`: ${why}.`);
  return [
    '## Tools',
    '',
    `The default set has ${selectTools().length} tools. What a client's model reads of them (names, descriptions, arguments) takes ${sizes('default')}; all ${allTools.length} take ${sizes('all')}.`,
    'Every change also takes `op`: the id of an earlier call, to ask again what became of it. This table is written by',
    '`UPDATE_DOCS=1 npx vitest run test/mcp/page.test.ts`.',
    '',
    '| tool | default | what it does | arguments ([optional]) | |',
    '| --- | --- | --- | --- | --- |',
    ...rows,
    '',
    'Operations that no tool asks for:',
    '',
    ...left,
    '',
  ].join('\n');
}

function hintsOf({ annotations }: Tool): string {
  if (annotations.readOnlyHint === true) return 'reads';
  const words = [
    ...(annotations.destructiveHint === true ? ['may take something away'] : []),
    ...(annotations.idempotentHint === true ? ['idempotent'] : []),
  ];
  return words.length === 0 ? 'changes' : `changes, ${words.join(', ')}`;
}

/** In steps, so that not every word of a description moves the page. */
function sizes(set: string): string {
  const tools = selectTools(set);
  const read = tools.map(({ name, description, input }) => ({ name, description, inputSchema: input() }));
  const outputs = tools.map(({ output, kind, title, annotations }) => [
    outputSchema(output(), kind !== null),
    title,
    annotations,
  ]);
  const kib = (value: unknown): number => Math.ceil(JSON.stringify(value).length / 1024);
  return `${kib(read)} KiB, with titles, annotations and output schemas ${kib([read, outputs])} KiB`;
}
