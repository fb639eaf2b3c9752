#!/usr/bin/env node
import { load } from './bundle.ts';
import { version } from './cli/version.ts';

// Asked for often and by machines, so it is answered before anything else is loaded.
if (process.argv[2] === '--version' && process.argv.length === 3)
  process.stdout.write(`plumbline ${version()}\n`);
else process.exitCode = await load('program').exports.main(process.argv.slice(2));
