/**
 * Bundles the command: our own code in one CommonJS file (the fastest thing that node can start, and one copy of every
 * class, so that `instanceof OrcError` holds; a program of its own has a copy of what it needs), the packages that it may need in files of their own under `vendor/`.
 */
import { chmodSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import Module from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import * as esbuild from 'esbuild';
import { lazyModules } from './lazy-modules.mjs';

/** Small, or needed by every command, or tree-shaken to a twentieth: these go into the bundle itself. */
const inlined = ['commander', 'zod', 'zod/mini'];

/** Whoever serves by one part of it makes the server by another, and it asks whether that is one of its own. */
const whole = ['@modelcontextprotocol/server'];

/** Builtins that cost a start-up half a millisecond to five, and that few commands need. */
const lazyBuiltins = [
  'child_process',
  'crypto',
  'dns',
  'dns/promises',
  'fs/promises',
  'http',
  'https',
  'net',
  'readline',
  'readline/promises',
  'stream',
  'stream/promises',
  'timers/promises',
  'tls',
  'worker_threads',
  'zlib',
].map((name) => `node:${name}`);

/**
 * `completion`: what answers shells at TAB, as a program of its own, and the module that describes the commands to it.
 * `quickStatus`: what answers `orc status` from the snapshot, and from the files.
 * `hookEntry`: what a hook on a server runs, a bundle of its own, for a push waits while all of it is loaded.
 * @param {{ root: string, entry: string, outDir: string, version: string, completion?: { entry: string, commands: string }, quickStatus?: readonly string[], hookEntry?: string }} options
 */
export async function bundleCommand({ root, entry, outDir, version, completion, quickStatus = [], hookEntry }) {
  const shared = {
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20.19',
    // Turns `import()` into a deferred `require()`.
    supported: { 'dynamic-import': false },
    minifySyntax: true,
    minifyWhitespace: true,
    // An uncaught error prints the line it was thrown on: let that be a line, not the whole program.
    lineLimit: 160,
    legalComments: 'none',
    logLevel: 'warning',
    metafile: true,
    absWorkingDir: root,
  };
  const lazy = lazyModules({ inlined, lazyBuiltins, whole, vendorDir: './vendor' });
  const ours = async (entryPoint, name, { plugin } = lazy) => {
    const outfile = path.join(outDir, name);
    const built = await esbuild.build({
      ...shared,
      entryPoints: [entryPoint],
      outfile,
      banner: { js: "const orcModuleUrl = require('node:url').pathToFileURL(__filename).href;" },
      define: {
        __ORC_VERSION__: JSON.stringify(version),
        'import.meta.url': 'orcModuleUrl',
        'import.meta.dirname': '__dirname',
        'import.meta.filename': '__filename',
      },
      plugins: [plugin, englishOnly],
    });
    writeFileSync(outfile, asFunction(inAscii(convertOnce(readFileSync(outfile, 'utf8')))));
    return built;
  };
  const outputs = [await ours(entry, 'engine.cjs')];
  for (const each of quickStatus) outputs.push(await ours(each, `${path.basename(each, '.ts')}.cjs`));
  if (completion !== undefined) {
    outputs.push(await ours(completion.entry, 'complete.cjs'));
    const commands = await describeCommands({ root, outDir, version, module: completion.commands });
    writeFileSync(path.join(outDir, 'commands.json'), JSON.stringify(commands));
  }
  const vendored = lazy.vendored();
  if (hookEntry !== undefined) {
    const ofHook = lazyModules({ inlined, lazyBuiltins, vendorDir: '../vendor' });
    outputs.push(await ours(hookEntry, 'hook/engine.cjs', ofHook));
    const strange = ofHook.vendored().find(({ file }) => !vendored.some((each) => each.file === file));
    if (strange !== undefined) throw new Error(`the hook wants ${strange.file}, which the command does not have`);
  }
  for (const { file, source } of vendored) {
    outputs.push(
      await esbuild.build({
        ...shared,
        stdin: { contents: source, resolveDir: root, sourcefile: `${file}.js` },
        outfile: path.join(outDir, 'vendor', file),
        plugins: [englishOnly, oneYamlParser],
      }),
    );
  }
  const front = readFileSync(new URL('front.cjs', import.meta.url), 'utf8');
  for (const file of hookEntry === undefined ? ['orc.cjs'] : ['orc.cjs', 'hook/receive.cjs']) {
    writeFileSync(path.join(outDir, file), front.replace('__ORC_VERSION__', version));
    chmodSync(path.join(outDir, file), 0o755);
  }
  // The package is "type": "module"; the bundle's files say .cjs, so nothing else is needed to mark them.
  writeFileSync(path.join(outDir, 'THIRD-PARTY-LICENSES.txt'), collectLicenses(root, outputs));
}

/** Runs the module that describes the commands. */
async function describeCommands({ root, outDir, version, module }) {
  const file = path.join(outDir, 'describe.mjs');
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: [module],
    outfile: file,
    bundle: true,
    platform: 'node',
    format: 'esm',
    packages: 'external',
    define: { __ORC_VERSION__: JSON.stringify(version) },
    logLevel: 'warning',
  });
  try {
    return await (await import(pathToFileURL(file).href)).describeCommands();
  } finally {
    rmSync(file);
  }
}

