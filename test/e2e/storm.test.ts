/** A short storm: real clients, killed in the middle of their pushes, and the whole history checked. `npm run storm` has long ones. */
import { describe, expect, test } from 'vitest';
import { defaultSettings } from '../storm/settings.ts';
import { runStorm } from '../storm/storm.ts';
import { neededTools } from '../support/servers/git-server.ts';
import { requireTools } from '../support/servers/tools.ts';

describe.each(['file', 'http', 'ssh'] as const)('%s', (transport) => {
  test.skipIf(!requireTools(neededTools[transport]))(
    'clients that are killed while they push: nothing lost, nothing twice, nobody told what is not so',
    { timeout: 240_000 },
    async () => {
      const seed = Number(process.env.STORM_SEED ?? 11);
      const settings = { ...defaultSettings, transport, seed, clients: 4, operations: 60, minutes: 2 };
      const { check, complaints, ...figures } = await runStorm(settings);
      console.log(`storm over ${transport}, STORM_SEED=${seed}: ${JSON.stringify(figures)}`);
      expect(complaints).toEqual([]);
      expect(check.violations).toEqual([]);
      // It did storm, and the checker did look.
      expect(figures.kills).toBeGreaterThan(2);
      expect(figures.published).toBeGreaterThan(20);
      expect(check.judged[5]).toBe(figures.published);
    },
  );
});
