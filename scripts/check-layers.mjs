/**
 * Proves that the lint guards the layers, and that files stay readable.
 *
 * 1. Every import that the layers forbid is written to a scratch project that has this project's biome.json; biome must
 *    report each of them, and nothing in the files that only do what is allowed. A rule that fell silent fails here.
 * 2. Every folder of src/ must be a layer that this script knows.
 * 3. No file of src/ may be longer than 400 lines.
 */
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const maxLines = 400;
const root = fileURLToPath(new URL('..', import.meta.url));

/** The law, stated a second time, independently of biome.json: what each layer may import of the others. */
const mayImport = {
  errors: [],
  core: ['errors'],
  layout: ['core', 'errors'],
  git: ['errors'],
  sync: ['layout', 'core', 'git', 'errors'],
  app: ['sync', 'layout', 'core', 'git', 'errors'],
  cli: ['app', 'core', 'errors'],
  mcp: ['app', 'core', 'errors'],
  web: ['app', 'core', 'errors'],
  hooks: ['app', 'core', 'errors'],
  bin: ['cli', 'mcp', 'web', 'hooks', 'app', 'errors'],
  index: ['app', 'core', 'errors'],
};
const layers = Object.keys(mayImport);
const singleFiles = ['errors', 'index'];

/** Packages with one home, as the file that may import them. */
const homes = {
  commander: 'src/cli/program.ts',
  'isomorphic-git': 'src/git/portable/objects.ts',
  'isomorphic-git/http/node': 'src/git/portable/http.ts',
  'gray-matter': 'src/layout/front-matter.ts',
  yaml: 'src/layout/records.ts',
  minisearch: 'src/app/full-text.ts',
};

/** Those that one file alone may import, not its whole layer. */
const oneFileHomes = ['gray-matter', 'minisearch'];

const impureInCore = [
  'Date.now()',
  'new Date()',
  'new Date',
  'Date()',
  'Math.random()',
  'performance.now()',
  'setTimeout(() => 1, 1)',
  'setInterval(() => 1, 1)',
  'setImmediate(() => 1)',
  'queueMicrotask(() => 1)',
  'process.pid',
  "globalThis.process?.['pid']",
  'crypto.randomUUID()',
  "'a'.localeCompare('b')",
  'new Intl.NumberFormat()',
];

/** A file of the scratch project: the rule that must report it, or `null` when nothing may be reported. */
const cases = [];
const addCase = (file, source, rule) => cases.push({ file, source, rule });
const restricted = 'lint/style/noRestrictedImports';

for (const layer of layers) {
  const folders = singleFiles.includes(layer) ? [''] : [`${layer}/`, `${layer}/nested/`];
  for (const folder of folders) {
    for (const target of layers) {
      if (target === layer) continue;
      const up = folder === '' ? './' : '../'.repeat(folder.split('/').length - 1);
      const specifier = `${up}${singleFiles.includes(target) ? `${target}.ts` : `${target}/thing.ts`}`;
      const rule = mayImport[layer].includes(target) ? null : restricted;
      const file = singleFiles.includes(layer) ? `src/${layer}.ts` : `src/${folder}imports-${target}.ts`;
      if (singleFiles.includes(layer)) addCase(`${layer}-${target}/${file}`, `export * from '${specifier}';\n`, rule);
      else addCase(file, `import { thing } from '${specifier}';\nexport const used = thing;\n`, rule);
    }
  }
}
for (const [name, home] of Object.entries(homes)) {
  addCase(home, `import * as thing from '${name}';\nexport const used = thing;\n`, null);
  for (const layer of layers) {
    if (singleFiles.includes(layer)) continue;
    const isWholeLayer = !home.includes('/portable/') && !oneFileHomes.includes(name);
    if (isWholeLayer && home.startsWith(`src/${layer}/`)) continue;
    const file = `src/${layer}/package-${name.replaceAll('/', '-')}.ts`;
    addCase(file, `export const used = await import('${name}');\n`, restricted);
  }
}
for (const name of ['node:fs', 'node:fs/promises', 'node:path', 'node:crypto', 'zod', 'picomatch']) {
  addCase(`src/core/outside-${name.replaceAll(/\W/g, '-')}.ts`, `export * from '${name}';\n`, restricted);
}
for (const name of [
  'node:fs',
  'node:fs/promises',
  'node:child_process',
  'node:http',
  'node:net',
  'node:worker_threads',
]) {
  addCase(`src/layout/outside-${name.replaceAll(/\W/g, '-')}.ts`, `export * from '${name}';\n`, restricted);
}
addCase(
  'src/core/pure.ts',
  "import * as z from 'zod/mini';\nexport const at = (ms: number) => [z, new Date(ms)];\n",
  null,
);
addCase('src/core/registry.ts', "import { all } from './operations/index.ts';\nexport const used = all;\n", null);
addCase(
  'src/core/operations/type.ts',
  "import type { Oid } from '../../git/store.ts';\nexport type Id = Oid;\n",
  restricted,
);
addCase('src/app/inline-type.ts', "export type Oid = import('../git/store.ts').Oid;\n", 'plugin');
addCase('src/app/prints.ts', "console.log('printed');\n", 'lint/suspicious/noConsole');
addCase('src/app/any.ts', 'export const loose = (value: any) => value;\n', 'lint/suspicious/noExplicitAny');
addCase(
  'src/app/bang.ts',
  'export const sure = (m: Map<string, string>) => m.get("a")!;\n',
  'lint/style/noNonNullAssertion',
);
addCase('src/app/builtin.ts', "export * from 'fs';\n", 'lint/style/useNodejsImportProtocol');
addCase(
  'src/app/cycle-a.ts',
  "import { b } from './cycle-b.ts';\nexport const a = () => b;\n",
  'lint/suspicious/noImportCycles',
);
addCase(
  'src/app/cycle-b.ts',
  "import { a } from './cycle-a.ts';\nexport const b = () => a;\n",
  'lint/suspicious/noImportCycles',
);
impureInCore.forEach((code, index) => {
  addCase(`src/core/impure-${index}.ts`, `export const value = ${code};\n`, 'plugin');
});

