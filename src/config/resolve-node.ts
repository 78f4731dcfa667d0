/** The parts of the configuration that hold for the whole node. */
import { availableParallelism } from 'node:os';
import { parseDuration, parseSize } from '../core/units.ts';
import type { ListenConfig, ListenInput, NodeLimits, TlsConfig } from '../gateway/config.ts';
import { listenAddress, parseListen, parseTrust } from '../gateway/config-syntax.ts';
import type { AdminConfig, Config } from './config.ts';
import type { Path } from './problem.ts';
import type { UserConfig } from './schema.ts';
import type { Scope } from './scope.ts';

type OneListen = Exclude<ListenInput, readonly unknown[]>;
const LOOPBACK = '127.0.0.1';
const MAX_PEM_BYTES = 1_048_576;

export function resolveNode(input: UserConfig, scope: Scope): Omit<Config, 'services'> {
	const { stop } = input;
	const listen = resolveListen(input.listen, scope);
	const admin = resolveAdmin(input.admin);
	checkPorts(listen, admin, scope, input);
	if (admin !== null && !isLoopback(admin.host)) {
		scope.warn(['admin'], `the admin listener can be reached from other machines (${admin.host})`);
	}
	return {
		version: 1,
		listen,
		admin,
		workers: input.workers ?? Math.min(32, Math.max(1, availableParallelism())),
		limits: resolveLimits(input, scope),
		trust: resolveTrust(input.trust),
		stop: { graceMs: parseDuration((typeof stop === 'string' ? stop : stop?.grace) ?? '30s') ?? 30_000 },
	};
}

export function isLoopback(host: string): boolean {
	return host.startsWith('127.') || host === '::1';
}

function resolveListen(input: ListenInput | undefined, scope: Scope): ListenConfig[] {
	if (input === undefined) return [{ host: LOOPBACK, port: 8080, tls: null }];
	if (!Array.isArray(input)) return [oneListener(input as OneListen, scope, ['listen'])];
	return input.map((one, at) => oneListener(one, scope, ['listen', at]));
}

function oneListener(input: OneListen, scope: Scope, path: Path): ListenConfig {
	if (typeof input === 'number') return { host: LOOPBACK, port: input, tls: null };
	if (typeof input === 'string') {
		const found = parseListen(input);
		return { ...(typeof found === 'string' ? { host: LOOPBACK, port: 8080 } : found), tls: null };
	}
	const host = listenAddress(input.host ?? LOOPBACK) ?? LOOPBACK;
	return {
		host,
		port: input.port,
		tls: input.tls === undefined ? null : resolveTls(input.tls, scope, [...path, 'tls']),
	};
}

function resolveTls(input: NonNullable<Extract<OneListen, object>['tls']>, scope: Scope, path: Path): TlsConfig {
	const several = 'certificates' in input;
	const certificates = several ? input.certificates : [input];
	return {
		certificates: certificates.map((one, at) => {
			checkCertificate(one, scope, several ? [...path, 'certificates', at] : path);
			return { cert: scope.file(one.cert), key: scope.file(one.key) };
		}),
		minVersion: (several ? input.minVersion : undefined) ?? 'TLSv1.2',
	};
}

function checkCertificate(files: { cert: string; key: string }, scope: Scope, path: Path): void {
	// Loaded only where there is a certificate: it costs 5 ms.
	const { X509Certificate, createPrivateKey } = process.getBuiltinModule('node:crypto');
	const certText = scope.read(files.cert, [...path, 'cert'], MAX_PEM_BYTES);
	const keyText = scope.read(files.key, [...path, 'key'], MAX_PEM_BYTES);
	const certificate = certText === undefined ? undefined : attempt(() => new X509Certificate(certText));
	const key = keyText === undefined ? undefined : attempt(() => createPrivateKey(keyText));
	if (certText !== undefined && certificate === undefined) {
		scope.problem([...path, 'cert'], 'expected a PEM file with a certificate', { value: files.cert });
	}
	if (keyText !== undefined && key === undefined) {
		const locked = keyText.includes('ENCRYPTED') ? '; it is encrypted' : '';
		scope.problem([...path, 'key'], `expected a PEM file with a private key${locked}`, { value: files.key });
	}
	if (certificate === undefined) return;
	if (key !== undefined && !certificate.checkPrivateKey(key)) {
		scope.problem([...path, 'key'], 'expected the private key of the certificate; it belongs to another one', {
			value: files.key,
		});
	}
	if (certificate.validToDate.getTime() < Date.now()) {
		scope.warn(
			[...path, 'cert'],
			`the certificate is out of date since ${certificate.validToDate.toISOString().slice(0, 10)}`,
			{ value: files.cert },
		);
	}
}

