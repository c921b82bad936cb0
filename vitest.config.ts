import { readFileSync } from 'node:fs';
import { defineConfig } from 'vitest/config';

const { version } = JSON.parse(readFileSync(new URL('package.json', import.meta.url), 'utf8')) as { version: string };

const setupFiles = ['test/support/isolated-environment.ts'];

export default defineConfig({
  define: { __ORC_VERSION__: JSON.stringify(version) },
  test: {
    reporters: ['default', './test/support/summary-reporter.ts'],
    maxWorkers: 2,
    globalSetup: 'test/support/temporary-folder.ts',
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reporter: ['text-summary', 'html'] },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**'],
          setupFiles,
          testTimeout: 20_000,
          hookTimeout: 20_000,
          // Loading what is tested takes as long as many a file's tests: a worker does it once. Each file has an environment and a home of its own.
          isolate: false,
          unstubEnvs: true,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          setupFiles,
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // After the unit tests: these start processes, and compete with them for the same cores.
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
