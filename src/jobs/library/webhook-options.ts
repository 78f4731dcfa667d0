/** `webhooks` of `openJobs`, checked. */
import { isPlainHost, isReachable } from '../webhooks/config-words.ts';
import { parseWebhookSecret } from '../webhooks/sign-webhook.ts';
import { WebhookJudge } from '../webhooks/webhook-rules.ts';
import {
	WEBHOOK_CONCURRENCY,
	WEBHOOK_PAUSES_MS,
	WEBHOOK_PER_HOST,
	WEBHOOK_TIME_LIMIT_MS,
	type WebhooksConfig,
} from '../webhooks/webhooks-config.ts';
import { DAY_MS, duration, refuseUnknown, whole } from './option-checks.ts';

export interface WebhookOptions {
	/** `whsec_` and base64 of 24 to 64 bytes, of receivers without one of their own; each of several signs. */
	secret?: string | readonly string[];
	/** Hosts with secrets of their own, `*.example.com` all below it; the first that fits holds. */
	receivers?: readonly { host: string; secret: string | readonly string[] }[];
	/** Addresses, ranges and names that are not public, and may be called all the same. Default none. */
	allow?: readonly string[];
	/** Hosts that may be called by http, with a port or without. Default none. */
	http?: readonly string[];
	/** Ports that a URL may name. Default 443. */
	ports?: readonly number[];
	/** Most time for one call, 100ms to 1m; default `20s`. */
	timeLimit?: string;
	/** Pauses before the second try, the third and so on, each to 7d. Default: 10 tries over three days. */
	retries?: readonly string[];
	/** Most calls under way, 1 to 1000; default 32. */
	concurrency?: number;
	/** To one host, 1 to 1000; default 4. */
	perHost?: number;
	/** Told when nobody will be told of an end; default: nobody is. */
	onGivenUp?: (of: { id: string; why: string }) => void;
}

export interface WebhookOptionsChecked {
	config: WebhooksConfig;
	judge: WebhookJudge;
	onGivenUp: NonNullable<WebhookOptions['onGivenUp']>;
}

const KNOWN = [
	'secret',
	'receivers',
	'allow',
	'http',
	'ports',
	'timeLimit',
	'retries',
	'concurrency',
	'perHost',
	'onGivenUp',
];

/** Throws a TypeError that names the option and what is accepted. */
export function checkWebhookOptions(options: WebhookOptions): WebhookOptionsChecked {
	refuseUnknown(options, KNOWN);
	const { secret, receivers = [], allow = [], http = [], ports = [443], retries, onGivenUp = () => {} } = options;
	const { timeLimit, concurrency = WEBHOOK_CONCURRENCY, perHost = WEBHOOK_PER_HOST } = options;
	if (secret === undefined && receivers.length === 0) throw new TypeError('webhooks: expected `secret` or `receivers`');
	for (const one of allow) if (!isReachable(one)) throw new TypeError('allow: expected addresses, ranges or names');
	for (const one of http)
		if (!isPlainHost(one)) throw new TypeError('http: expected hosts such as hooks.internal:8080');
	const config: WebhooksConfig = {
		secrets: secret === undefined ? [] : secretsOf('secret', secret),
		receivers: receivers.map((one) => ({
			host: String(one.host).toLowerCase(),
			secrets: secretsOf('receivers', one.secret),
		})),
		rules: { allow, http, ports: ports.map((port) => whole('ports', port, [1, 65_535])) },
		timeLimitMs: timeLimit === undefined ? WEBHOOK_TIME_LIMIT_MS : duration('timeLimit', timeLimit, [100, 60_000]),
		pausesMs: retries?.map((pause) => duration('retries', pause, [1, 7 * DAY_MS])) ?? WEBHOOK_PAUSES_MS,
		concurrency: whole('concurrency', concurrency, [1, 1000]),
		perHost: whole('perHost', perHost, [1, 1000]),
	};
	return { config, judge: new WebhookJudge(config.rules), onGivenUp };
}

function secretsOf(option: string, said: string | readonly string[]): string[] {
	const secrets = [said].flat();
	// Not shown: it may be nearly one.
	if (secrets.some((one) => typeof one !== 'string' || parseWebhookSecret(one) === null))
		throw new TypeError(`${option}: expected \`whsec_\` and base64 of 24 to 64 bytes`);
	return secrets;
}
