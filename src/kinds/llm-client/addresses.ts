import { hashedId } from '../../lib/hashed-id.ts';
import { type JsonObject, valueAt } from '../../lib/json.ts';
import type { Platform } from '../../manifest/kind.ts';
import { isServed, type LiveRecord } from '../../manifest/record.ts';

/** Whether the platform has found the custom domain to be the customer's; no manifest says so. */
export function dnsStatusOf({ columns }: LiveRecord): string {
  return String(columns['dns_verification_status'] ?? 'Not Verified');
}

/**
 * Where a client is reached, by the formulas of the reference platform, with the names of its status.
 * While it is served that is the address that its endpoint has named, else its verified custom
 * domain, else the default; otherwise it is the sandbox. Where no platform is configured nothing can
 * be derived, and only what the endpoint has named is told.
 */
export function addressesOf(record: LiveRecord, platform: Platform): JsonObject {
  const { scheme, domain } = platform;
  const named = isServed(record) ? (record.endpoint?.url ?? undefined) : undefined;
  if (domain === undefined) return named === undefined ? {} : { url: named };
  const label = String(record.columns['host_label']);
  const account = hostPart(platform.accountNumber ?? record.key.account);
  const apiDomain = platform.apiDomain ?? `api.${domain}`;
  const defaultHost = `${label}.${account}.${apiDomain}`;
  const customHost = customHostOf(record, label);
  const urlOf = (host: string) => `${scheme}://${host}/`;
  const root = urlOf(domain);
  const id = hashedId(record.id);
  const sandboxUrl = `${root}workbench/llm-clients/${id}/`;
  const host = isServed(record) ? (customHost ?? defaultHost) : domain;
  const url = isServed(record) ? (named ?? urlOf(host)) : sandboxUrl;
  return {
    defaultHost,
    defaultUrl: urlOf(defaultHost),
    customUrl: customHost === undefined ? null : urlOf(customHost),
    sandboxHost: domain,
    sandboxUrl,
    hostname: URL.canParse(url) ? new URL(url).host : host,
    url,
    urlLLMClient: `${root}api/v1/llm-clients/${id}/prompt/`,
    urlChatapp: `${root}workbench/llm-clients/${id}/prompt/`,
    urlChatConfig: `${root}api/v1/llm-clients/${id}/config/`,
  };
}

/** The host at the customer's own domain, once that is verified. */
function customHostOf(record: LiveRecord, label: string): string | undefined {
  const domain = valueAt(record.manifest, 'spec.config.customDomain.domain_name');
  return typeof domain === 'string' && dnsStatusOf(record) === 'Verified'
    ? `${label}.${domain}`
    : undefined;
}

/** An account's name as a part of a host name. */
function hostPart(account: string): string {
  return account.toLowerCase().replaceAll('_', '-');
}
