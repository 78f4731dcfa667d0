/**
 * Where a service's instances come from. Import the types only where zod
 * must not be loaded.
 */
import { isIP } from 'node:net';
import { z } from 'zod';
import { duration, key, list, map, notEmpty, object, oneOf, required, text, valueOrReference } from '../core/schema.ts';
import { type AwsConfig, awsForm } from './aws/config.ts';
import { type AzureConfig, azureForm } from './azure/config.ts';
import { type GcpConfig, gcpForm } from './gcp/config.ts';

/** One fixed address. `host` is a name or an address without brackets; `weight` 1 is normal. */
export interface UrlInstance {
	host: string;
	port: number;
	tls: boolean;
	weight: number;
}

export interface UrlsConfig {
	kind: 'urls';
	urls: UrlInstance[];
}

export interface DnsConfig {
	kind: 'dns';
	name: string;
	port: number;
	tls: boolean;
	/** Between two look-ups, ms. */
	resolveMs: number;
	family: 'any' | 4 | 6;
	/** `ip:port` of the resolver; null: the system's. */
	resolver: string | null;
}

/** What an instance is given. null: not bounded. */
export interface InstanceSize {
	/** Cores. */
	cpu: number | null;
	memoryBytes: number | null;
}

export interface RunConfig {
	kind: 'run';
	/** argv; no shell is between. */
	command: string[];
	/** Absolute. */
	cwd: string;
	/** Added to Ballast's own environment; secrets are already resolved: never print it. */
	env: Record<string, string>;
	/** Names in `env` whose values came from a reference. */
	secretEnv: string[];
	/** The user that the instances run as; null: Ballast's own. */
	user: string | null;
	/** From SIGTERM to SIGKILL, ms. */
	graceMs: number;
	/** Most time from start to first ready, ms. */
	startMs: number;
	/** Name of the environment variable that tells an instance its port. */
	portEnv: 'PORT';
	/** What each instance is given: of the pool's `scale`. Default: nothing is bounded. */
	size?: InstanceSize;
}

export type InstancesConfig = UrlsConfig | DnsConfig | RunConfig | AwsConfig | AzureConfig | GcpConfig;

export const weight = z
	.number({ error: 'expected a weight from 0.001 to 1000' })
	.min(0.001, { error: 'expected a weight from 0.001 to 1000' })
	.max(1000, { error: 'expected a weight from 0.001 to 1000' });

const url = text('a URL such as http://10.0.0.5:8080', complainOfUrl, 'URL');

const urlForm = oneOf(
	[
		url,
		object({
			url: required(url, 'Address of the instance: scheme, host and port.', {
				example: 'http://10.0.0.5:8080',
			}),
			weight: key(weight, 'Its share of the requests; 2 takes twice as many as 1.', { default: 1, example: 2 }),
		}),
	],
	'a URL such as http://10.0.0.5:8080, or { url, weight }',
);

const urlsForm = object({
	urls: required(
		oneOf([url, list(urlForm, 'URLs')], 'a URL or a list of URLs'),
		'Instances at fixed addresses, run by somebody else.',
		{
			example: ['http://10.0.0.5:8080', { url: 'http://10.0.0.6:8080', weight: 2 }],
		},
	),
});

const dnsForm = object({
	dns: required(
		text('a name with its port, such as api.internal:8080 or https://api.internal', complainOfDnsName, 'name:port'),
		'Instances behind a name: each of its A and AAAA records is one. `https://` speaks TLS to them.',
		{ example: 'api.internal:8080' },
	),
	resolve: key(duration(500, 3_600_000), 'Time between two look-ups. A look-up that fails changes nothing.', {
		default: '5s',
		example: '30s',
	}),
	family: key(
		z.literal(['any', 4, 6], {
			error: 'expected any, 4 or 6',
		}),
		'Which addresses to take.',
		{ default: 'any', example: 4 },
	),
	resolver: key(
		text('an address and port such as 10.0.0.2:53', complainOfResolver, 'address:port'),
		'The name server to ask.',
		{
			defaultText: "the system's",
			example: '10.0.0.2:53',
		},
	),
});

