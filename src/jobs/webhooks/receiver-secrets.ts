import { parseWebhookSecret } from './sign-webhook.ts';
import type { OffloadWebhook, WebhooksConfig } from './webhooks-config.ts';

/** The secrets that a host knows: of the first rule that names it, or those of all; empty: it knows none. */
export function secretsOfHost(
	{ receivers, secrets }: Pick<WebhooksConfig, 'receivers' | 'secrets'>,
	host: string,
): readonly string[] {
	const name = host.toLowerCase().replace(/\.$/, '');
	return receivers.find((rule) => isNamed(rule.host, name))?.secrets ?? secrets;
}

/** The secrets of a URL that the route names; empty: it does not, or any more. */
export const secretsOfUrl = (webhook: OffloadWebhook | null, url: string): readonly string[] =>
	webhook?.url === url ? webhook.secrets : [];

/** `*.example.com` names all below it, not itself. */
const isNamed = (rule: string, host: string): boolean =>
	rule.startsWith('*.') ? host.endsWith(rule.slice(1)) && host.length > rule.length - 1 : rule === host;

/** As they sign. */
export const signingKeys = (secrets: readonly string[]): Buffer[] =>
	secrets.flatMap((text) => parseWebhookSecret(text) ?? []);
