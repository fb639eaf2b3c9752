import * as z from 'zod';
import { valueAt } from '../lib/json.ts';
import type { KindProblem } from '../manifest/kind.ts';
import type { Manifest } from '../manifest/manifest.ts';

/** The path part of an address, with placeholders in braces. */
export function urlPath() {
  return z
    .string()
    .max(255, { error: 'must be at most 255 characters', abort: true })
    .regex(
      /^[A-Za-z0-9/_\-{}]+$/,
      'must be a path of letters, digits, hyphens, underscores and {placeholders}, without a query',
    );
}

/** Paths begin and end with a slash. They are never completed here, because values are never rewritten. */
export function checkSlashes(manifest: Manifest, path: string): readonly KindProblem[] {
  const value = valueAt(manifest, path);
  if (typeof value !== 'string' || /^\/[^/].*\/$/.test(value)) return [];
  const inner = value.replace(/^\/+|\/+$/g, '');
  return [
    {
      severity: 'error',
      path,
      message: 'a path must begin and end with one slash and have something between them',
      hint: inner === '' ? 'write a path such as /v1/items/' : `write /${inner}/`,
    },
  ];
}