const word = text('text', notEmpty('text that is not empty'));

const runForm = object({
	run: required(
		oneOf(
			[text('a command', complainOfCommand, 'command'), list(word, 'words')],
			'a command such as `node server.js`, or a list of its words',
		),
		'The command that starts one instance. It is split into words as a shell does (quotes, backslash); there is no shell between. Each instance gets a `PORT` of its own to listen on, and `BALLAST_INSTANCE`.',
		{ example: 'node server.js' },
	),
	cwd: key(text('a folder', notEmpty('a folder'), 'path'), 'Folder to start it in, from the folder of the file.', {
		defaultText: 'the folder of the file',
		example: './api',
	}),
	env: key(
		map(valueOrReference, 'names and values'),
		'Environment variables, added to those of Ballast (of which an instance of another `user` gets only PATH, LANG, NODE_ENV and their like). A secret stands here only by reference.',
		{
			default: {},
			example: {
				LOG_LEVEL: 'info',
				TOKEN: { file: './token' },
				KEY: { env: 'API_KEY' },
			},
		},
	),
	user: key(
		text('the name of a user', notEmpty('the name of a user')),
		'User to run it as. Ballast must be root for it.',
		{
			defaultText: 'the user of Ballast',
			example: 'www-data',
		},
	),
	grace: key(duration(0), 'Time that an instance has to end by itself before it is killed.', {
		default: '30s',
		example: '10s',
	}),
	start: key(duration(100), 'Most time from its start until it is ready.', {
		default: '60s',
		example: '2m',
	}),
});

export const instancesSchema = oneOf(
	[url, list(urlForm, 'URLs'), urlsForm, dnsForm, runForm, awsForm, azureForm, gcpForm],
	'one of { run: … }, { urls: […] }, { dns: … }, { aws: … }, { azure: … } or { gcp: … }',
);

export type InstancesInput = z.input<typeof instancesSchema>;

const HOST = /^(?:\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?)$/i;

