/** Channels: which keys belong to which kind, and their secrets. */
import { CHANNEL_TYPES, type ChannelConfig, type ChannelTarget, type ChannelType } from '../alerts/channel-config.ts';
import { TEMPLATE_FIELDS } from '../alerts/channels/alert-text.ts';
import { PAGERDUTY_URL } from '../alerts/channels/pagerduty.ts';
import { type ChannelInput, type ChannelsInput, DEFAULT_RATE } from '../alerts/config.ts';
import { complainOfTemplate } from '../alerts/template.ts';
import { splitWords } from '../instances/words.ts';
import type { Place } from './scope.ts';
import { type Entry, type EntryTypes, headersOf, typeOfEntry } from './typed-entry.ts';

type Key = Exclude<keyof ChannelInput, 'type' | 'rate'>;

const KEYS: Readonly<Record<ChannelType, readonly [must: readonly Key[], may: readonly Key[]]>> = {
	webhook: [['url'], ['headers']],
	slack: [['url'], ['template']],
	pagerduty: [['key'], ['url']],
	email: [
		['host', 'from', 'to'],
		['port', 'tls', 'user', 'password', 'template'],
	],
	alertmanager: [['url'], ['headers']],
	command: [['run'], []],
};
const TYPES: EntryTypes<ChannelType> = { noun: 'channel', types: CHANNEL_TYPES, keys: KEYS };

export function resolveChannels(input: ChannelsInput, place: Place): ChannelConfig[] {
	return Object.entries(input).flatMap(([name, one]) => {
		const at = place.at(name);
		const type = typeOfEntry(name, TYPES, { input: one, place: at });
		if (type === null) return [];
		const secrets: string[] = [];
		const to = targetOf(type, { input: one, place: at, secrets });
		return to === null ? [] : [{ name, perMinute: one.rate ?? DEFAULT_RATE, to, secrets: [...new Set(secrets)] }];
	});
}

function targetOf(type: ChannelType, one: Entry<ChannelInput>): ChannelTarget | null {
	const { input, place, secrets } = one;
	const template = templateOf(input.template, place.at('template'));
	if (type === 'command') return { type, command: commandOf(input.run, place.at('run')), cwd: place.scope.file('.') };
	if (type === 'email') return emailOf(one, template);
	if (type === 'pagerduty') {
		const key = input.key === undefined ? undefined : place.at('key').secret(input.key);
		const url =
			input.url === undefined ? { url: PAGERDUTY_URL, secret: false } : urlOfChannel(input.url, place.at('url'));
		if (key === undefined || url === null) return null;
		secrets.push(key, ...(url.secret ? [url.url] : []));
		return { type, key, url: url.url };
	}
	const url = urlOfChannel(input.url as NonNullable<typeof input.url>, place.at('url'));
	if (url === null) return null;
	if (url.secret) secrets.push(url.url);
	if (type === 'slack') {
		if (!url.secret)
			place
				.at('url')
				.problem('expected a reference, `{ env: NAME }` or `{ file: ./path }`: who knows this URL can write there');
		return { type, url: url.url, template };
	}
	return { type, url: url.url, headers: headersOf(one) };
}

/** null (and a problem) where it is none. `secret`: it was given by reference. */
export function urlOfChannel(
	input: NonNullable<ChannelInput['url']>,
	place: Place,
): { url: string; secret: boolean } | null {
	const secret = typeof input !== 'string';
	const url = secret ? place.secret(input) : input;
	if (url === undefined) return null;
	const parsed = URL.parse(url);
	const good = parsed !== null && /^https?:$/.test(parsed.protocol) && parsed.hash === '';
	if (!good) place.problem('expected a URL such as https://hooks.example.com/alerts');
	else if (parsed.username !== '' || parsed.password !== '')
		place.problem('expected a URL without a name and a password; `headers` can hold an Authorization by reference');
	else return { url, secret };
	return null;
}

function emailOf({ input, place, secrets }: Entry<ChannelInput>, template: string | null): ChannelTarget | null {
	const tls = input.tls ?? 'starttls';
	const password = input.password === undefined ? undefined : place.at('password').secret(input.password);
	const both = (input.user === undefined) === (input.password === undefined);
	if (!both) place.problem('expected `user` and `password`, or neither', { at: 'key' });
	if (tls === 'none' && input.password !== undefined)
		place.at('tls').problem('expected starttls or implicit: a password is not sent in the clear', { value: tls });
	if (password !== undefined) secrets.push(password);
	const port = input.port ?? { starttls: 587, implicit: 465, none: 25 }[tls];
	const login = input.user === undefined || password === undefined ? null : { user: input.user, password };
	const [host, from, to] = [input.host as string, input.from as string, [input.to as string | string[]].flat()];
	return { type: 'email', server: { host, port, tls, login }, from, to, template };
}

function commandOf(run: ChannelInput['run'], place: Place): string[] {
	if (Array.isArray(run)) return run;
	const words = splitWords(run ?? '');
	if (typeof words === 'string') {
		place.problem(words);
		return [];
	}
	return words;
}

function templateOf(template: string | undefined, place: Place): string | null {
	if (template === undefined) return null;
	const complaint = complainOfTemplate(template, TEMPLATE_FIELDS);
	if (complaint !== undefined) place.problem(complaint, { value: template });
	return template;
}
