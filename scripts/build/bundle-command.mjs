/**
 * Bundles the command: our own code in one CommonJS file (the fastest thing that node can start, and one copy of every
 * class, so that `instanceof OrcError` holds; a quick program has a copy of what it needs, and is loaded instead of it), the packages that it may need in files of their own under `vendor/`.
 */
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import * as esbuild from 'esbuild';
import { lazyModules } from './lazy-modules.mjs';

/** Small, or needed by every command, or tree-shaken to a twentieth: these go into the bundle itself. */
const inlined = ['commander', 'zod', 'zod/mini'];

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

/** Small programs beside the entry that answer the usual call of a command by themselves; front.cjs knows when. */
const quickPrograms = ['status.ts'];

/** @param {{ root: string, entry: string, outDir: string, version: string }} options */
export async function bundleCommand({ root, entry, outDir, version }) {
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
  const quick = quickPrograms.filter((name) => existsSync(path.join(path.dirname(entry), name)));
  const lazy = lazyModules({ inlined, lazyBuiltins, vendorDir: './vendor' });
  const outputs = [];
  for (const [source, name] of [
    [entry, 'engine.cjs'],
    ...quick.map((each) => [path.join(path.dirname(entry), each), each.replace(/ts$/, 'cjs')]),
  ]) {
    const outfile = path.join(outDir, name);
    outputs.push(
      await esbuild.build({
        ...shared,
        entryPoints: [source],
        outfile,
        // What a quick program would do with it, its whole command can do.
        banner: {
          js: source === entry ? "const orcModuleUrl = require('node:url').pathToFileURL(__filename).href;" : '',
        },
        define: {
          __ORC_VERSION__: JSON.stringify(version),
          'import.meta.url': 'orcModuleUrl',
          'import.meta.dirname': '__dirname',
          'import.meta.filename': '__filename',
        },
        plugins: [lazy.plugin, englishOnly],
      }),
    );
    writeFileSync(outfile, inAscii(convertOnce(readFileSync(outfile, 'utf8'))));
  }
  for (const { file, source } of lazy.vendored()) {
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
  writeFileSync(path.join(outDir, 'orc.cjs'), front.replace('__ORC_VERSION__', version));
  chmodSync(path.join(outDir, 'orc.cjs'), 0o755);
  // The package is "type": "module"; the bundle's files say .cjs, so nothing else is needed to mark them.
  writeFileSync(path.join(outDir, 'THIRD-PARTY-LICENSES.txt'), collectLicenses(root, outputs));
}

/**
 * Esbuild copies all names of a builtin once for each file that imports it: a tenth of the start of a short command. Here
 * the copies of one module are one.
 */
function convertOnce(text) {
  const found = 'var __toESM=(mod,isNodeMode,target)=>';
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