const problems = [...checkRules(), ...checkFolders(), ...checkLengths()];
if (problems.length > 0) {
  for (const problem of problems) console.error(`layers: ${problem}`);
  process.exit(1);
}

function checkRules() {
  const scratch = realpathSync(mkdtempSync(path.join(tmpdir(), 'orc-layers-')));
  try {
    // The entry files have one name, and many cases: each case gets a project of its own below the scratch project.
    const config = JSON.parse(readFileSync(path.join(root, 'biome.json'), 'utf8'));
    for (const override of config.overrides) override.includes = override.includes.map(anywhere);
    writeFileSync(path.join(scratch, 'biome.json'), JSON.stringify(config));
    cpSync(path.join(root, 'scripts/lint'), path.join(scratch, 'scripts/lint'), { recursive: true });
    for (const { file, source } of cases) {
      mkdirSync(path.dirname(path.join(scratch, file)), { recursive: true });
      writeFileSync(path.join(scratch, file), source);
    }
    const biome = path.join(root, 'node_modules/@biomejs/biome/bin/biome');
    const args = ['lint', '--max-diagnostics=none', '--reporter=github', '.'];
    const run = spawnSync(process.execPath, [biome, ...args], { cwd: scratch, encoding: 'utf8' });
    const reported = new Map();
    for (const [, rule, file] of run.stdout.matchAll(/^::\w+ title=([^,]+),file=([^,]+),/gm)) {
      const name = path.relative(scratch, path.resolve(scratch, file));
      reported.set(name, (reported.get(name) ?? new Set()).add(rule));
    }
    if (reported.size === 0) return [`biome reported nothing at all:\n${run.stdout}${run.stderr}`];
    return cases.flatMap(({ file, source, rule }) => {
      const rules = [...(reported.get(file) ?? [])];
      if (rule === null && rules.length === 0) return [];
      if (rule !== null && rules.includes(rule)) return [];
      const expected = rule === null ? 'should pass the lint' : `should be reported by ${rule}`;
      return [`${expected}, but biome said [${rules.join(', ')}]: ${file}: ${source.trim()}`];
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** `src/core/**` as a pattern for any depth; `!src/cli/**` likewise. */
function anywhere(pattern) {
  return pattern.startsWith('!') ? `!**/${pattern.slice(1)}` : `**/${pattern}`;
}

function checkFolders() {
  return readdirSync(path.join(root, 'src'), { withFileTypes: true })
    .filter((entry) => !layers.includes(entry.name.replace(/\.ts$/, '')))
    .map((entry) => `src/${entry.name} belongs to no layer: add it to biome.json and to scripts/check-layers.mjs`);
}

function checkLengths() {
  return readdirSync(path.join(root, 'src'), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.[cm]?[jt]sx?$/.test(entry.name))
    .map((entry) => path.join(entry.parentPath, entry.name))
    .map((file) => ({ file, lines: readFileSync(file, 'utf8').split('\n').length - 1 }))
    .filter(({ lines }) => lines > maxLines)
    .map(({ file, lines }) => `${path.relative(root, file)} has ${lines} lines; the limit is ${maxLines}`);
}
