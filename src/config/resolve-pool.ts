/** A service's pool: its instances, how many, how they are probed, chosen and connected to. */
import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import { type BalanceConfig, type BalanceInput, parseHashKey } from '../balancing/config.ts';
import { parseDuration } from '../core/units.ts';
import type { UpstreamConfig, UpstreamInput, UpstreamTls } from '../gateway/config.ts';
import {
	type InstancesConfig,
	type InstancesInput,
	parseDnsName,
	parseInstanceUrl,
	parseResolver,
	type RunConfig,
	splitWords,
	type UrlInstance,
} from '../instances/config.ts';
import { namesSecret } from './problem.ts';
import { resolveAws } from './resolve-aws.ts';
import { resolveAzure } from './resolve-azure.ts';
import { resolveGcp } from './resolve-gcp.ts';
import type { Place } from './scope.ts';

const ms = (text: string | undefined, otherwise: number) =>
	text === undefined ? otherwise : (parseDuration(text) ?? otherwise);

type RunInput = Extract<InstancesInput, { run: unknown }>;
type UrlsInput = Extract<InstancesInput, { urls: unknown }>['urls'];

export function resolveInstances(input: InstancesInput | undefined, place: Place): InstancesConfig | null {
	if (input === undefined) return null;
	if (typeof input === 'string' || Array.isArray(input))
		return { kind: 'urls', urls: resolveUrls(input as UrlsInput, place) };
	if ('urls' in input) return { kind: 'urls', urls: resolveUrls(input.urls, place.at('urls')) };
	if ('run' in input) return resolveRun(input, place);
	if ('azure' in input) return resolveAzure(input, place);
	if ('gcp' in input) return resolveGcp(input, place);
	if ('aws' in input) return resolveAws(input, place);
	const found = parseDnsName(input.dns);
	return {
		kind: 'dns',
		...(typeof found === 'string' ? { name: input.dns, port: 80, tls: false } : found),
		resolveMs: ms(input.resolve, 5000),
		family: input.family ?? 'any',
		resolver: input.resolver === undefined ? null : (parseResolver(input.resolver) ?? null),
	};
}

function resolveUrls(input: UrlsInput, place: Place): UrlInstance[] {
	const all = typeof input === 'string' ? [input] : input;
	const seen = new Map<string, number>();
	const urls: UrlInstance[] = [];
	for (const [at, one] of all.entries()) {
		const text = typeof one === 'string' ? one : one.url;
		const found = parseInstanceUrl(text);
		if (typeof found === 'string') continue;
		const name = `${found.host}:${found.port}`;
		const earlier = seen.get(name);
		if (earlier !== undefined) {
			place
				.at(at)
				.problem(`expected each instance once; element ${earlier} is ${name} too. Use \`weight\` for a larger share`, {
					value: text,
				});
		}
		seen.set(name, at);
		urls.push({ ...found, weight: typeof one === 'string' ? 1 : (one.weight ?? 1) });
	}
	return urls;
}

/** Ballast sets them itself for each instance. */
const OWN_VARIABLES = ['PORT', 'BALLAST_INSTANCE'];

function resolveRun(input: RunInput, place: Place): RunConfig {
	const words = typeof input.run === 'string' ? splitWords(input.run) : input.run;
	const cwd = input.cwd === undefined ? dirname(place.scope.source.file) : place.scope.file(input.cwd);
	if (statSync(cwd, { throwIfNoEntry: false })?.isDirectory() !== true) {
		place.at('cwd').problem(`expected a folder that is there; ${cwd} is none`, { value: input.cwd });
	}
	const env: Record<string, string> = {};
	const secretEnv: string[] = [];
	for (const [name, value] of Object.entries(input.env ?? {})) {
		const at = place.at('env', name);
		if (!/^[^=\0\s]+$/.test(name)) at.problem('expected the name of an environment variable', { at: 'key' });
		if (OWN_VARIABLES.includes(name))
			at.problem(`expected another name; Ballast gives each instance a ${name} of its own`, { at: 'key' });
		const text = typeof value === 'object' ? at.secret(value) : String(value);
		if (text === undefined) continue;
		env[name] = text;
		if (typeof value === 'object') secretEnv.push(name);
		else if (namesSecret(name) && text !== '')
			at.warn(`a secret stands in the file; write \`${name}: { env: ${name} }\` or \`{ file: … }\``);
	}
	const config: RunConfig = {
		kind: 'run',
		command: typeof words === 'string' ? [words] : words,
		cwd,
		env,
		secretEnv,
		user: input.user ?? null,
		graceMs: ms(input.grace, 30_000),
		startMs: ms(input.start, 60_000),
		portEnv: 'PORT',
	};
	warnOfMissing(config, place);
	return config;
}

