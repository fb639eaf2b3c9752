import { valueAt } from '../../lib/json.ts';
import type { Manifest } from '../../manifest/manifest.ts';

/**
 * The label a client is reached by: its subdomain, or its name with hyphens for underscores. A name
 * is at most 50 characters of `[a-z0-9_]`, so the label always is a valid one of at most 63.
 */
export function hostLabelOf(manifest: Manifest): string {
  const subdomain = valueAt(manifest.spec, 'config.subdomain');
  return typeof subdomain === 'string' ? subdomain : manifest.metadata.name.replaceAll('_', '-');
}
