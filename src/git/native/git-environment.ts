/** The environment in which orc starts git: the user's connections and credentials, none of the user's repository. */

import type { ConfigEntry } from '../config-syntax.ts';

export interface GitEnvironmentOptions {
  /** Configuration above all files. */
  readonly config?: readonly ConfigEntry[];
  /** Whether a person is there to answer questions on the terminal. */
  readonly interactive?: boolean;
  /** The number of an open file that takes the headers of what git says and hears over HTTP; credentials are blanked out. */
  readonly traceHttpTo?: number;
  /** It is the receiving side of a push: as git itself, hands on nothing that says how to read objects here. */
  readonly isReceiver?: boolean;
  /** In a hook on the server: objects that were pushed and are not let in yet are read too, from where git keeps them apart. */
  readonly readsIncoming?: boolean;
}

/** Everything else that begins with `GIT_` would point git at another repository, index, author or trace file. */
const keptVariables: readonly (string | RegExp)[] = [
  /^GIT_SSL_/,
  /^GIT_PROXY_/,
  /^GIT_HTTP_/,
  'GIT_SSH',
  'GIT_SSH_COMMAND',
  'GIT_SSH_VARIANT',
  'GIT_ASKPASS',
  // Where git itself and its configuration files are.
  'GIT_EXEC_PATH',
  'GIT_CONFIG_GLOBAL',
  'GIT_CONFIG_SYSTEM',
  'GIT_CONFIG_NOSYSTEM',
];

/** How git tells hooks where the objects of the push are. */
const incomingVariables: readonly string[] = [
  'GIT_OBJECT_DIRECTORY',
  'GIT_ALTERNATE_OBJECT_DIRECTORIES',
  'GIT_QUARANTINE_PATH',
];

/** The variables for a git process. `base` is usually `process.env`; it is not changed. */
export function buildGitEnvironment(base: NodeJS.ProcessEnv, options: GitEnvironmentOptions = {}): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(base)) {
    const isIncoming = options.readsIncoming === true && incomingVariables.includes(name);
    if (!name.startsWith('GIT_') || isKept(name) || isIncoming) env[name] = value;
  }
  // Inherited GIT_CONFIG_* pairs are gone: what matters of them comes through `config` (HostConfig.forTransport). Handed on
  // twice, a list such as http.extraHeader would send its token twice, which servers refuse.
  const config = options.config ?? [];
  env.GIT_CONFIG_COUNT = String(config.length);
  config.forEach(([key, value], index) => {
    env[`GIT_CONFIG_KEY_${index}`] = key;
    env[`GIT_CONFIG_VALUE_${index}`] = value;
  });
  env.LC_ALL = 'C';
  env.GIT_ALLOW_PROTOCOL = 'file:ssh:http:https:git';
  if (!options.isReceiver) env.GIT_NO_REPLACE_OBJECTS = '1';
  env.GIT_TERMINAL_PROMPT = options.interactive ? '1' : '0';
  if (!options.interactive) env.GCM_INTERACTIVE = 'never'; // Git Credential Manager opens windows otherwise
  if (options.traceHttpTo !== undefined) {
    env.GIT_TRACE_CURL = String(options.traceHttpTo);
    env.GIT_TRACE_CURL_NO_DATA = '1';
  }
  return env;
}

function isKept(name: string): boolean {
  return keptVariables.some((kept) => (typeof kept === 'string' ? kept === name : kept.test(name)));
}