/** Warnings only: the machine that checks may not be the one that runs it. */
function warnOfMissing(config: RunConfig, place: Place): void {
	const { lookUp, env } = place.scope.report;
	if (lookUp === null) return;
	const why = place.at('run').isCut() || place.at('cwd').isCut() ? null : lookUp.missingProgram(config, env);
	if (why !== null)
		place.at('run').warn(`this could not be started on this machine: ${why}`, { value: config.command.join(' ') });
	if (config.user !== null && !lookUp.userExists(config.user))
		place.at('user').warn('there is no such user on this machine', { value: config.user });
}

const longBalance = (input: BalanceInput) => (typeof input === 'string' ? { by: input } : input);

/** What contradicts itself in a `balance`. */
export function checkBalance(input: BalanceInput | undefined, place: Place): void {
	if (input === undefined) return;
	const long: Exclude<BalanceInput, string> = longBalance(input);
	const by = long.by ?? 'least-connections';
	if (by === 'consistent-hash' && long.key === undefined) {
		const message = 'missing; `consistent-hash` needs a key: header:NAME, cookie:NAME, query:NAME or address';
		place.at('key').problem(message, { at: 'key', related: [place.path] });
	}
	const only = { key: 'consistent-hash', loadFactor: 'consistent-hash', cookie: 'cookie' } as const;
	for (const key of ['key', 'loadFactor', 'cookie'] as const) {
		if (long[key] === undefined || by === only[key]) continue;
		const message = `expected nothing here: \`${key}\` is for \`by: ${only[key]}\`, not for ${by}`;
		place.at(key).problem(message, { at: 'key', related: [place.at('by').path] });
	}
}

/** How an instance is chosen. */
export function resolveBalance(input: BalanceInput | undefined): BalanceConfig {
	const long: Exclude<BalanceInput, string> = longBalance(input ?? {});
	const by = long.by ?? 'least-connections';
	const cookie = typeof long.cookie === 'string' ? { name: long.cookie } : (long.cookie ?? {});
	const ttl = 'ttl' in cookie ? cookie.ttl : undefined;
	return {
		by,
		key: by === 'consistent-hash' && long.key !== undefined ? (parseHashKey(long.key) ?? null) : null,
		loadFactor: (by === 'consistent-hash' ? long.loadFactor : undefined) ?? 1.25,
		cookie: by === 'cookie' ? { name: cookie.name ?? 'ballast', ttlMs: ttl === undefined ? null : ms(ttl, 0) } : null,
	};
}

/** Connections to instances: one layer of it, over what is there already. */
export function layUpstream(base: UpstreamConfig, input: UpstreamInput | undefined, place: Place): UpstreamConfig {
	if (input === undefined) return base;
	return {
		connections: input.connections ?? base.connections,
		idleMs: ms(input.idle, base.idleMs),
		tls: input.tls === undefined ? base.tls : layTls(base.tls ?? DEFAULT_TLS, input.tls, place.at('tls')),
	};
}

export const DEFAULT_UPSTREAM: UpstreamConfig = { connections: 256, idleMs: 4000, tls: null };
export const DEFAULT_TLS: UpstreamTls = { ca: null, serverName: null, verify: true };

function layTls(base: UpstreamTls, input: NonNullable<UpstreamInput['tls']>, place: Place): UpstreamTls {
	if (input.verify === false)
		place
			.at('verify')
			.warn('certificates of instances are not checked: anybody in between can read and change what is sent');
	if (input.ca !== undefined) {
		const text = place.at('ca').read(input.ca, 4_194_304);
		if (text !== undefined && !text.includes('-----BEGIN CERTIFICATE-----')) {
			place.at('ca').problem('expected a PEM file with certificates', { value: input.ca });
		}
	}
	return {
		ca: input.ca === undefined ? base.ca : place.scope.file(input.ca),
		serverName: input.serverName?.toLowerCase() ?? base.serverName,
		verify: input.verify ?? base.verify,
	};
}
