#!/usr/bin/env node
import { version } from './cli/version.ts';
import { armFailpoint, failpointVariable } from './lib/failpoint.ts';

// Asked for often and by machines, so it is answered before anything else is loaded.
if (process.argv[2] === '--version' && process.argv.length === 3) {
  process.stdout.write(`plumbline ${version()}\n`);
} else {
  armFailpoint(process.env[failpointVariable]);
  const { main } = await import('./cli/cli.ts');
  process.exitCode = await main(process.argv.slice(2));
}
