import type { FastifyRequest } from 'fastify';
import { isObject } from '../lib/json.ts';
import { bodyValue } from './request.ts';

/**
 * A parameter as the reference platform's client gives it: in the query and as a header, under any of
 * these names. Undefined where it is empty.
 */
export function parameter(
  { query, headers }: FastifyRequest,
  ...names: readonly string[]
): string | undefined {
  const given = names.flatMap((name) => [
    (query as Readonly<Record<string, unknown>>)[name],
    headers[name.toLowerCase()],
  ]);
  return given.flat().find((it): it is string => typeof it === 'string' && it !== '');
}

/** Whether a switch is on. */
export function isOn(request: FastifyRequest, ...names: readonly string[]): boolean {
  return ['true', '1', 'yes'].includes((parameter(request, ...names) ?? '').toLowerCase());
}

/** The number that a parameter says, within bounds; undefined where it is no whole number from 1. */
export function numberIn(request: FastifyRequest, most: number, name: string): number | undefined {
  const text = parameter(request, name) ?? '';
  if (!/^\d{1,9}$/.test(text) || Number(text) < 1) return undefined;
  return Math.min(Number(text), most);
}

/** What somebody says to a client: a parameter, `prompt` of the body, or the last message of a conversation. */
export function promptText(request: FastifyRequest): string {
  const body = bodyValue(request.body);
  const said = parameter(request, 'prompt');
  if (said !== undefined || !isObject(body)) return said ?? '';
  const { prompt, messages } = body;
  if (typeof prompt === 'string') return prompt;
  const last: unknown = Array.isArray(messages) ? messages.at(-1) : undefined;
  return isObject(last) && typeof last['content'] === 'string' ? last['content'] : '';
}
