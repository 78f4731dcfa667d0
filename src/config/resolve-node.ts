/** The parts of the configuration that hold for the whole node. */
import { availableParallelism } from 'node:os';
import { parseDuration, parseSize } from '../core/units.ts';
import type { ListenConfig, ListenInput, TlsConfig } from '../gateway/config.ts';
import { listenAddress, parseListen } from '../gateway/config-syntax.ts';
import type { StoreConfig, StoreInput } from '../store/config.ts';
import type { AdminConfig, Config } from './config.ts';
import { isLoopback } from './loopback.ts';
import { resolveNodeCache } from './resolve-cache.ts';
import { resolveLogs } from './resolve-logs.ts';
import { resolveMetrics } from './resolve-metrics.ts';
import { resolveJobs } from './resolve-offload.ts';
import { resolveOverload } from './resolve-overload.ts';
import { resolvePurge } from './resolve-purge.ts';
import { resolveState } from './resolve-state.ts';
import { resolveExports, resolveReceive, resolveTraces } from './resolve-telemetry.ts';
import { resolveTrust } from './resolve-trust.ts';
import type { UserConfig } from './schema.ts';
import type { Place } from './scope.ts';

type OneListen = Exclude<ListenInput, readonly unknown[]>;
const LOOPBACK = '127.0.0.1';
const MAX_PEM_BYTES = 1_048_576;

/** `place`: the top of the main file. */
export function resolveNode(
	input: UserConfig,
	place: Place,
): Omit<Config, 'services' | 'alerts' | 'channels' | 'heartbeat'> {
	const { stop } = input;
	const listen = resolveListen(input.listen, place.at('listen'));
	const admin = resolveAdmin(input.admin);
	checkPorts({ listen, admin }, input, place);
	if (admin !== null && !isLoopback(admin.host)) {
		place.at('admin').warn(`the admin listener can be reached from other machines (${admin.host})`);
	}
	const state = resolveState(input.state, place.at('state'));
	return {
		version: 1,
		listen,
		admin,
		workers: input.workers ?? Math.min(32, Math.max(1, availableParallelism())),
		limits: resolveLimits(input, place.at('limits')),
		trust: resolveTrust(input, place.at('trust')),
		cdnLoop: input.cdnLoop?.toLowerCase() ?? null,
		purge: resolvePurge(input.purge ?? {}, place.at('purge')),
		store: resolveStore(input.store, place),
		traces: resolveTraces(input.traces),
		exports: resolveExports(input.export, place.at('export')),
		receive: resolveReceive(input.receive, place.at('receive')),
		metrics: resolveMetrics(input.metrics, place.at('metrics')),
		cache: resolveNodeCache(input.cache, place.at('cache'), {
			keeps: input.store !== 'off' && input.store !== false,
			shared: input.state?.redis !== undefined,
		}),
		state,
		jobs: resolveJobs(input.jobs, place.at('jobs'), state),
		stop: { graceMs: parseDuration((typeof stop === 'string' ? stop : stop?.grace) ?? '30s') ?? 30_000 },
		logs: resolveLogs(input.logs, place.at('logs')),
	};
}

/** null: off. */
function resolveStore(input: StoreInput | undefined, place: Place): StoreConfig | null {
	if (input === 'off' || input === false) return null;
	const folder = typeof input === 'string' ? input : input?.folder;
	return { folder: folder === undefined ? null : place.scope.file(folder) };
}

function resolveListen(input: ListenInput | undefined, place: Place): ListenConfig[] {
	if (input === undefined) return [{ host: LOOPBACK, port: 8080, tls: null }];
	if (!Array.isArray(input)) return [oneListener(input as OneListen, place)];
	return input.map((one, at) => oneListener(one, place.at(at)));
}

function oneListener(input: OneListen, place: Place): ListenConfig {
	if (typeof input === 'number') return { host: LOOPBACK, port: input, tls: null };
	if (typeof input === 'string') {
		const found = parseListen(input);
		return { ...(typeof found === 'string' ? { host: LOOPBACK, port: 8080 } : found), tls: null };
	}
	const host = listenAddress(input.host ?? LOOPBACK) ?? LOOPBACK;
	return {
		host,
		port: input.port,
		tls: input.tls === undefined ? null : resolveTls(input.tls, place.at('tls')),
	};
}

