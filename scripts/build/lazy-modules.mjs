/**
 * An esbuild plugin that loads packages and heavy builtins when they are first used, not when the program starts,
 * however they were imported. So the source says `import { parse } from 'yaml'` like any other, stays synchronous, and
 * `orc status`, which parses no YAML, does not pay for it.
 *
 * A lazy module is a proxy with the names that the real one exports; the first access `require`s the real one. Whatever
 * runs while modules are loading (`class Server extends Duplex`) counts as use and loads it then.
 */
import { isBuiltin } from 'node:module';

const namespace = 'lazy';

/**
 * `whole`: packages of which all parts that are imported go into one file, because each part looks at what the others made
 * (`instanceof`).
 * @param {{ inlined: readonly string[], lazyBuiltins: readonly string[], vendorDir: string, whole?: readonly string[] }} options
 */
export function lazyModules({ inlined, lazyBuiltins, vendorDir, whole = [] }) {
  /** The vendored packages: specifier → the names that they export. */
  const exportsBySpecifier = new Map();
  const fileOf = (specifier) =>
    fileName(whole.find((name) => specifier === name || specifier.startsWith(`${name}/`)) ?? specifier);

  const plugin = {
    name: 'lazy-modules',
    setup(build) {
      build.onResolve({ filter: /^[^./]/ }, ({ path: specifier, kind, importer, namespace: from }) => {
        if (from === namespace || kind === 'entry-point') return undefined;
        if (isBuiltin(specifier)) {
          return lazyBuiltins.includes(specifier) ? { path: specifier, namespace } : undefined;
        }
        // What an inlined package imports goes with it.
        if (inlined.includes(specifier) || importer.includes('/node_modules/')) return undefined;
        return { path: specifier, namespace };
      });
      build.onLoad({ filter: /.*/, namespace }, async ({ path: specifier }) => {
        const names = Object.keys(await import(specifier)).filter((name) => name !== 'module.exports');
        if (isBuiltin(specifier)) return { contents: lazyModule(`require(${JSON.stringify(specifier)})`, names) };
        exportsBySpecifier.set(specifier, names);
        return { contents: lazyModule(`require(${JSON.stringify(`${vendorDir}/${fileOf(specifier)}`)})`, names) };
      });
      // The vendored files are written next to the bundle: left alone as they are.
      build.onResolve({ filter: /.*/, namespace }, ({ path: target }) => ({ path: target, external: true }));
    },
  };

  /** The files to build once the bundle is built: one for each package that it turned out to import. */
  function vendored() {
    const sources = new Map();
    for (const [specifier, names] of exportsBySpecifier) {
      const file = fileOf(specifier);
      const lines = [`export * from '${specifier}';`];
      if (names.includes('default')) lines.push(`export { default } from '${specifier}';`);
      sources.set(file, [...(sources.get(file) ?? []), ...lines]);
    }
    return [...sources].map(([file, lines]) => ({ file, source: lines.join('\n') }));
  }

  return { plugin, vendored };
}

/** `@scope/name/part` → `scope-name-part.cjs` */
function fileName(specifier) {
  return `${specifier.replace(/^@/, '').replaceAll(/[^\w.-]/g, '-')}.cjs`;
}

function lazyModule(load, names) {
  return `
    let real;
    const load = () => (real ??= ${load});
    const fallback = () => (load().__esModule ? load().default : load());
    const shape = function () {};
    for (const name of ${JSON.stringify(names.filter((name) => name !== 'default'))}) {
      Object.defineProperty(shape, name, { enumerable: true, configurable: true, writable: true, value: undefined });
    }
    module.exports = new Proxy(shape, {
      // esbuild's own helper asks for this one while the program starts.
      get: (_, key) => (key === '__esModule' ? undefined : key in load() ? load()[key] : fallback()[key]),
      apply: (_, self, args) => Reflect.apply(fallback(), self, args),
      construct: (_, args) => new (fallback())(...args),
    });
  `;
}
