import { readFile, stat } from 'node:fs/promises';
import tls from 'node:tls';
import { BallastError } from '../core/errors.ts';
import type { TlsConfig } from '../gateway/config.ts';
import type { CertificateText } from '../gateway/listener.ts';

const LOOK_MS = 2000;

/** Reads certificates and keys and tries them out together. @throws BallastError `config_invalid` */
export async function readCertificates(config: TlsConfig): Promise<CertificateText[]> {
	return Promise.all(
		config.certificates.map(async ({ cert, key }) => {
			try {
				const text = { cert: await readFile(cert, 'utf8'), key: await readFile(key, 'utf8') };
				tls.createSecureContext(text);
				return text;
			} catch (error) {
				// The message of the library names no secret; the key's text is never part of it.
				const why = error instanceof Error ? error.message : String(error);
				throw new BallastError('config_invalid', `certificate ${cert} with key ${key} cannot be used: ${why}`);
			}
		}),
	);
}

/** Looks after certificate files: `changed` is called when one of them has another content, once the whole set is usable. */
export class CertificateWatch {
	readonly #config: TlsConfig;
	readonly #changed: (certificates: CertificateText[]) => void;
	readonly #failed: (why: string) => void;
	readonly #timer: NodeJS.Timeout;
	#stamp = '';

	constructor(config: TlsConfig, changed: (certificates: CertificateText[]) => void, failed: (why: string) => void) {
		this.#config = config;
		this.#changed = changed;
		this.#failed = failed;
		this.#timer = setInterval(() => void this.#look(), LOOK_MS);
		this.#timer.unref();
		void this.#stampNow().then((stamp) => {
			this.#stamp = stamp;
		});
	}

	async #stampNow(): Promise<string> {
		const files = this.#config.certificates.flatMap(({ cert, key }) => [cert, key]);
		const stamps = await Promise.all(
			files.map((file) =>
				stat(file).then(
					({ mtimeMs, size, ino }) => `${ino}:${mtimeMs}:${size}`,
					() => 'missing',
				),
			),
		);
		return stamps.join(' ');
	}

	async #look(): Promise<void> {
		const stamp = await this.#stampNow();
		if (this.#stamp === '' || stamp === this.#stamp) return;
		this.#stamp = stamp;
		try {
			this.#changed(await readCertificates(this.#config));
		} catch (error) {
			this.#failed(error instanceof Error ? error.message : String(error));
		}
	}

	stop(): void {
		clearInterval(this.#timer);
	}
}
