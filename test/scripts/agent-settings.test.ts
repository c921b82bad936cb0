/** The plugin and the ready settings for coding agents: what stands in them exists, and is what the documents say. */
import fs from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { hookEvents } from '../../src/app/agent-hooks/event.ts';
import { instructionsFor, instructionsForAll } from '../../src/app/agent-instructions.ts';
import { writeAgentsMd } from '../../src/app/agents-md.ts';
import { allCommands } from '../cli/reference.ts';
import { readFolder } from '../support/boards.ts';
import { projectRoot } from '../support/bundle.ts';
import { makeTempDir } from '../support/temp-dir.ts';

interface HookSettings {
  readonly hooks: Readonly<
    Record<string, readonly { readonly matcher?: string; readonly hooks: readonly Handler[] }[]>
  >;
}
interface Handler {
  readonly type: string;
  readonly command: string;
  readonly timeout: number;
}

const read = (file: string): string => fs.readFileSync(path.join(projectRoot, file), 'utf8');
const json = <T>(file: string): T => JSON.parse(read(file)) as T;
const ofClaude = { SessionStart: 'session-start', PreToolUse: 'pre-tool-use', Stop: 'stop', SessionEnd: 'session-end' };
const ofGemini = {
  SessionStart: 'session-start',
  BeforeTool: 'pre-tool-use',
  AfterAgent: 'stop',
  SessionEnd: 'session-end',
};
const ofCodex = { SessionStart: 'session-start', PreToolUse: 'pre-tool-use', Stop: 'stop' };

test.each([
  ['plugin/hooks/hooks.json', ofClaude],
  ['examples/agents/claude-settings.json', ofClaude],
  ['examples/agents/gemini-settings.json', ofGemini],
  ['examples/agents/codex-hooks.json', ofCodex],
])('%s calls orc for each event, with a time limit', (file, events) => {
  const { hooks } = json<HookSettings>(file);
  const called = Object.entries(hooks).map(([event, groups]) => {
    expect(groups).toHaveLength(1);
    const [handler] = groups[0]?.hooks ?? [];
    expect(handler).toMatchObject({ type: 'command', timeout: expect.any(Number) });
    return [event, handler?.command];
  });
  expect(Object.fromEntries(called)).toEqual(
    Object.fromEntries(Object.entries(events).map(([event, word]) => [event, `orc hook ${word}`])),
  );
  for (const word of Object.values(events)) expect(hookEvents).toContain(word);
});

test('the plugin and the settings for Claude Code are the same, for the tools that write', () => {
  const { hooks } = json<HookSettings>('plugin/hooks/hooks.json');
  expect(json('examples/agents/claude-settings.json')).toEqual({ hooks });
  expect(hooks.PreToolUse?.[0]?.matcher).toBe('Edit|Write|MultiEdit|NotebookEdit|Bash');
  expect(hooks.SessionStart?.[0]?.matcher).toBe('startup|resume|clear|compact');
});

test('the plugin has the version of the package, and ships with it', () => {
  const plugin = json<{ name: string; version: string; description: string }>('plugin/.claude-plugin/plugin.json');
  const { version, files } = json<{ version: string; files: string[] }>('package.json');
  expect(plugin).toMatchObject({ name: 'orc', version, description: expect.stringMatching(/\.$/) });
  expect(files).toEqual(expect.arrayContaining(['plugin', 'examples', '.claude-plugin']));
  expect(json('plugin/.mcp.json')).toEqual({
    mcpServers: { orc: { type: 'stdio', command: 'npx', args: ['-y', 'git-orc', 'mcp'] } },
  });
  const market = json<{ plugins: { name: string; source: string }[] }>('.claude-plugin/marketplace.json');
  expect(market).toMatchObject({ name: expect.any(String), owner: { name: expect.any(String) } });
  expect(market.plugins).toMatchObject([{ name: plugin.name, source: './plugin', description: plugin.description }]);
});

test('the skill has a name and says when to use it', () => {
  const text = read('plugin/skills/orc/SKILL.md');
  const [, front = ''] = /^---\n([\s\S]*?)\n---\n\n# /.exec(text) ?? [];
  expect(front).toMatch(/^name: orc\ndescription: [^\n]{50,1024}$/);
});

test('AGENTS.md of the examples is what `orc init --agents-md` writes', async () => {
  const folder = makeTempDir();
  await writeAgentsMd(folder);
  if (process.env.UPDATE_DOCS)
    fs.writeFileSync(path.join(projectRoot, 'examples/agents/AGENTS.md'), readFolder(folder)['AGENTS.md'] ?? '');
  expect(read('examples/agents/AGENTS.md')).toBe(readFolder(folder)['AGENTS.md']);
});

test('every command that they name exists, and so does every option', async () => {
  const commands = await allCommands();
  const texts = [
    ...['plugin/skills/orc/SKILL.md', 'plugin/README.md', 'examples/agents/README.md', 'docs/hooks.md'].map(read),
    instructionsForAll.join('\n'),
    instructionsFor('ann').join('\n'),
  ];
  const lines = texts.flatMap((text) =>
    [...text.matchAll(/(?:`|^ {4}|")(orc [a-z][^`"\n]*)/gm)].map(([, line]) => line as string),
  );
  expect(lines.length).toBeGreaterThan(40);
  for (const line of lines) {
    const [, first = '', second = ''] = line.split(' ');
    const found = commands.filter(({ noun }) => noun.name === first || noun.aliases.includes(first));
    expect(found, line).not.toEqual([]);
    const isNested = found.length > 1 || found[0]?.path.split(' ').length === 3;
    const specs = found.filter(({ spec }) => !isNested || spec.name === second || spec.aliases?.includes(second));
    if (isNested && /^[a-z]/.test(second)) expect(specs, line).not.toEqual([]);
    const help = specs.flatMap(({ spec }) => (spec.options ?? []).map(({ flags }) => flags)).join(' ');
    for (const [option] of line.matchAll(/--[a-z-]+/g))
      if (!['--agent', '--json', '--fresh'].includes(option)) expect(help, line).toContain(option);
  }
});
