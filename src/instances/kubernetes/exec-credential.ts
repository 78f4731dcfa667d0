/** Credentials made by a command, as kubectl has them made: `client.authentication.k8s.io`. */
import { execFile } from 'node:child_process';
import { isAbsolute, resolve } from 'node:path';
import { listAt, textAt, valueAt } from '../platform/json-reading.ts';
import { PlatformError } from '../platform/platform-error.ts';
import { wordsOf } from '../platform/rest-client.ts';
import type { Identity } from './access.ts';

/** Made anew so long before they end, ms. */
const SPARE_MS = 60_000;
const LIMIT_MS = 60_000;
const MOST_BYTES = 1024 * 1024;
const GROUP = 'client.authentication.k8s.io';

export interface ExecPlace {
	/** A command with a `/` is seen from it. */
	readonly folder: string;
	/** What the command is told where it asks. */
	readonly cluster: object;
	readonly env: NodeJS.ProcessEnv;
}

export class ExecCredential {
	readonly #spec: unknown;
	readonly #place: ExecPlace;
	readonly #version: string;
	#kept: { identity: Identity; untilMs: number } | null = null;
	#making: Promise<Identity> | null = null;

	/** @param spec what stands under `exec` in a kubeconfig. @throws PlatformError `bad_request` */
	constructor(spec: unknown, place: ExecPlace) {
		this.#version = textAt(spec, 'apiVersion');
		if (![`${GROUP}/v1`, `${GROUP}/v1beta1`].includes(this.#version))
			throw new PlatformError('bad_request', `expected an exec plugin of ${GROUP}/v1 or v1beta1`);
		if (textAt(spec, 'command') === '') throw new PlatformError('bad_request', 'an exec plugin names no command');
		this.#spec = spec;
		this.#place = place;
	}

	/** @param fresh those of before are refused */
	get(fresh: boolean, signal: AbortSignal): Promise<Identity> {
		if (fresh) this.#kept = null;
		if (this.#kept !== null && Date.now() < this.#kept.untilMs) return Promise.resolve(this.#kept.identity);
		// Several requests at a time start one command; it is not ended because one of them gave up.
		this.#making ??= this.#make().finally(() => {
			this.#making = null;
		});
		return orAborted(this.#making, signal);
	}

	async #make(): Promise<Identity> {
		const command = textAt(this.#spec, 'command');
		const { folder, env, cluster } = this.#place;
		const file = command.includes('/') && !isAbsolute(command) ? resolve(folder, command) : command;
		const args = listAt(this.#spec, 'args').filter((arg) => typeof arg === 'string');
		const own = listAt(this.#spec, 'env').map((one) => [textAt(one, 'name'), textAt(one, 'value')]);
		const spec = {
			interactive: false,
			...(valueAt(this.#spec, 'provideClusterInfo') === true ? { cluster } : {}),
		};
		const info = { apiVersion: this.#version, kind: 'ExecCredential', spec };
		const options = { env: { ...env, ...Object.fromEntries(own), KUBERNETES_EXEC_INFO: JSON.stringify(info) } };
		return this.#take(await outputOf({ file, args }, options.env));
	}

	#take(text: string): Identity {
		let said: unknown;
		try {
			said = JSON.parse(text);
		} catch {
			said = null;
		}
		const status = valueAt(said, 'status');
		const [token, cert, key] = ['token', 'clientCertificateData', 'clientKeyData'].map(
			(name) => textAt(status, name) || null,
		) as [string | null, string | null, string | null];
		const whole = token !== null || (cert !== null && key !== null);
		if (textAt(said, 'kind') !== 'ExecCredential' || textAt(said, 'apiVersion') !== this.#version || !whole)
			throw this.#failed(`gave no ExecCredential of ${this.#version} with a token, or a certificate and its key`);
		const endsAt = Date.parse(textAt(status, 'expirationTimestamp'));
		const identity = { token, cert, key };
		this.#kept = { identity, untilMs: Number.isNaN(endsAt) ? Number.POSITIVE_INFINITY : endsAt - SPARE_MS };
		return identity;
	}

	#failed(what: string): PlatformError {
		return new PlatformError('credentials', `the exec plugin \`${textAt(this.#spec, 'command')}\` ${what}`);
	}
}

function outputOf(command: { file: string; args: string[] }, env: NodeJS.ProcessEnv): Promise<string> {
	const { promise, resolve: done, reject } = Promise.withResolvers<string>();
	const child = execFile(
		command.file,
		command.args,
		{ env, timeout: LIMIT_MS, killSignal: 'SIGKILL', maxBuffer: MOST_BYTES, windowsHide: true },
		(error, stdout, stderr) => {
			if (error === null) return done(stdout);
			const words = wordsOf(stderr.replace(/[\w+/=.-]{32,}/g, '[…]'));
			const how =
				typeof error.code === 'number' ? `ended with ${error.code}` : `failed (${error.code ?? error.signal})`;
			const text = `the exec plugin \`${command.file}\` ${how}${words === '' ? '' : `: ${words}`}`;
			reject(new PlatformError('credentials', text));
		},
	);
	child.stdin?.end();
	return promise;
}

function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
	if (signal.aborted) return Promise.reject(new PlatformError('unreachable', 'no credentials came in time'));
	const { promise, reject } = Promise.withResolvers<T>();
	const stop = (): void => reject(new PlatformError('unreachable', 'no credentials came in time'));
	signal.addEventListener('abort', stop, { once: true });
	return Promise.race([work, promise]).finally(() => signal.removeEventListener('abort', stop));
}
