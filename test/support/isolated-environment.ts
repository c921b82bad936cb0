/**
 * Runs before each test file: whatever the machine, the user and the CI have configured stays outside.
 * Tests that need a setting (ORC_AGENT, a time zone, a git option) set it themselves.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll } from 'vitest';
import { codeCache } from './code-cache.ts';

const foreign =
  /^(ORC_|GIT_|XDG_|GITHUB_|GITLAB_|SSH_|CI$|CI_|FORCE_COLOR$|EMAIL$|EDITOR$|VISUAL$|PAGER$|LANG$|LC_|HTTPS?_PROXY$|ALL_PROXY$)/i;
for (const name of Object.keys(process.env)) {
  if (foreign.test(name)) delete process.env[name];
}
// Node reads a file of certificates at every start when this is set; nothing here needs it, and it doubles a start.
delete process.env.NODE_EXTRA_CA_CERTS;

const sandbox = mkdtempSync(path.join(tmpdir(), 'orc-test-'));
const home = path.join(sandbox, 'home');
const gitConfig = path.join(sandbox, 'gitconfig');
mkdirSync(home);
writeFileSync(gitConfig, '[user]\n\tname = Test\n\temail = test@example.invalid\n[init]\n\tdefaultBranch = main\n');

Object.assign(process.env, {
  HOME: home,
  USERPROFILE: home,
  GIT_CONFIG_GLOBAL: gitConfig,
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  // A temporary folder must not be taken for part of a repository above it.
  GIT_CEILING_DIRECTORIES: tmpdir(),
  LC_ALL: 'C.UTF-8',
  NO_COLOR: '1',
  TZ: 'UTC',
  // Every test has a fresh home; compiling the command anew in each would double what most of them take.
  ORC_CODE_CACHE: codeCache,
});

afterAll(() => {
  rmSync(sandbox, { recursive: true, force: true, maxRetries: 3 });
});