function resolveTls(input: NonNullable<Extract<OneListen, object>['tls']>, place: Place): TlsConfig {
	const several = 'certificates' in input;
	const certificates = several ? input.certificates : [input];
	return {
		certificates: certificates.map((one, at) => {
			checkCertificate(one, several ? place.at('certificates', at) : place);
			return { cert: place.scope.file(one.cert), key: place.scope.file(one.key) };
		}),
		minVersion: (several ? input.minVersion : undefined) ?? 'TLSv1.2',
	};
}

function checkCertificate(files: { cert: string; key: string }, place: Place): void {
	// Loaded only where there is a certificate: it costs 5 ms.
	const { X509Certificate, createPrivateKey } = process.getBuiltinModule('node:crypto');
	const certText = place.at('cert').read(files.cert, MAX_PEM_BYTES);
	const keyText = place.at('key').read(files.key, MAX_PEM_BYTES);
	const certificate = certText === undefined ? undefined : attempt(() => new X509Certificate(certText));
	const key = keyText === undefined ? undefined : attempt(() => createPrivateKey(keyText));
	if (certText !== undefined && certificate === undefined) {
		place.at('cert').problem('expected a PEM file with a certificate', { value: files.cert });
	}
	if (keyText !== undefined && key === undefined) {
		const locked = keyText.includes('ENCRYPTED') ? '; it is encrypted' : '';
		place.at('key').problem(`expected a PEM file with a private key${locked}`, { value: files.key });
	}
	if (certificate === undefined) return;
	if (key !== undefined && !certificate.checkPrivateKey(key)) {
		place.at('key').problem('expected the private key of the certificate; it belongs to another one', {
			value: files.key,
		});
	}
	if (certificate.validToDate.getTime() < Date.now()) {
		place
			.at('cert')
			.warn(`the certificate is out of date since ${certificate.validToDate.toISOString().slice(0, 10)}`, {
				value: files.cert,
			});
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
function checkPorts({ listen, admin }: Pick<Config, 'listen' | 'admin'>, input: UserConfig, top: Place): void {
	const taken: { host: string; port: number; name: string; place: Place }[] = [];
	const several = Array.isArray(input.listen);
	const all = listen.map((one, at) => ({
		...one,
		name: several ? `listen[${at}]` : 'listen',
		place: several ? top.at('listen', at) : top.at('listen'),
	}));
	const last = admin === null ? [] : [{ ...admin, name: 'admin', place: top.at('admin') }];
	for (const { host, port, name, place } of [...all, ...last]) {
		const clash = taken.find(
			(one) => one.port === port && (one.host === host || ANY.includes(one.host) || ANY.includes(host)),
		);
		if (clash !== undefined && port !== 0) {
			const message = `expected a port of its own; ${clash.name} listens on ${clash.host}:${port} already`;
			// A default that clashes is told at what was written.
			const where = name === 'admin' && input.admin === undefined ? clash.place : place;
			const text =
				where === place
					? message
					: `expected another port than ${port}, where the admin listener is; move it with \`admin\``;
			where.problem(text, { value: port, related: [clash.place.path] });
		}
		taken.push({ host, port, name, place });
	}
}

function resolveLimits(input: UserConfig, place: Place): Config['limits'] {
	const { limits } = input;
	const time = (text: string | undefined, otherwise: number) =>
		text === undefined ? otherwise : (parseDuration(text) ?? otherwise);
	const bytes = (text: string | undefined, otherwise: number) =>
		text === undefined ? otherwise : (parseSize(text) ?? otherwise);
	const headBytes = bytes(limits?.head?.size, 16_384);
	const targetBytes = bytes(limits?.target, Math.min(8192, headBytes));
	if (targetBytes > headBytes) {
		const message = `expected at most the size of the head, ${headBytes}B; the target is a part of it`;
		place.at('target').problem(message, { value: limits?.target, related: [place.at('head').path] });
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
		holdRequests: limits?.hold?.requests ?? 1000,
		holdBytes: bytes(limits?.hold?.size, 16_777_216),
		overload: resolveOverload(limits?.overload),
	};
}
