#!/usr/bin/env node
import { load } from './bundle.ts';
import { version } from './cli/version.ts';

start(process.argv.slice(2));

function start(words: readonly string[]): void {
  // Asked for often and by machines, so it is answered before anything else is loaded.
  if (words.length === 1 && words[0] === '--version')
    process.stdout.write(`plumbline ${version()}\n`);
  else
    void load('program')
      .exports.main(words)
      .then((exit) => {
        process.exitCode = exit;
      });
}
