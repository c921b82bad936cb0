/**
 *     npm run storm -- --seed 1 --transport file --clients 6 --kill 0.25 --operations 5000 --minutes 30
 *
 * Prints what happened and what the checker says of it; exits with 1 when there is a violation.
 */
import { parseSettings } from './settings.ts';
import { runStorm } from './storm.ts';

const settings = parseSettings(process.argv.slice(2));
console.log(JSON.stringify(settings));
const report = await runStorm(settings, (line) => console.log(`  ${line}`));
const { check, complaints, answers, ...figures } = report;
console.log(JSON.stringify({ ...figures, answers, judged: check.judged }, null, 2));
for (const line of complaints) console.log(`complaint: ${line}`);
for (const { rule, message, ...where } of check.violations)
  console.log(`violation of rule ${rule}: ${message} ${JSON.stringify(where)}`);
console.log(`${check.violations.length} violations, ${complaints.length} complaints`);
process.exitCode = check.violations.length + complaints.length > 0 ? 1 : 0;
