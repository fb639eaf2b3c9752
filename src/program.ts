/* What `bundle.mjs` makes one file of, and `main.ts` runs. */
import { armFailpoint, failpointVariable } from './lib/failpoint.ts';

export { main } from './cli/cli.ts';

armFailpoint(process.env[failpointVariable]);
