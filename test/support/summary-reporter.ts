/** Ends a run with one line that scripts can read: `12 passed, 0 failed, 1 skipped`. */
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly SerializedError[]): void {
    let passed = 0;
    let skipped = 0;
    // What fails outside a test (a file that does not load, a rejection that nobody awaited) must not read as "0 failed".
    let failed = unhandledErrors.length;
    for (const module of modules) {
      const states = [...module.children.allTests()].map((test) => test.result().state);
      passed += states.filter((state) => state === 'passed').length;
      failed += states.filter((state) => state === 'failed').length;
      skipped += states.filter((state) => state === 'skipped' || state === 'pending').length;
      if (module.state() === 'failed' && !states.includes('failed')) failed += 1;
    }
    // The default reporter writes its summary in the same round of calls: leave it the last word but one.
    setImmediate(() => process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`));
  }
}
