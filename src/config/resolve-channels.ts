/** Channels: which keys belong to which kind, and their secrets. */
import { CHANNEL_TYPES, type ChannelConfig, type ChannelTarget, type ChannelType } from '../alerts/channel-config.ts';
import { TEMPLATE_FIELDS } from '../alerts/channels/alert-text.ts';
import { PAGERDUTY_URL } from '../alerts/channels/pagerduty.ts';
import { type ChannelInput, type ChannelsInput, DEFAULT_RATE } from '../alerts/config.ts';
import { complainOfTemplate } from '../alerts/template.ts';
import { closest } from '../core/closest.ts';
import { orList } from '../core/or-list.ts';
import { splitWords } from '../instances/words.ts';
import type { Place } from './scope.ts';

type Key = Exclude<keyof ChannelInput, 'type' | 'rate'>;

/** What must be there, then what may. */
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

export function resolveChannels(input: ChannelsInput, place: Place): ChannelConfig[] {
	return Object.entries(input).flatMap(([name, one]) => {
		const at = place.at(name);
		if (!/^[a-z][a-z0-9_-]{0,62}$/i.test(name))
			at.problem('expected a name of letters, digits, `_` and `-`, a letter first, at most 63', { at: 'key' });
		const type = typeOf(name, one, at);
		if (type === null || !checkKeys(type, one, at)) return [];
		const secrets: string[] = [];
		const to = targetOf(type, { input: one, place: at, secrets });
		return to === null ? [] : [{ name, perMinute: one.rate ?? DEFAULT_RATE, to, secrets: [...new Set(secrets)] }];
	});
}

const isType = (name: string): name is ChannelType => (CHANNEL_TYPES as readonly string[]).includes(name);

function typeOf(name: string, { type }: ChannelInput, place: Place): ChannelType | null {
	if (type !== undefined) return type;
	if (isType(name)) return name;
	if (place.at('type').isCut()) return null;
	const near = closest(name, CHANNEL_TYPES);
	place.problem(
		`expected a \`type\`, since the name is none of ${orList(CHANNEL_TYPES)}${near === undefined ? '' : `; did you mean \`${near}\`?`}`,
		{ at: 'key' },
	);
	return null;
}

function checkKeys(type: ChannelType, input: ChannelInput, place: Place): boolean {
	const [must, may] = KEYS[type];
	const given = Object.keys(input).filter((key): key is Key => key !== 'type' && key !== 'rate');
	for (const key of given) {
		if (must.includes(key) || may.includes(key)) continue;
		place
			.at(key)
			.problem(`expected nothing here: a channel of type ${type} takes ${[...must, ...may].join(', ')}`, { at: 'key' });
	}
	const missing = must.filter((key) => input[key] === undefined);
	if (missing.length > 0 && !place.lostKey())
		place.problem(`expected ${missing.map((key) => `\`${key}\``).join(' and ')}: a channel of type ${type} needs it`, {
			at: 'key',
		});
	return missing.length === 0;
}

interface Input {
	input: ChannelInput;
	place: Place;
	/** Filled with all that must not be shown. */
	secrets: string[];
}

function targetOf(type: ChannelType, one: Input): ChannelTarget | null {
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

function headersOf({ input, place, secrets }: Input): [string, string][] {
	return Object.entries(input.headers ?? {}).flatMap(([name, value]) => {
		const at = place.at('headers', name);
		if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}$/.test(name))
			at.problem('expected the name of a header field', { at: 'key' });
		const text = typeof value === 'object' ? at.secret(value) : String(value);
		if (text === undefined) return [];
		if (!/^[\t\x20-\x7e]*$/.test(text)) {
			at.problem('expected text of ASCII on one line');
			return [];
		}
		// Whatever stands in a field may be a token.
		if (text !== '') secrets.push(text);
		return [[name, text] satisfies [string, string]];
	});
}

function emailOf({ input, place, secrets }: Input, template: string | null): ChannelTarget | null {
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