/**
 * Esbuild copies all names of a builtin once for each file that imports it: a tenth of the start of a short command. Here
 * the copies of one module are one.
 */
function convertOnce(text) {
  const found = 'var __toESM=(mod,isNodeMode,target)=>';
  if (!text.includes('__toESM')) return text;
  if (!text.includes(found)) throw new Error("esbuild's helper for imports looks otherwise: see convertOnce");
  return text.replace(
    found,
    'var __converted=new Map,__toESM=(mod,isNodeMode)=>{let made=__converted.get(mod);return made===void 0&&__converted.set(mod,made=__convert(mod,isNodeMode)),made},__convert=(mod,isNodeMode,target)=>',
  );
}

/** One character beyond Latin-1, in a pattern somewhere, doubles what a megabyte of source takes, and the time to read it. */
function inAscii(text) {
  return text.replace(/[^\0-\x7f]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** As node wraps a module; front.cjs would have to copy all of it to do that. */
function asFunction(text) {
  return Module.wrap(text);
}

/** zod carries its messages in some fifty languages, two thirds of its size. We speak English. */
const englishOnly = {
  name: 'english-only',
  setup(build) {
    build.onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, ({ path: file }) => ({
      contents: "export { default as en } from './en.js';",
      resolveDir: path.dirname(file),
    }));
    build.onEnd(({ metafile }) => {
      const extra = Object.keys(metafile?.inputs ?? {}).find((file) => /zod\/v4\/locales\/(?!index|en)/.test(file));
      return extra ? { errors: [{ text: `zod's languages are in the bundle again: ${extra}` }] } : undefined;
    });
  },
};

/**
 * gray-matter brings js-yaml, and loads it whether or not it is used. Ours never uses it (src/layout/front-matter.ts
 * registers the `yaml` package), so the command is spared five milliseconds and a second parser.
 */
const oneYamlParser = {
  name: 'one-yaml-parser',
  setup(build) {
    build.onLoad({ filter: /[\\/]js-yaml[\\/]index\.js$/ }, () => ({
      contents: "exports.safeLoad = exports.safeDump = () => { throw new Error('js-yaml is not part of orc'); };",
    }));
  },
};

/** The licences of the packages whose code is in the outputs, as they ask for. */
function collectLicenses(root, outputs) {
  const folders = new Set();
  for (const { metafile } of outputs) {
    for (const file of Object.keys(metafile.inputs)) {
      const match = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file);
      if (match) folders.add(match[0]);
    }
  }
  return [...folders]
    .sort()
    .map((folder) => licenseOf(path.join(root, folder)))
    .join('\n');
}

function licenseOf(folder) {
  const { name, version, license } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'));
  const file = readdirSync(folder).find((entry) => /^(licen[cs]e|copying)/i.test(entry));
  const text = file === undefined ? `Licence: ${license}` : readFileSync(path.join(folder, file), 'utf8').trim();
  return `${name} ${version}\n${'-'.repeat(60)}\n${text}\n`;
}
