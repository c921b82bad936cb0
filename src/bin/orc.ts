/** The entry of the command: it connects the command line with the process, and knows nothing else. */
import { runOnProcess } from '../cli/run-on-process.ts';

void runOnProcess();
