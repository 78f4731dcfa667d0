/** Tokens of Azure: `DefaultAzureCredential` finds them (environment, workload identity, managed identity, CLI). */
import { importPeer } from '../platform/optional-peer.ts';
import { PlatformError } from '../platform/platform-error.ts';
import { type TokenSource, wordsOf } from '../platform/rest-client.ts';
import { AZURE_ENDPOINT } from './endpoint.ts';

interface Credential {
	getToken(scope: string): Promise<{ token: string; expiresOnTimestamp: number } | null>;
}

interface Identity {
	DefaultAzureCredential: new () => Credential;
}

/** A token that ends sooner than this is not used any more. */
const SPARE_MS = 120_000;

export class AzureTokens implements TokenSource {
	readonly #scope: string;
	#kept: { token: string; endsAt: number } | null = null;
	#credential: Credential | null = null;

	constructor(endpoint: string) {
		// Each of Microsoft's clouds takes tokens for its own management address; what stands before one is no audience.
		const { hostname, origin } = new URL(endpoint);
		this.#scope = `${hostname.startsWith('management.') ? origin : AZURE_ENDPOINT}/.default`;
	}

	async token(fresh: boolean): Promise<string> {
		if (!fresh && this.#kept !== null && this.#kept.endsAt - Date.now() > SPARE_MS) return this.#kept.token;
		if (this.#credential === null || fresh) {
			const identity = await importPeer<Identity>('@azure/identity', 'getting tokens of Azure');
			// A credential keeps its tokens: one that is refused goes only with it. Those of managed identities the
			// library keeps for the process, until shortly before their end.
			this.#credential = new identity.DefaultAzureCredential();
		}
		const found = await this.#credential.getToken(this.#scope).catch((cause: unknown) => {
			throw new PlatformError('credentials', `no token of Azure: ${wordsOf((cause as Error).message)}`);
		});
		if (found === null) throw new PlatformError('credentials', 'no credentials of Azure are there');
		this.#kept = { token: found.token, endsAt: found.expiresOnTimestamp };
		return found.token;
	}
}
