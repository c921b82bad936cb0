/** The entry of the command: it connects the command line and the other surfaces with the process, and knows nothing else. */
import { runOnProcess } from '../cli/run-on-process.ts';

void runOnProcess({ mcp: async (options) => (await import('../mcp/serve.ts')).serveMcp(options) });
