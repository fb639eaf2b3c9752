import type { Kind } from '../../manifest/kind.ts';
import { addressesOf, dnsStatusOf } from './addresses.ts';
import { hostLabelOf } from './host-label.ts';
import { fields, tables } from './record.ts';
import { example, spec } from './schema.ts';

export const llmClient: Kind = {
  name: 'LLMClient',
  space: 'llm_client',
  aliases: ['llm-client', 'llm_client', 'client', 'chatbot'],
  summary: 'A chatbot or agent: its model, its prompt, its tools and who may call it',
  spec,
  legacy: ['metadata.author', 'spec.config.dnsVerificationStatus'],
  fields,
  tables,
  deployment: 'spec.config.deployed',
  verbs: ['logs', 'prompt'],
  listed: [
    { name: 'url', type: 'ReadOnlyField' },
    { name: 'dnsVerificationStatus', type: 'ChoiceField' },
    { name: 'deployed', type: 'BooleanField' },
  ],
  derive: (manifest) => ({ host_label: hostLabelOf(manifest) }),
  serverColumns: {
    host_label: 'text',
    dns_verification_status: 'text',
    tls_certificate_issuance_status: 'text',
  },
  status: (record, platform) => ({
    hostLabel: String(record.columns['host_label']),
    ...addressesOf(record, platform),
    dnsVerificationStatus: dnsStatusOf(record),
    tlsCertificateIssuanceStatus: String(
      record.columns['tls_certificate_issuance_status'] ?? 'No Certificate',
    ),
  }),
  example,
};