function attempt<T>(make: () => T): T | undefined {
	try {
		return make();
	} catch {
		return undefined;
	}
}

function resolveAdmin(input: UserConfig['admin']): AdminConfig | null {
	if (input === false || input === 'off') return null;
	if (typeof input === 'number') return { host: LOOPBACK, port: input };
	if (typeof input === 'string') {
		const found = parseListen(input);
		return typeof found === 'string' ? null : found;
	}
	return { host: listenAddress(input?.host ?? LOOPBACK) ?? LOOPBACK, port: input?.port ?? 9900 };
}

const ANY = ['0.0.0.0', '::'];

/** Two listeners clash on one port when their addresses are the same or one of them is all addresses. */
function checkPorts(listen: readonly ListenConfig[], admin: AdminConfig | null, scope: Scope, input: UserConfig): void {
	const taken: { host: string; port: number; name: string; path: Path }[] = [];
	const several = Array.isArray(input.listen);
	const all = listen.map((one, at) => ({
		...one,
		name: several ? `listen[${at}]` : 'listen',
		path: several ? ['listen', at] : ['listen'],
	}));
	const last = admin === null ? [] : [{ ...admin, name: 'admin', path: ['admin'] }];
	for (const { host, port, name, path } of [...all, ...last]) {
		const clash = taken.find(
			(one) => one.port === port && (one.host === host || ANY.includes(one.host) || ANY.includes(host)),
		);
		if (clash !== undefined && port !== 0) {
			const message = `expected a port of its own; ${clash.name} listens on ${clash.host}:${port} already`;
			// A default that clashes is told at what was written.
			const where = name === 'admin' && input.admin === undefined ? clash.path : path;
			const text =
				where === path
					? message
					: `expected another port than ${port}, where the admin listener is; move it with \`admin\``;
			scope.problem(where, text, { value: port, related: [clash.path] });
		}
		taken.push({ host, port, name, path });
	}
}

function resolveLimits(input: UserConfig, scope: Scope): NodeLimits {
	const { limits } = input;
	const time = (text: string | undefined, otherwise: number) =>
		text === undefined ? otherwise : (parseDuration(text) ?? otherwise);
	const bytes = (text: string | undefined, otherwise: number) =>
		text === undefined ? otherwise : (parseSize(text) ?? otherwise);
	const headBytes = bytes(limits?.head?.size, 16_384);
	const targetBytes = bytes(limits?.target, Math.min(8192, headBytes));
	if (targetBytes > headBytes) {
		const message = `expected at most the size of the head, ${headBytes}B; the target is a part of it`;
		scope.problem(['limits', 'target'], message, { value: limits?.target, related: [['limits', 'head']] });
	}
	return {
		headMs: time(limits?.head?.time, 10_000),
		headBytes,
		headFields: limits?.head?.fields ?? 100,
		targetBytes,
		keepAliveMs: time(limits?.keepAlive, 65_000),
		connections: limits?.connections ?? 10_000,
		connectionsPerAddress: limits?.connectionsPerAddress ?? 1000,
		underscores: input.underscores ?? 'drop',
	};
}

function resolveTrust(input: UserConfig['trust']): string[] {
	const all = input === undefined ? [] : typeof input === 'string' ? [input] : input;
	return [...new Set(all.flatMap((one) => parseTrust(one)))];
}
