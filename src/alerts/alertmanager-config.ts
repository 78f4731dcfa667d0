import { stringify } from 'yaml';
import type { ChannelConfig } from './channel-config.ts';
import { GROUP_WAIT_MS } from './notices.ts';
import { promDuration } from './promql.ts';
import type { AlertRule } from './rule.ts';

/**
 * A ready alertmanager.yml with the same receivers, groups and inhibitions. Secrets are read by Alertmanager
 * itself from files of `secretFolder`: none stands in the text. Channels that it does not know are left out.
 */
export function alertmanagerConfig(
	rules: readonly AlertRule[],
	channels: readonly ChannelConfig[],
	secretFolder = '/etc/alertmanager/secrets',
): { text: string; left: string[]; secretFiles: string[] } {
	const secretFiles: string[] = [];
	const secretFile = (name: string) => {
		const file = `${secretFolder}/${name}`;
		secretFiles.push(file);
		return file;
	};
	const receivers = channels.flatMap((channel) => {
		const form = receiverForm(channel, secretFile);
		return form === null ? [] : [{ name: channel.name, ...form }];
	});
	const known = receivers.map(({ name }) => name);
	const config = {
		route: {
			receiver: 'nobody',
			group_by: ['alertname', 'service'],
			group_wait: promDuration(GROUP_WAIT_MS),
			group_interval: '1m',
			repeat_interval: '4h',
			routes: routesOf(rules, known),
		},
		inhibit_rules: rules
			.filter(({ inhibits }) => inhibits.length > 0)
			.map(({ name, inhibits }) => ({
				source_matchers: [`alertname = ${quoted(name)}`],
				target_matchers: [`alertname =~ ${quoted(inhibits.join('|'))}`],
				equal: ['service'],
			})),
		receivers: [{ name: 'nobody' }, ...receivers],
	};
	return {
		text: stringify(config, { lineWidth: 0 }),
		left: channels.map(({ name }) => name).filter((name) => !known.includes(name)),
		secretFiles,
	};
}

/** Those that name channels first; the others go to all, but for what is only shown. */
function routesOf(rules: readonly AlertRule[], known: readonly string[]): unknown[] {
	const named = rules.filter(({ notify }) => notify !== null);
	const own = named.flatMap(({ name, notify, repeatMs }) => {
		const receivers = (notify ?? []).filter((one) => known.includes(one));
		const matchers = [`alertname = ${quoted(name)}`];
		const last = { matchers, receiver: 'nobody' };
		return [
			...receivers.map((receiver) => ({ matchers, receiver, continue: true, repeat_interval: promDuration(repeatMs) })),
			last,
		];
	});
	return [
		...own,
		{ matchers: ['severity = "info"'], receiver: 'nobody' },
		...known.map((receiver) => ({ receiver, continue: true })),
	];
}

const quoted = (text: string) => JSON.stringify(text);

/** null: Alertmanager has nothing of the kind. */
function receiverForm(
	{ name, to, secrets }: ChannelConfig,
	secretFile: (name: string) => string,
): Record<string, unknown> | null {
	switch (to.type) {
		case 'slack':
			return { slack_configs: [{ api_url_file: secretFile(`${name}.url`), send_resolved: true }] };
		case 'pagerduty':
			return { pagerduty_configs: [{ routing_key_file: secretFile(`${name}.key`), send_resolved: true }] };
		case 'webhook':
			// Its version here has no file for a URL, nor fields of its own.
			return secrets.includes(to.url) ? null : { webhook_configs: [{ url: to.url, send_resolved: true }] };
		case 'email': {
			const { host, port, tls, login } = to.server;
			const said =
				login === null ? {} : { auth_username: login.user, auth_password_file: secretFile(`${name}.password`) };
			return {
				email_configs: [
					{
						to: to.to.join(', '),
						from: to.from,
						smarthost: `${host}:${port}`,
						require_tls: tls !== 'none',
						send_resolved: true,
						...said,
					},
				],
			};
		}
		default:
			return null;
	}
}
