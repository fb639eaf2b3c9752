import { isObject, valueAt } from '../../lib/json.ts';
import type { KindProblem } from '../../manifest/kind.ts';
import type { Manifest } from '../../manifest/manifest.ts';

const credential = /^(?:proxy-)?authorization$|^cookie$|(?:api|access|auth)[-_]?(?:key|token)$/i;

/** A header that signs in belongs to the connection, whose key is a Secret. */
export function checkHeaders(manifest: Manifest): readonly KindProblem[] {
  const headers = valueAt(manifest, 'spec.apiData.headers');
  if (!Array.isArray(headers)) return [];
  return headers.flatMap((header, index): KindProblem[] => {
    const name = isObject(header) ? String(header['name']) : '';
    if (!credential.test(name)) return [];
    return [
      {
        severity: 'warning',
        path: `spec.apiData.headers.${index}.name`,
        message: 'this header signs in, and a manifest is no place for secrets',
        hint: "put the key into a Secret and name that as the connection's apiKey",
      },
    ];
  });
}