/** `http://10.0.0.5:8080` → where it is; a sentence when it is no such URL. The port defaults to 80 and 443. */
export function parseInstanceUrl(value: string): Omit<UrlInstance, 'weight'> | string {
	const expected = 'expected a URL such as http://10.0.0.5:8080';
	const found = /^(https?):\/\/([^/?#]*)(.*)$/i.exec(value);
	if (found === null) {
		return parseHostPort(value) === undefined ? expected : `${expected}; write \`http://${value}\``;
	}
	const [, scheme = '', authority = '', rest = ''] = found;
	if (authority.includes('@'))
		return `${expected}, without user and password; set an Authorization header by reference instead`;
	if (rest !== '' && rest !== '/') return `${expected}, without a path; use \`rewrite\` or \`strip\` to change paths`;
	const tls = scheme.toLowerCase() === 'https';
	const at = parseHostPort(authority, tls ? 443 : 80);
	return at === undefined ? `${expected}; \`${authority}\` is no host and port` : { ...at, tls };
}

/** `api.internal:8080`, `https://api.internal` → the name to look up; a sentence when it is none. */
export function parseDnsName(value: string): Pick<DnsConfig, 'name' | 'port' | 'tls'> | string {
	const expected = 'expected a name with its port, such as api.internal:8080 or https://api.internal';
	const found = parseInstanceUrl(/^https?:\/\//i.test(value) ? value : `http://${value}`);
	if (typeof found === 'string') return expected;
	if (!/^https?:\/\//i.test(value) && !/:\d+$/.test(value)) return `${expected}; \`${value}\` says no port`;
	if (isIP(found.host) !== 0) return `${expected}; \`${found.host}\` is an address: use \`urls\``;
	return { name: found.host, port: found.port, tls: found.tls };
}

/** `10.0.0.2`, `10.0.0.2:53`, `[fd00::2]:53` → `ip:port`; undefined when it is none. */
export function parseResolver(value: string): string | undefined {
	if (isIP(value) === 6) return `[${value}]:53`;
	const at = parseHostPort(value, 53);
	if (at === undefined || isIP(at.host) === 0) return undefined;
	return isIP(at.host) === 6 ? `[${at.host}]:${at.port}` : `${at.host}:${at.port}`;
}

/** A host without brackets and a port from 1 to 65535; undefined when it is neither, or no port is there and none is given. */
function parseHostPort(value: string, defaultPort?: number): { host: string; port: number } | undefined {
	const found = /^(\[[^\]]*\]|[^:[\]]*)(?::(\d{1,5}))?$/.exec(value);
	if (found === null || !HOST.test(found[1] as string)) return undefined;
	const host = (found[1] as string).replace(/^\[|\]$/g, '').toLowerCase();
	const port = found[2] === undefined ? defaultPort : Number(found[2]);
	if (port === undefined || port < 1 || port > 65_535) return undefined;
	const numeric = /^[\d.]+$/.test(host) || found[1]?.startsWith('[');
	return numeric && isIP(host) === 0 ? undefined : { host, port };
}

/**
 * Splits a command into words as a POSIX shell does: blanks part them, '…' keeps all, "…" keeps all
 * but `\` before `"`, `\`, `$` and a backquote; `\` keeps the next character. A sentence when a quote
 * is not closed, or when it uses what only a shell has.
 */
export function splitWords(command: string): string[] | string {
	const words: string[] = [];
	let word: string | null = null;
	for (let at = 0; at < command.length; at++) {
		const char = command[at] as string;
		if (/\s/.test(char)) {
			if (word !== null) words.push(word);
			word = null;
		} else if (char === "'" || char === '"') {
			const part = quotedPart(command, at);
			if (part === undefined) return `expected a command whose quotes are closed; ${char} is open`;
			word = (word ?? '') + part.text;
			at = part.end;
		} else if (char === '\\') {
			if (at + 1 === command.length) return 'expected a command; a single `\\` stands at its end';
			word = (word ?? '') + command[++at];
		} else if ('|&;<>()$`'.includes(char)) {
			return `expected a plain command: there is no shell that would read \`${char}\`; quote it, or write run: [sh, -c, '…']`;
		} else {
			word = (word ?? '') + char;
		}
	}
	if (word !== null) words.push(word);
	return words[0] ? words : 'expected a command such as `node server.js`';
}

function quotedPart(command: string, start: number): { text: string; end: number } | undefined {
	const quote = command[start];
	let text = '';
	for (let at = start + 1; at < command.length; at++) {
		const char = command[at] as string;
		if (char === quote) return { text, end: at };
		const escapes = quote === '"' && char === '\\' && '"\\$`'.includes(command[at + 1] ?? ' ');
		text += escapes ? command[++at] : char;
	}
	return undefined;
}

function complainOfUrl(value: string): string | undefined {
	const found = parseInstanceUrl(value);
	return typeof found === 'string' ? found : undefined;
}

function complainOfDnsName(value: string): string | undefined {
	const found = parseDnsName(value);
	return typeof found === 'string' ? found : undefined;
}

function complainOfResolver(value: string): string | undefined {
	return parseResolver(value) === undefined ? 'expected an address and port such as 10.0.0.2:53' : undefined;
}

function complainOfCommand(value: string): string | undefined {
	const found = value.includes('\0') ? 'expected a command without NUL' : splitWords(value);
	if (typeof found === 'string') return found;
	const variable = /^([A-Za-z_]\w*)=/.exec(found[0] ?? '')?.[1];
	return variable === undefined
		? undefined
		: `expected a command; \`${variable}\` belongs to \`env\`, there is no shell that would set it`;
}
