import type { AdminConfig } from '../config/config.ts';
import { AdminListener, type AdminViews } from './admin.ts';
import type { SocketSource } from './listeners.ts';

/** Where the admin listener is; a reload may move it. */
export class AdminPlace {
	readonly #source: SocketSource;
	readonly #views: AdminViews;
	readonly #failed: (text: string) => void;
	#listener: AdminListener | null = null;
	#at: AdminConfig | null = null;

	constructor(source: SocketSource, views: AdminViews, failed: (text: string) => void) {
		this.#source = source;
		this.#views = views;
		this.#failed = failed;
	}

	/** Listens there (null: nowhere). One that cannot be listened on is reported: serving matters more than being watched. */
	async serve(at: AdminConfig | null): Promise<void> {
		if (JSON.stringify(at) === JSON.stringify(this.#at)) return;
		const before = this.#at;
		this.close();
		this.#at = null;
		if (before !== null) await this.#source.unbind(before.host, before.port);
		if (at === null) return;
		try {
			const { port } = await this.#source.bind(at.host, at.port, 1);
			const listener = new AdminListener(this.#views, (error) => this.#failed(error.message));
			listener.listen(await this.#source.socket(at.host, port, 0));
			this.#listener = listener;
			this.#at = { ...at, port };
		} catch (error) {
			const why = error instanceof Error ? error.message : String(error);
			this.#failed(
				`there is no /live, /ready and /metrics: ${why}; name another port with \`admin: { port: N }\`, or switch it off with \`admin: off\``,
			);
		}
	}

	close(): void {
		this.#listener?.close();
		this.#listener = null;
	}
}
